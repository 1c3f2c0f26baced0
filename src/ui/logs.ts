import { CommandError } from '../cli/cluster/failure.ts';
import { createLogFinder, type LogSource } from '../cli/cluster/find-logs.ts';
import { type Cluster as Api, isApiFailure } from '../cli/cluster/port.ts';
import { explainFailure } from '../cli/cluster/read-logs.ts';
import { displayText } from '../dag/display.ts';
import type { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import { type KubectlContext, logsCommand } from './command.ts';
import type { LogQuery } from './page/protocol.ts';
import type { Frames } from './sse.ts';

const DEFAULT_TAIL = 1_000;
/** How often to look for pods that are not there yet. */
const LOOK_MS = 2_000;
/** Lines are sent together after this delay, or as soon as this many have arrived. */
const GATHER = { delayMs: 50, lines: 500 } as const;
/** The most bytes that wait for a page. If the page reads slowly, so does the server, and no line is dropped. */
const MOST_UNREAD = 1024 * 1024;
/** The most logs that are read at once. A step has one log, or a few if its inner run has several steps. */
const MOST_SOURCES = 20;

export interface LogOptions {
  readonly api: Api;
  readonly kubectl: KubectlContext;
  readonly frames: Pick<Frames, 'send' | 'untilRead' | 'end'>;
  readonly schedule: (delayMs: number, callback: () => void) => () => void;
  /** Aborted when the page stops reading. */
  readonly signal: AbortSignal;
}

/** Sends the logs of a step until its containers end, or the page stops reading. A failure is sent as a sentence. */
export async function sendLogs(query: LogQuery, options: LogOptions): Promise<void> {
  const { frames, signal } = options;
  try {
    const sentence = await followStep(query, options);
    frames.send({ type: 'End', ...(sentence !== undefined && { sentence }) });
  } catch (error) {
    if (!signal.aborted) frames.send({ type: 'End', sentence: describe(error) });
  } finally {
    frames.end();
  }
}

/** Describes a failure in a sentence. Throws every other error, because it is a bug. */
function describe(error: unknown): string {
  if (error instanceof CommandError) return close(error.message);
  if (!isApiFailure(error)) throw error;
  return close(explainFailure(error));
}

/** Follows the logs of a step, including those of later pods. Returns the reason if there are no logs. */
async function followStep({ run, step, attempt, tail }: LogQuery, options: LogOptions): Promise<string | undefined> {
  const { api, frames, signal } = options;
  const wanted = attempt === undefined ? undefined : Number(attempt);
  const look = createLogFinder(api, { run, step, attempt: wanted });
  const follow = createFollower(Number(tail ?? DEFAULT_TAIL), options);
  const said = new Set<string>();
  while (!signal.aborted) {
    const found = await look();
    for (const source of found.sources) follow.start(source);
    const lacks = found.lacks.map(({ sentence }) => close(sentence));
    if (found.isOver) {
      await follow.ended();
      return follow.count() > 0 ? undefined : lacks.join(' ');
    }
    for (const sentence of lacks.filter((one) => !said.has(one))) {
      said.add(sentence);
      frames.send({ type: 'Note', sentence });
    }
    await wait(options);
  }
  return undefined;
}

/** Follows logs side by side. A log that fails does not stop the others. */
function createFollower(tailLines: number, options: LogOptions) {
  const started = new Set<string>();
  const streams: Promise<void>[] = [];
  const note = (sentence: string) => options.frames.send({ type: 'Note', sentence });
  return {
    count: () => started.size,
    ended: () => Promise.all(streams),
    start: (source: LogSource): void => {
      const key = `${source.pod}/${source.container}`;
      if (started.has(key)) return;
      if (started.size === MOST_SOURCES) {
        note(`Only ${MOST_SOURCES} logs are shown at once.`);
        return;
      }
      const stream = followSource(source, started.size, tailLines, options).catch((error: unknown) => {
        if (!options.signal.aborted) note(`Pod ${source.pod}: ${describe(error)}`);
      });
      started.add(key);
      streams.push(stream);
    },
  };
}

async function followSource(
  { namespace, pod, container }: LogSource,
  source: number,
  tailLines: number,
  { api, kubectl, frames, schedule, signal }: LogOptions,
): Promise<void> {
  const command = logsCommand({ namespace, pod, container }, kubectl);
  frames.send({ type: 'Source', source, pod, container, command });
  let lines: string[] = [];
  let cancel: (() => void) | undefined;
  const flush = () => {
    cancel?.();
    cancel = undefined;
    if (lines.length > 0) frames.send({ type: 'Lines', source, lines });
    lines = [];
  };
  const onTrouble = (reason: KubeErrorReason) =>
    frames.send({ type: 'Note', sentence: `The log of pod ${pod} is interrupted (${reason}); trying again.` });
  try {
    for await (const line of api.followLog(namespace, pod, container, { follow: true, tailLines, signal, onTrouble })) {
      lines.push(line);
      cancel ??= schedule(GATHER.delayMs, flush);
      if (lines.length < GATHER.lines) continue;
      flush();
      await frames.untilRead(MOST_UNREAD);
    }
  } finally {
    flush();
  }
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
  });
}

/** Turns a clause into a printable sentence. */
function close(clause: string): string {
  const text = displayText(clause);
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.?!)]$/.test(text) ? '' : '.'}`;
}
