import { compareVersions } from '../../src/kube/resources.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import { isEqual } from '../../src/orchestration/equality.ts';
import { isRunFinal, isSatisfied, type RunStatus, type StepStatus } from '../../src/orchestration/run-status.ts';
import { REVISIONS, RUNS } from '../support/model/engine.ts';
import { naiveEdges } from '../support/oracle.ts';
import { stepOf } from './hands.ts';
import type { Entry } from './journal.ts';

/** What is wrong with what happened, in sentences; all empty if nothing is. */
export interface Verdict {
  /** Something was created twice, or a step has more children than the attempts in the status. */
  readonly duplicates: string[];
  /** A step did not end as it must. */
  readonly lost: string[];
  /** A stored version of a status says less than the one before. */
  readonly backward: string[];
  /** A run has not ended. */
  readonly unfinished: string[];
  /** Anything else: created too early or for nobody, written too often, a process that broke a promise. */
  readonly other: string[];
}

export const noComplaints = (): Verdict => ({ duplicates: [], lost: [], backward: [], unfinished: [], other: [] });

/** Judges how a run ended. Returns complaints in words. */
export type Expectation = (status: RunStatus, children: readonly KubeObject[], name: string) => readonly string[];

export interface JudgeOptions {
  /** How a run must have ended. */
  readonly expect: Expectation;
  /** The steps of the runs of `orchestration`. Other runs are judged only by the rules for all runs. */
  readonly steps: Parameters<typeof naiveEdges>[0];
  readonly orchestration: string;
  /** How often a process died: each may cost a write of the status. */
  readonly crashes: number;
}

/** Status writes of the run of ten steps if nothing goes wrong and each child takes two seconds; fewer in shorter runs. */
export const CLEAN_WRITES = 12;
const MOST_WRITES = 1.5 * CLEAN_WRITES;

/** Judges all that a journal tells: every run, whether it still exists or not, and every child. */
export function judge(entries: readonly Entry[], options: JudgeOptions): Verdict {
  const verdict = noComplaints();
  const versions = versionsOfRuns(entries);
  const created = entries.filter(({ type }) => type === 'ADDED').map(({ object }) => object);
  // People may create a run anew under its name; the names of what we create are unique to one run.
  const byName = Map.groupBy(created.filter(isOurs), ({ kind, metadata }) => `${kind} ${metadata.name}`);
  for (const [name, all] of byName)
    if (all.length > 1) verdict.duplicates.push(`${name} was created ${all.length} times`);
  const gone = new Set(entries.flatMap(({ type, object }) => (type === 'DELETED' ? [object.metadata.uid] : [])));
  for (const [uid, history] of versions) {
    const name = `${history[0]?.metadata.name} (${uid.slice(0, 8)})`;
    judgeHistory(name, history, options, verdict);
    const children = created.filter((object) => object.kind !== REVISIONS.kind && isOwnedBy(uid, object));
    if (!gone.has(uid)) judgeEnd(name, history, children, options, verdict);
  }
  for (const child of created.filter(isOurs)) {
    const owner = versions.get(child.metadata.ownerReferences?.[0]?.uid ?? '');
    if (owner === undefined) verdict.other.push(`${child.metadata.name} was created for a run that never was`);
    else if (child.kind !== REVISIONS.kind) verdict.other.push(...describeEarly(child, owner, options));
  }
  return verdict;
}

/** The most writes of the status of one run. */
export function mostWrites(entries: readonly Entry[]): number {
  return Math.max(0, ...[...versionsOfRuns(entries).values()].map(countWrites));
}

/** The versions of each run by its uid, in the order of time. */
function versionsOfRuns(entries: readonly Entry[]): ReadonlyMap<string, readonly KubeObject[]> {
  const stored = entries.filter(({ type, object }) => object.kind === RUNS.kind && type !== 'DELETED');
  return Map.groupBy(
    stored.map(({ object }) => object),
    ({ metadata }) => metadata.uid ?? '',
  );
}

function countWrites(history: readonly KubeObject[]): number {
  const statuses = history.map(statusOf);
  return statuses.filter((status, index) => !isEqual(statusOf({ status: statuses[index - 1] }), status)).length;
}

/** No version says less than the one before, and there are not too many. */
function judgeHistory(
  name: string,
  history: readonly KubeObject[],
  { crashes }: JudgeOptions,
  { backward, other }: Verdict,
): void {
  for (const [index, version] of history.entries()) {
    const [before, after] = [statusOf(history[index - 1] ?? {}), statusOf(version)];
    backward.push(...describeBackward(before, after).map((what) => `${name}: ${what}`));
  }
  const writes = countWrites(history);
  if (writes > MOST_WRITES + crashes) other.push(`${name}: its status was written ${writes} times`);
}

function judgeEnd(
  name: string,
  history: readonly KubeObject[],
  children: readonly KubeObject[],
  { expect, orchestration }: JudgeOptions,
  { duplicates, lost, unfinished }: Verdict,
): void {
  const last = history.at(-1);
  if (last === undefined) return;
  const status = statusOf(last);
  if (!isRunFinal(status)) {
    unfinished.push(`${name} is ${status.phase}: ${JSON.stringify(status.conditions[0]?.message)}`);
    return;
  }
  if (nameOfOrchestration(last) === orchestration)
    lost.push(...expect(status, children, last.metadata.name).map((complaint) => `${name}: ${complaint}`));
  for (const { name: step, attempt } of status.stepStatuses) {
    const made = children.filter(({ metadata }) => stepOf(metadata) === step);
    if (made.length > attempt) duplicates.push(`${name}: ${made.length} children of ${step}, attempt ${attempt}`);
  }
}

/** Before a child is created, the status has said that it will be, and what it waits for is satisfied. */
function describeEarly(child: KubeObject, history: readonly KubeObject[], options: JudgeOptions): string[] {
  const { name, resourceVersion: createdAt = '' } = child.metadata;
  const before = history.findLast(({ metadata }) => compareVersions(metadata.resourceVersion ?? '', createdAt) < 0);
  const { stepStatuses } = statusOf(before ?? {});
  const index = stepStatuses.findIndex(({ resourceRef }) => resourceRef?.name === name);
  const phase = stepStatuses[index]?.phase;
  const early = phase === 'Running' ? [] : [`${name} was created while the status said ${phase ?? 'nothing'} of it`];
  if (before === undefined || nameOfOrchestration(before) !== options.orchestration) return early;
  const dependencies = (naiveEdges(options.steps)[index] ?? []).map((edge) => stepStatuses[edge]);
  const open = dependencies.filter((dependency) => dependency === undefined || !isSatisfied(dependency));
  return [...early, ...open.map((step) => `${name} was created while ${step?.name} was ${step?.phase}`)];
}

function isOwnedBy(uid: string, { metadata }: KubeObject): boolean {
  return metadata.ownerReferences?.[0]?.uid === uid;
}

/** Whether a reconciler created an object: then a run owns it. */
function isOurs({ metadata }: KubeObject): boolean {
  return metadata.ownerReferences?.[0]?.kind === RUNS.kind;
}

function nameOfOrchestration(run: KubeObject): string | undefined {
  return (run['spec'] as { orchestrationRef?: { name?: string } } | undefined)?.orchestrationRef?.name;
}

export function statusOf({ status }: { readonly [field: string]: unknown }): RunStatus {
  return { conditions: [], stepStatuses: [], ...(status as Partial<RunStatus> | undefined) };
}

const RUN_RANKS: Readonly<Record<string, number>> = { Pending: 1, Running: 2, Succeeded: 3, Failed: 3, Cancelled: 3 };
const STEP_RANKS: Readonly<Record<string, number>> = {
  ...{ Pending: 0, Running: 1, Retrying: 2, Succeeded: 3, Failed: 3, Skipped: 3, Cancelled: 3 },
};

/** Phases only rise within an attempt, attempts only rise, what is final stays, and a uid that is known is not forgotten. */
function describeBackward(before: RunStatus, after: RunStatus): string[] {
  const [from, to] = [RUN_RANKS[before.phase ?? ''] ?? 0, RUN_RANKS[after.phase ?? ''] ?? 0];
  const isBackward = to < from || (from === 3 && before.phase !== after.phase);
  return [
    ...(isBackward ? [`the run went from ${before.phase} to ${after.phase}`] : []),
    ...before.stepStatuses.flatMap((was) => {
      const is = after.stepStatuses.find(({ name }) => name === was.name);
      if (is === undefined) return [`${was.name} is gone`];
      return describeStepBackward(was, is);
    }),
  ];
}

function describeStepBackward(was: StepStatus, is: StepStatus): string[] {
  const told = `${was.name} went from ${was.phase} ${was.attempt} to ${is.phase} ${is.attempt}`;
  const isOver = STEP_RANKS[was.phase] === 3 && is.phase !== was.phase;
  if (is.attempt < was.attempt || isOver) return [told];
  if (is.attempt > was.attempt) return [];
  if ((STEP_RANKS[is.phase] ?? 0) < (STEP_RANKS[was.phase] ?? 0)) return [told];
  const uid = was.resourceRef?.uid;
  return uid !== undefined && is.resourceRef?.uid !== uid ? [`${was.name} forgot the uid of its child`] : [];
}
