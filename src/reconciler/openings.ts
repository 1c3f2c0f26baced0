import type { StoredObject } from '../objects/object.ts';
import { wordsOf } from '../objects/outcomes.ts';
import type { StepKind } from '../orchestration/kinds/kind.ts';
import type { Step } from '../orchestration/schema.ts';
import { findChild } from './attempts.ts';
import type { Action, Observation } from './observation.ts';
import { declaresOutputs } from './outputs.ts';
import { planRun } from './plan.ts';
import type { PlanOptions } from './plan-start.ts';
import type { Cluster } from './ports.ts';

/** How long to wait after an object could not be read from the API server. */
const ASK_AGAIN_MS = 5_000;

/**
 * Plans a run. Before some steps end, objects are read again from the API server: the object that a gate waits for, so
 * that a decision that was revoked while the watch was silent does not count, and the object that the outputs of a step
 * are evaluated with, because the copy does not keep it whole. Costs one read for each object.
 */
export async function planWithOpenings(
  cluster: Cluster,
  observation: Observation,
  nowMs: number,
  options: PlanOptions,
): Promise<readonly Action[]> {
  const watched = new Map(observation.watched);
  const unreadable = new Map(observation.unreadable);
  const sources = new Map<string, StoredObject | undefined>();
  const asked = new Set<string>();
  const time = new Date(nowMs + ASK_AGAIN_MS).toISOString();
  for (;;) {
    const actions = planRun({ ...observation, watched, unreadable, sources }, nowMs, options);
    // A gate that succeeds now may let another gate begin.
    const decided = findDecided(observation, actions).filter(({ step }) => !asked.has(step.name));
    const isUnread = unreadable.size > observation.unreadable.size;
    if (decided.length === 0) return isUnread ? [...actions, { type: 'RequeueAt', time }] : actions;
    for (const { step, known, isRevocable } of decided) {
      asked.add(step.name);
      await readAgain(cluster, known).then(
        (live) => {
          if (isRevocable) watched.set(step.name, live);
          sources.set(
            step.name,
            live.find(({ metadata }) => isRevocable || metadata.uid === known[0]?.metadata.uid),
          );
        },
        (error: unknown) => unreadable.set(step.name, `cannot check ${nameOf(known, isRevocable)}: ${wordsOf(error)}`),
      );
    }
  }
}

function nameOf([object]: readonly StoredObject[], isRevocable: boolean): string {
  return isRevocable ? 'what the step waits for' : `${object?.kind} ${object?.metadata.name}`;
}

async function readAgain(cluster: Cluster, known: readonly StoredObject[]): Promise<readonly StoredObject[]> {
  const live = await Promise.all(
    known.map(({ apiVersion, kind, metadata }) =>
      cluster.readObject(apiVersion, kind, metadata.namespace, metadata.name),
    ),
  );
  return live.flatMap((one) => one ?? []);
}

/** A step that a plan ends, and the known versions of the objects that must be read again first. */
interface Decided {
  readonly step: Step;
  readonly known: readonly StoredObject[];
  readonly isRevocable: boolean;
}

/**
 * The steps that this plan records as succeeded or failed because of an object that can be revoked, or as succeeded with
 * outputs to evaluate.
 */
function findDecided(observation: Observation, actions: readonly Action[]): readonly Decided[] {
  const { orchestration, run, kinds } = observation;
  const patch = actions.find((action) => action.type === 'PatchStatus');
  if (patch === undefined || orchestration.state !== 'Snapshotted') return [];
  const { steps } = orchestration.orchestration;
  const wasOver = new Set(run.status.stepStatuses.filter(isDecided).map(({ name }) => name));
  const ended = new Map(
    patch.status.stepStatuses
      .filter(isDecided)
      .map(({ name, index, phase }) => [index === undefined ? name : steps[index]?.name, phase]),
  );
  return steps.flatMap((step): Decided[] => {
    const kind = kinds.get(step.kind);
    const phase = wasOver.has(step.name) ? undefined : ended.get(step.name);
    const isRevocable = kind?.type === 'Gate' && kind.isRevocable === true;
    const isDue = phase !== undefined && (isRevocable || (phase === 'Succeeded' && declaresOutputs(step)));
    const known = isDue ? listKnown(observation, step, kind) : [];
    return known.length === 0 ? [] : [{ step, known: isRevocable ? known : known.slice(0, 1), isRevocable }];
  });
}

/** What a gate waits for, or the child of a step. */
function listKnown(observation: Observation, { name }: Step, kind: StepKind | undefined): readonly StoredObject[] {
  if (kind?.type === 'Gate') return observation.watched.get(name) ?? [];
  const status = observation.run.status.stepStatuses.find((one) => one.name === name);
  return [(status && findChild(observation, status)) ?? []].flat();
}

function isDecided({ phase }: { readonly phase: string }): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}
