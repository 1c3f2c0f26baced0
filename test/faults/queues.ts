import { compareVersions } from '../../src/kube/resources.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import { isRunFinal } from '../../src/orchestration/run-status.ts';
import { Annotation } from '../../src/orchestration/vocabulary/metadata.ts';
import { precedes } from '../../src/reconciler/turn.ts';
import { RUNS } from '../support/model/engine.ts';
import type { Entry } from './journal.ts';
import { statusOf } from './verdict.ts';

/** What a journal tells of the runs of groups. */
export interface Queues {
  /** Moments at which more runs of a group worked than its maximum. */
  readonly overMax: readonly string[];
  /** Runs that started although an older run of the group had said that it waits. */
  readonly overtaken: readonly string[];
  /** How often a run said that it waits, or for whom. */
  readonly queueWrites: number;
}

/** Judges the runs of each group, as the parameter `group` names it, in the order in which the API server stored them. */
export function judgeQueues(entries: readonly Entry[], max: number): Queues {
  const overMax: string[] = [];
  const overtaken: string[] = [];
  let queueWrites = 0;
  const runs = entries
    .filter(({ object }) => object.kind === RUNS.kind)
    .toSorted((one, other) => compareVersions(versionOf(one.object), versionOf(other.object)));
  const known = new Map<string, KubeObject>();
  for (const { type, object } of runs) {
    const { name } = object.metadata;
    const others = [...known.values()].filter((other) => groupOf(other) === groupOf(object));
    const isStart = hasStarted(object) && !hasStarted(known.get(name));
    if (isStart)
      overtaken.push(
        ...others
          .filter((other) => isQueued(other) && precedes(other.metadata, object.metadata))
          .map((other) => `${name} starts before ${other.metadata.name}`),
      );
    if (isQueued(object) && JSON.stringify(statusOf(object)) !== JSON.stringify(statusOf(known.get(name) ?? object)))
      queueWrites += 1;
    if (type === 'DELETED') known.delete(name);
    else known.set(name, object);
    const working = [...known.values()].filter((run) => groupOf(run) === groupOf(object) && isAtWork(run));
    if (isStart && working.length > max) overMax.push(working.map(({ metadata }) => metadata.name).join());
  }
  return { overMax, overtaken, queueWrites };
}

function versionOf({ metadata }: KubeObject): string {
  return metadata.resourceVersion ?? '0';
}

function groupOf({ spec }: KubeObject): unknown {
  return Object(spec).parameters?.group;
}

function hasStarted(run: KubeObject | undefined): boolean {
  return run !== undefined && statusOf(run).runId !== undefined;
}

function isAtWork(run: KubeObject): boolean {
  return hasStarted(run) && !isRunFinal(statusOf(run));
}

function isQueued(run: KubeObject): boolean {
  const isCancelled = run.metadata.annotations?.[Annotation.Cancel] !== undefined;
  return (
    !isCancelled && statusOf(run).conditions.some(({ type, reason }) => type === 'Progressing' && reason === 'Queued')
  );
}
