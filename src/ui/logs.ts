import { type Cluster as Api, isApiFailure } from '../cli/cluster/port.ts';
import { readRun } from '../cli/cluster/run.ts';
import { displayText, quoteName } from '../dag/display.ts';
import type { KubeObject } from '../objects/object.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import { isStepFinal, type StepStatus } from '../orchestration/run-status.ts';
import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import { nameChild } from '../reconciler/names.ts';
import type { Cluster } from './cluster.ts';
import { type KubectlContext, logsCommand } from './command.ts';
import type { LogQuery } from './page/protocol.ts';
import { type Container, hasPods, listContainers, selectPods } from './pods.ts';
import type { Frames } from './sse.ts';

const DEFAULT_TAIL = 1_000;
/** How often to look for what is being waited for. */
const LOOK_MS = 2_000;
/** Lines are sent together after this delay, or as soon as there are so many. */
const GATHER = { delayMs: 50, lines: 500 } as const;
/** A page that reads slowly slows down the reading of the log, and no line is dropped. */
const MOST_UNREAD = 1024 * 1024;

export interface LogOptions {
  readonly cluster: Pick<Cluster, 'read'>;
  readonly api: Pick<Api, 'namespace' | 'getChild' | 'listPods' | 'followLog'>;
  readonly kubectl: KubectlContext;
  readonly frames: Pick<Frames, 'send' | 'untilRead' | 'body'>;
  readonly schedule: (delayMs: number, callback: () => void) => () => void;
  /** Aborted when the page stops reading. */
  readonly signal: AbortSignal;
}

/** Sends the logs of a step until its containers end, or the page stops reading. What goes wrong is sent as a sentence. */
export async function sendLogs(query: LogQuery, options: LogOptions): Promise<void> {
  const { frames, signal } = options;
  try {
    const sentence = await followStep(query, options);
    frames.send({ type: 'End', ...(sentence !== undefined && { sentence }) });
  } catch (error) {
    if (!isApiFailure(error)) throw error;
    if (!signal.aborted) frames.send({ type: 'End', sentence: describeFailure(error.reason, error.message) });
  } finally {
    if (!frames.body.destroyed) frames.body.push(null);
  }
}

function describeFailure(reason: KubeErrorReason, message: string): string {
  return reason === KubeErrorReason.Forbidden ? `You may not read these logs. (${message})` : displayText(message);
}

/** Follows the containers of a step, those of later pods too. Returns why there are no more lines, if that needs words. */
async function followStep(query: LogQuery, options: LogOptions): Promise<string | undefined> {
  const note = createNotes((sentence) => options.frames.send({ type: 'Note', sentence }));
  const followed = new Set<string>();
  while (!options.signal.aborted) {
    const found = await findChild(query, options);
    if ('sentence' in found) return found.sentence;
    const subject = `${found.child.kind} ${found.child.metadata.name}`;
    const fresh = (await findContainers(found.child, options)).filter((one) => !followed.has(keyOf(one)));
    const ready = fresh.filter(({ waits }) => waits === undefined);
    if (ready.length > 0) {
      const first = followed.size;
      for (const container of ready) followed.add(keyOf(container));
      await Promise.all(ready.map((container, at) => followContainer(container, first + at, query, options)));
      continue;
    }
    if (followed.size > 0 && (found.isOver || fresh.length === 0)) return undefined;
    if (found.isOver) return `The pods of ${subject} are gone, and their logs with them.`;
    for (const sentence of fresh.length === 0 ? [`${subject} has no pod yet.`] : fresh.map(describeWait))
      note(sentence);
    await wait(options);
  }
  return undefined;
}

async function findContainers(child: KubeObject, { api }: LogOptions): Promise<readonly Container[]> {
  const selector = selectPods(child);
  return selector === undefined ? [] : (await api.listPods(api.namespace, selector)).flatMap(listContainers);
}

function describeWait({ pod, name, waits = '' }: Container): string {
  return `Container ${quoteName(name)} of pod ${pod} has not started: ${displayText(waits)}.`;
}

/** The child of the wanted attempt, and whether that attempt is over; or a sentence on why it has none. */
async function findChild(
  { run: name, step, attempt }: LogQuery,
  { cluster, api }: LogOptions,
): Promise<{ readonly child: KubeObject; readonly isOver: boolean } | { readonly sentence: string }> {
  const run = await cluster.read({ kind: 'OrchestrationRun', name });
  if (run === undefined) return { sentence: `There is no run ${quoteName(name)} any more.` };
  const status = readRun(run).status.stepStatuses.find((one) => one.name === step);
  const wanted = Number(attempt ?? status?.attempt ?? 0);
  const absence = explainAbsence(step, status, wanted);
  if (absence !== undefined || status === undefined) return { sentence: absence ?? '' };
  const kind = stepKinds.get(status.kind);
  if (kind?.type !== 'Child') return { sentence: `Step ${quoteName(step)} creates no object.` };
  const { uid = '' } = run.metadata;
  const childName = nameChild({ name, uid }, step, wanted);
  const isOver = isStepFinal(status) || wanted < status.attempt;
  try {
    return { child: await api.getChild({ kind: kind.kind, namespace: api.namespace, name: childName }), isOver };
  } catch (error) {
    if (!isApiFailure(error) || error.reason !== KubeErrorReason.NotFound) throw error;
    return { sentence: `${kind.kind} ${childName} is gone, and its logs with it.` };
  }
}

function explainAbsence(step: string, status: StepStatus | undefined, wanted: number): string | undefined {
  const subject = `Step ${quoteName(step)}`;
  if (status === undefined) return `The run has no step ${quoteName(step)}.`;
  if (!hasPods(status.kind)) return `${subject} is of kind ${status.kind}, which has no logs.`;
  if (status.attempt === 0) return `${subject} has not started.`;
  return wanted < 1 || wanted > status.attempt ? `${subject} has had ${status.attempt} attempts.` : undefined;
}

async function followContainer({ pod, name }: Container, source: number, { tail }: LogQuery, options: LogOptions) {
  const { api, kubectl, frames, schedule, signal } = options;
  const { namespace } = api;
  frames.send({
    type: 'Source',
    source,
    pod,
    container: name,
    command: logsCommand({ namespace, pod, container: name }, kubectl),
  });
  let lines: string[] = [];
  let cancel: (() => void) | undefined;
  const flush = () => {
    cancel?.();
    cancel = undefined;
    if (lines.length > 0) frames.send({ type: 'Lines', source, lines });
    lines = [];
  };
  const onTrouble = () =>
    frames.send({ type: 'Note', sentence: `The log of pod ${pod} is interrupted; trying again.` });
  try {
    const choice = { follow: true, tailLines: Number(tail ?? DEFAULT_TAIL), signal, onTrouble };
    for await (const line of api.followLog(namespace, pod, name, choice)) {
      lines.push(line);
      cancel ??= schedule(GATHER.delayMs, flush);
      if (lines.length < GATHER.lines) continue;
      flush();
      await frames.untilRead(MOST_UNREAD);
    }
  } catch (error) {
    if (!isApiFailure(error)) throw error;
    if (!signal.aborted)
      frames.send({ type: 'Note', sentence: `Pod ${pod}: ${describeFailure(error.reason, error.message)}` });
  } finally {
    flush();
  }
}

/** Creates a function that says the same only once. */
function createNotes(say: (sentence: string) => void): (sentence: string) => void {
  const said = new Set<string>();
  return (sentence) => {
    if (said.has(sentence)) return;
    said.add(sentence);
    say(sentence);
  };
}

function wait({ schedule, signal }: LogOptions): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = schedule(LOOK_MS, end);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}

function keyOf({ pod, name }: Container): string {
  return `${pod}/${name}`;
}
