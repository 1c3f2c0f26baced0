import type { KubeObject } from '../../../src/objects/object.ts';
import { isStepFinal, type RunStatus } from '../../../src/orchestration/run-status.ts';
import { isHeld } from '../../../src/reconciler/finalizer.ts';
import { NAMESPACE, phaseOf, REVISIONS, RUNS, resourceOf, TOOL_RUNS } from '../../support/model/engine.ts';
import type { OnItsWay } from '../../support/model/network.ts';
import { AGENT_RUNS, type Simulation, stepOf } from '../../support/model/simulation.ts';

type Child = Parameters<typeof isHeld>[0];

// What must hold of every history, worked out from what happened alone.

const FINAL: readonly unknown[] = ['Succeeded', 'Failed', 'Cancelled'];
const CHILD_KINDS = [RUNS, TOOL_RUNS, AGENT_RUNS];

export function statusOf(run: KubeObject | undefined): RunStatus {
  return { conditions: [], stepStatuses: [], ...((run?.['status'] ?? {}) as Partial<RunStatus>) };
}

function ownerOf({ metadata }: KubeObject): string {
  return metadata.ownerReferences?.[0]?.uid ?? '';
}

/** What is wrong with a call, as it arrives. After a forged status, only the object of the call is checked. */
export function complainOfCall(
  simulation: Simulation,
  { verb, resource, name, body }: OnItsWay,
  isForged: boolean,
): string[] {
  const complaints: string[] = [];
  if (verb === 'get' || verb === 'list') return complaints;
  if (name.namespace !== NAMESPACE) complaints.push(`${verb} in the namespace ${name.namespace}`);
  if (![...CHILD_KINDS, REVISIONS].some(({ kind }) => kind === resource.kind))
    complaints.push(`${verb} of a ${resource.kind}`);
  if (name.name === 'victim') complaints.push(`${verb} of what is somebody else’s`);
  if (isForged) return complaints;
  if (verb === 'create' && resource.kind !== REVISIONS.kind)
    complaints.push(...complainOfOverlap(simulation, body as KubeObject));
  if (verb === 'delete' && resource.kind === RUNS.kind)
    complaints.push(...complainOfHaste(simulation, name.name ?? ''));
  return complaints;
}

/** An attempt starts only when nothing of the one before works any more, on any level. */
function complainOfOverlap({ happenings, model }: Simulation, child: KubeObject): string[] {
  const made = happenings.flatMap(({ type, object }) => (type === 'ADDED' ? [object] : []));
  const before = made.filter(
    (other) =>
      ownerOf(other) === ownerOf(child) &&
      stepOf(other) === stepOf(child) &&
      other.metadata.name !== child.metadata.name,
  );
  const descendants = new Set(before.map(({ metadata }) => metadata.uid ?? ''));
  // In the order in which they were made, an owner comes before what it owns.
  for (const object of made) if (descendants.has(ownerOf(object))) descendants.add(object.metadata.uid ?? '');
  const working = model
    .all()
    .filter((object) => descendants.has(object.metadata.uid ?? '') && !FINAL.includes(phaseOf(object)));
  return working
    .filter(({ kind }) => kind !== REVISIONS.kind)
    .map(({ metadata }) => `${child.metadata.name} starts while ${metadata.name} works`);
}

/** A nested run that ended is deleted only when its parent has recorded how it ended. */
function complainOfHaste(simulation: Simulation, name: string): string[] {
  const run = simulation.get(RUNS, name);
  const owner = run?.metadata.ownerReferences?.find(({ kind }) => kind === RUNS.kind);
  if (run === undefined || owner === undefined) return [];
  const parent = simulation.model.all().find(({ metadata }) => metadata.uid === owner.uid);
  if (parent === undefined || parent.metadata.deletionTimestamp !== undefined) return [];
  const step = statusOf(parent).stepStatuses.find(({ resourceRef }) => resourceRef?.name === name);
  return step?.phase === 'Running' ? [`${name} is deleted before its parent has recorded that it ${phaseOf(run)}`] : [];
}

/** What must hold of any history once nothing more happens. */
export function complainOfHistory({ happenings, model }: Simulation, isForged: boolean): string[] {
  const made = happenings.flatMap(({ type, object }) => (type === 'ADDED' ? [object] : []));
  const twice = made.filter(
    ({ kind, metadata: { namespace = '', name } }) => model.countCreates(resourceOf(kind), { namespace, name }) > 1,
  );
  const working = model
    .all()
    .filter(
      (object) =>
        object.metadata.name !== 'victim' &&
        object.metadata.ownerReferences !== undefined &&
        object.kind !== REVISIONS.kind &&
        !FINAL.includes(phaseOf(object)),
    );
  return [
    ...model
      .all()
      .filter((object) => isHeld(object as Child))
      .map(({ metadata }) => `${metadata.name} is still held`),
    ...working.map(({ metadata }) => `${metadata.name} works on`),
    ...(isForged ? [] : twice.map(({ metadata }) => `${metadata.name} was created twice`)),
    ...(isForged ? [] : complainOfSteps(happenings)),
  ];
}

/** No step has succeeded by a child with a spec that is not ours: `harmless`. */
export function complainOfForgedChildren({ happenings }: Simulation): string[] {
  const objects = happenings.map(({ object }) => object);
  const isForged = ({ spec }: KubeObject) => JSON.stringify(spec ?? {}).includes('harmless');
  const forged = new Set(objects.filter(isForged).map(({ metadata }) => metadata.name));
  const steps = objects.filter(({ kind }) => kind === RUNS.kind).flatMap((run) => statusOf(run).stepStatuses);
  const believed = steps.filter(
    ({ phase, resourceRef }) => phase === 'Succeeded' && forged.has(resourceRef?.name ?? ''),
  );
  return [...new Set(believed.map(({ name }) => `${name} succeeded by a child that is not its own`))];
}

/** What is final stays, attempts only rise, and no attempt is made that the status does not tell. */
function complainOfSteps(happenings: Simulation['happenings']): string[] {
  const runs = Map.groupBy(
    happenings.flatMap(({ type, object }) => (object.kind === RUNS.kind && type !== 'DELETED' ? [object] : [])),
    ({ metadata }) => metadata.uid ?? '',
  );
  const made = happenings.flatMap(({ type, object }) => (type === 'ADDED' ? [object] : []));
  return [...runs.values()].flatMap((versions) => {
    const last = versions.at(-1);
    const children = made.filter((object) => ownerOf(object) === last?.metadata.uid && object.kind !== REVISIONS.kind);
    const more = statusOf(last).stepStatuses.flatMap(({ name, attempt }) => {
      const count = children.filter((child) => stepOf(child) === name).length;
      return count > attempt ? [`${count} children of ${name}, attempt ${attempt}`] : [];
    });
    return [...versions.flatMap((version, index) => complainOfStepsBack(versions[index - 1], version)), ...more];
  });
}

function complainOfStepsBack(before: KubeObject | undefined, after: KubeObject): string[] {
  return statusOf(before).stepStatuses.flatMap((was) => {
    const is = statusOf(after).stepStatuses.find(({ name }) => name === was.name);
    const isBack = is === undefined || is.attempt < was.attempt || (isStepFinal(was) && is.phase !== was.phase);
    return isBack ? [`${was.name} went from ${was.phase} ${was.attempt} to ${is?.phase} ${is?.attempt}`] : [];
  });
}
