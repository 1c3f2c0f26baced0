import type { StoredObject } from '../objects/object.ts';
import { wordsOf } from '../objects/outcomes.ts';
import { follows } from '../orchestration/buckets.ts';
import type { StepKinds } from '../orchestration/kinds/step-kinds.ts';
import { isRunFinal, isStepFinal, type ResourceRef, type StepStatus } from '../orchestration/run-status.ts';
import { StepReason } from '../orchestration/vocabulary/step-reasons.ts';
import { type Adoption, adopt } from './adopt.ts';
import { uidOf } from './attempts.ts';
import { buildChild } from './child-object.ts';
import { ENDED_BY_US, intentOf, isIntent } from './children.ts';
import { createInputs } from './inputs.ts';
import { type Memory, note } from './memory.ts';
import type { Observation, ObservedRun } from './observation.ts';
import { holdsPlace } from './places.ts';
import type { Cluster } from './ports.ts';

/** Reasons of steps that ended with their run. Its cleanup starts when their children are gone. */
const ENDED_WITH_RUN: ReadonlySet<string> = new Set<StepReason>([StepReason.RunCancelled, StepReason.RunTimedOut]);

/** What is known of the children of a run before they are read. */
interface Known {
  /** The uids of children that this process created, by name. */
  readonly created: ReadonlyMap<string, string>;
  /** The names of children whose create met an object of that name. */
  readonly met: ReadonlyMap<string, true>;
  /** The steps whose kind cannot be listed, each with the reason. */
  readonly unlisted: ReadonlyMap<string, string>;
  readonly adoptFor: (step: StepStatus) => Promise<Adoption | undefined>;
}

/**
 * Reads the children that the status records. Only the API server can confirm that a recorded child is gone, which ends
 * its attempt or lets the next one or the cleanup start: the copy may have the status of a run before it has the child
 * that the status names, and children of another bucket never come into the copy. If a child cannot be read, the state
 * of its step is unknown.
 */
export async function readChildren(
  cluster: Cluster,
  { status, ...run }: ObservedRun,
  { created, met, unlisted, adoptFor }: Known,
): Promise<Required<Pick<Observation, 'children' | 'taken' | 'unreadable' | 'errors'>>> {
  const children = new Map<string, StoredObject>();
  const taken = new Map<string, string>();
  const unreadable = new Map(unlisted);
  const errors = new Set<unknown>();
  const unread = new Map<string, unknown>();
  const awaitsCleanup = status.stepStatuses.some(({ cleanup, phase }) => cleanup === true && phase === 'Pending');
  // A run releases its place when its children are gone.
  const isReleasing = isRunFinal(status) && holdsPlace(status);

  function mustBeGone({ reason = '' }: StepStatus): boolean {
    return (awaitsCleanup && ENDED_WITH_RUN.has(reason)) || (isReleasing && ENDED_BY_US.has(reason));
  }

  function classify(name: string, adoption: Adoption | undefined): void {
    if (adoption?.difference !== undefined) taken.set(name, adoption.difference);
    else if (adoption !== undefined) put(name, adoption.child);
  }

  function put(name: string, child: StoredObject): void {
    children.set(name, child);
    if (!follows(cluster.division, child)) cluster.poll(`${run.namespace}/${run.name}`);
  }

  /** Whether an object has, or may have, the name of a child. */
  function isThere(name: string, known: StoredObject | undefined): boolean {
    return known !== undefined || (met.has(name) && !cluster.division.isWhole());
  }

  async function read(step: StepStatus, ref: ResourceRef, known: StoredObject | undefined): Promise<void> {
    const { apiVersion, kind, namespace, name } = ref;
    const uid = uidOf({ created }, step);
    if (isThere(name, known) && uid === undefined && isIntent(step)) return classify(name, await adoptFor(step));
    const isDoubtful = isStepFinal(step)
      ? known === undefined && mustBeGone(step)
      : uid !== undefined && known?.metadata.uid !== uid;
    // After one failure, no other child of this kind is read, because each read may take long to fail.
    if (isDoubtful && unread.has(kind)) throw unread.get(kind);
    const child = isDoubtful ? await cluster.readObject(apiVersion, kind, namespace, name) : known;
    if (child !== undefined) put(child.metadata.name, child);
  }

  for (const step of status.stepStatuses) {
    const { resourceRef: ref } = step;
    if (ref === undefined || unreadable.has(step.name)) continue;
    const known = cluster.getObject(ref.apiVersion, ref.kind, `${ref.namespace}/${ref.name}`);
    await read(step, ref, known).catch((error: unknown) => {
      errors.add(error);
      if (known === undefined) unread.set(ref.kind, error);
      unreadable.set(step.name, `cannot check ${ref.kind} ${ref.name}: ${wordsOf(error)}`);
    });
  }
  return { children, taken, unreadable, errors: [...errors] };
}

/**
 * Adopts a child that neither the status nor this process knows. It was created before a crash, or by another client.
 */
export async function adoptChild(
  cluster: Cluster,
  run: ObservedRun,
  status: StepStatus,
  { snapshots, created }: Memory,
  kinds: StepKinds,
): Promise<Adoption | undefined> {
  const { steps = [] } = snapshots.get(run.uid) ?? {};
  const step = steps.find(({ name }) => name === status.name);
  const inputs = createInputs(run, steps, run.status.stepStatuses);
  const intent = step && intentOf(run, step, status, kinds.get(step.kind), inputs);
  const adoption = intent && (await adopt(cluster, buildChild(run, intent)));
  if (intent === undefined || adoption?.isOurs !== true) return adoption;
  note(created, run, intent.ref.name, adoption.child.metadata.uid);
  return adoption;
}
