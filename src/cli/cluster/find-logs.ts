import { displayCount, displayObject, displayText, quoteName } from '../../dag/display.ts';
import type { KubeObject } from '../../objects/object.ts';
import { asRecord } from '../../orchestration/decode.ts';
import type { ChildKind } from '../../orchestration/kinds/kind.ts';
import { stepKinds } from '../../orchestration/kinds/table.ts';
import { isStepFinal, type StepStatus } from '../../orchestration/run-status.ts';
import { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';
import { Label } from '../../orchestration/vocabulary/metadata.ts';
import { nameChild } from '../../reconciler/names.ts';
import { guess } from '../arguments.ts';
import { CommandError, readExisting } from './failure.ts';
import { readPod } from './log-pods.ts';
import { type Cluster, isApiFailure } from './port.ts';
import { hasEnded, isIdleTemplate, type Run, readRun } from './run.ts';

/** Whose logs are wanted. */
export interface LogQuestion {
  readonly run: string;
  /** Only of this step; `outer/inner` is a step of the inner run of a step. */
  readonly step: string | undefined;
  /** Only of this attempt. The default is the current one, and each later one. */
  readonly attempt: number | undefined;
}

/** A container whose log can be read. */
export interface LogSource {
  /** The step, after the steps whose inner runs it is in, separated by slashes. */
  readonly label: string;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** A log that cannot be read. */
export interface LogLack {
  /** Why, without a full stop. */
  readonly sentence: string;
  /** Whether the log may appear later. */
  readonly mayCome: boolean;
}

export interface FoundLogs {
  readonly sources: readonly LogSource[];
  readonly lacks: readonly LogLack[];
  /** Whether no later look finds more. */
  readonly isOver: boolean;
}

/** An attempt of a step, and what the user asked for. */
interface Attempt {
  readonly run: Run;
  readonly step: StepStatus;
  readonly kind: ChildKind;
  readonly number: number;
  readonly isFinal: boolean;
  readonly label: string;
  readonly asked: Asked;
}

/** What the user asked for: whether the step was named, and which step of its inner run, if any. */
interface Asked {
  readonly isNamed: boolean;
  readonly inner?: string | undefined;
}

/**
 * Creates a function that looks for the logs of a run and of its inner runs. It makes several calls for each attempt,
 * but none for an attempt that was over at the last look.
 */
export function createLogFinder(
  cluster: Cluster,
  { run: runName, step: wantedStep, attempt: wantedAttempt }: LogQuestion,
) {
  /** The attempts for which no later look finds more. */
  const settled = new Set<string>();
  /** By step, the first attempt to show. */
  const firsts = new Map<string, number>();

  async function lookAtRun(run: Run, path: string | undefined, prefix: string): Promise<FoundLogs> {
    const { stepStatuses } = run.status;
    if (path === undefined) {
      const found: FoundLogs[] = [];
      for (const step of stepStatuses) found.push(await lookAtStep(run, step, prefix, { isNamed: false }));
      return { ...join(found), isOver: hasEnded(run) };
    }
    if (stepStatuses.length === 0 && !hasEnded(run))
      return lack(`${displayObject('OrchestrationRun', run.namespace, run.name)} has no steps yet`, true);
    const [step, inner] = findStep(run, path);
    const found = await lookAtStep(run, step, prefix, { isNamed: true, inner });
    return { ...found, isOver: found.isOver || hasEnded(run) };
  }

  async function lookAtStep(run: Run, step: StepStatus, prefix: string, asked: Asked): Promise<FoundLogs> {
    const kind = stepKinds.get(step.kind);
    if (kind?.type === 'Child' && step.attempt > 0) {
      const only = asked.isNamed && asked.inner === undefined ? wantedAttempt : undefined;
      checkAsked(step, kind, asked, only);
      return lookAtAttempts({ run, step, kind, label: `${prefix}${step.name}`, asked }, only);
    }
    if (!asked.isNamed) return { sources: [], lacks: [], isOver: true };
    return lack(describeNoChild(step, kind?.type === 'Child'), kind?.type === 'Child' && !isStepFinal(step));
  }

  async function lookAtAttempts(of: Omit<Attempt, 'number' | 'isFinal'>, only?: number): Promise<FoundLogs> {
    const { run, step } = of;
    const key = `${run.uid}/${step.name}`;
    const first = firsts.get(key) ?? only ?? step.attempt;
    firsts.set(key, first);
    const isOver = isStepFinal(step);
    const found: FoundLogs[] = [];
    for (let number = first; number <= (only ?? step.attempt); number++) {
      if (settled.has(`${key}/${number}`)) continue;
      const isFinal = isOver || number < step.attempt;
      found.push(await lookAtAttempt({ ...of, number, isFinal }));
      if (isFinal) settled.add(`${key}/${number}`);
    }
    return { ...join(found), isOver: isOver || (only !== undefined && only < step.attempt) };
  }

  async function lookAtAttempt(attempt: Attempt): Promise<FoundLogs> {
    const { run, step, kind, number, isFinal, label, asked } = attempt;
    const { name = nameChild(run, step.name, number), uid } = (number === step.attempt && step.resourceRef) || {};
    const subject = `${kind.kind} ${displayText(name)} (${describeAttempt(step, number)})`;
    const child = await readChild(cluster, { kind: kind.kind, namespace: run.namespace, name });
    const isIntent = !isFinal && uid === undefined;
    if (child === undefined)
      return lack(isIntent ? `${subject} does not exist yet` : `${subject} is gone, and its log with it`, isIntent);
    if (kind.runs !== undefined) return lookAtRun(readRun(child), asked.inner, `${label}/`);
    const jobs = kind.jobs?.(child) ?? [];
    if (jobs.length > 0) return lookAtPods(attempt, jobs, subject);
    return lack(isFinal ? `${subject} had no Job` : `${subject} has no Job yet`, !isFinal);
  }

  async function lookAtPods(attempt: Attempt, jobs: readonly string[], subject: string): Promise<FoundLogs> {
    const { run, isFinal, label } = attempt;
    const pods = await cluster.listPods(run.namespace, `${Label.JobName} in (${jobs.join(',')})`);
    if (pods.length === 0 && isFinal) return lack(`the pod of ${subject} is gone, and its log with it`, false);
    if (pods.length === 0) return lack(`${subject} has no pod yet`, true);
    const found = pods.toSorted(byCreation).map((pod): FoundLogs => {
      const { container, why, hasEnded: isDead } = readPod(pod);
      const { name } = pod.metadata;
      if (why !== undefined) return lack(`the pod of ${subject} has not started: ${why}`, !isFinal && !isDead);
      const own = pods.length > 1 ? `${label} ${name}` : label;
      return { sources: [{ label: own, namespace: run.namespace, pod: name, container }], lacks: [], isOver: isFinal };
    });
    return join(found);
  }

  return async function look(): Promise<FoundLogs> {
    const run = readRun(await readExisting(cluster, 'OrchestrationRun', runName));
    const subject = displayObject('OrchestrationRun', run.namespace, run.name);
    if (isIdleTemplate(run)) throw new CommandError(`${subject} is a template and never runs, so it has no logs`);
    const found = await lookAtRun(run, wantedStep, '');
    if (found.sources.length + found.lacks.length + settled.size > 0) return found;
    const why = found.isOver ? 'none of its steps ran a pod' : 'no step that runs a pod has started';
    return { ...lack(`${subject} has no logs: ${why}`, !found.isOver), isOver: found.isOver };
  };
}

/** Reads a child. Undefined if it does not exist. */
async function readChild(cluster: Cluster, ref: Parameters<Cluster['getChild']>[0]): Promise<KubeObject | undefined> {
  try {
    return await cluster.getChild(ref);
  } catch (error) {
    if (isApiFailure(error) && error.reason === KubeErrorReason.NotFound) return undefined;
    throw error;
  }
}

/**
 * Finds the step of that name, or else the step whose inner run has the rest of the path. Of several, chooses the one
 * with the longest name.
 */
function findStep({ namespace, name, status }: Run, path: string): readonly [StepStatus, inner: string | undefined] {
  const starts = status.stepStatuses.filter((step) => path === step.name || path.startsWith(`${step.name}/`));
  const [step] = starts.toSorted((one, other) => other.name.length - one.name.length);
  if (step !== undefined) return [step, path === step.name ? undefined : path.slice(step.name.length + 1)];
  const subject = displayObject('OrchestrationRun', namespace, name);
  const known = status.stepStatuses.map((one) => one.name);
  throw new CommandError(`${subject} has no step ${quoteName(path)}; ${displayText(guess(path, known))}`);
}

function checkAsked(step: StepStatus, kind: ChildKind, { inner }: Asked, only: number | undefined): void {
  const subject = `step ${quoteName(step.name)}`;
  if (inner !== undefined && kind.runs === undefined)
    throw new CommandError(
      `${subject} is of kind ${kind.name} and has no inner run, so it has no step ${quoteName(inner)}`,
    );
  if (only === undefined || only <= step.attempt) return;
  throw new CommandError(`--attempt is ${only}, and ${subject} has had ${displayCount(step.attempt, 'attempt')}`);
}

/** Why a step that has no child has no log. */
function describeNoChild(step: StepStatus, hasChild: boolean): string {
  const { name, kind, phase, message = '' } = step;
  const subject = `step ${quoteName(name)}`;
  if (!hasChild) return `${subject} is of kind ${displayText(kind)}, which runs no pod, so it has no log`;
  const { inheritedFrom } = asRecord(step);
  if (typeof inheritedFrom === 'string')
    return `another run executed ${subject}: run orchestration-gate logs ${displayText(inheritedFrom)} ${displayText(name)}`;
  const why = message === '' ? '' : `: ${displayText(message)}`;
  return isStepFinal(step) ? `${subject} never started (${phase}${why})` : `${subject} has not started${why}`;
}

function describeAttempt({ name, attempt }: StepStatus, number: number): string {
  return attempt > 1 ? `step ${quoteName(name)}, attempt ${number}` : `step ${quoteName(name)}`;
}

function byCreation({ metadata: one }: KubeObject, { metadata: other }: KubeObject): number {
  return (one.creationTimestamp ?? '') < (other.creationTimestamp ?? '') ? -1 : 1;
}

function lack(sentence: string, mayCome: boolean): FoundLogs {
  return { sources: [], lacks: [{ sentence, mayCome }], isOver: !mayCome };
}

function join(found: readonly FoundLogs[]): FoundLogs {
  return {
    sources: found.flatMap(({ sources }) => sources),
    lacks: found.flatMap(({ lacks }) => lacks),
    isOver: found.every(({ isOver }) => isOver),
  };
}
