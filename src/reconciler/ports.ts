import type { StoredObject } from '../objects/object.ts';
import type { WriteOutcome } from '../objects/outcomes.ts';
import type { Division } from '../orchestration/buckets.ts';
import type { GateKind } from '../orchestration/kinds/kind.ts';
import type { RunStatus } from '../orchestration/run-status.ts';
import type { EventReason } from '../orchestration/vocabulary/event-reasons.ts';
import type { ObservedRun, Rival } from './observation.ts';

/** An object to create. The API server sets its uid. */
export type NewObject = Omit<StoredObject, 'metadata'> & { readonly metadata: object };

/**
 * The cluster as the reconciler needs it. Methods that return no promise read a copy that is never older than our own
 * last write (see `untilOwnWritesSeenMs`). Those with `forRun` also subscribe that run: until its next reconcile, a
 * change of what it read triggers one. If an object to create exists already, the outcome is Outdated, and the next
 * reconcile checks who owns that object.
 */
export interface Cluster {
  /**
   * Which buckets the copy has. If it does not have all of them, only a live read shows that a run or a child is
   * absent.
   */
  readonly division: Division;
  /**
   * Makes the next reconcile of the run come within ten seconds. Call it in each reconcile in which the run depends on
   * an object that the copy does not follow, because no event announces a change of that object.
   */
  poll(forRun: string): void;
  getRun(key: string, forRun?: string): StoredObject | undefined;
  /** The run is also subscribed to an Orchestration that does not exist. */
  getOrchestration(namespace: string, name: string, forRun: string): StoredObject | undefined;
  getObject(apiVersion: string, kind: string, key: string): StoredObject | undefined;
  /** The objects that offer this text to gates of this kind. */
  listOffers(gate: GateKind, namespace: string, text: string, forRun: string): readonly StoredObject[];
  /**
   * Why the objects of this kind cannot be known, in the API server's words. Undefined if they are known, and while
   * they are listed for the first time. The subscribed run is reconciled when the kind has been listed.
   */
  unreadable(apiVersion: string, kind: string, namespace: string, forRun: string): string | undefined;
  /** Children of the run, in any namespace, for which something may be due although the run is over. */
  listUnsettledChildren(runUid: string): readonly StoredObject[];
  /**
   * Children that carry our finalizer and name a run of this key as their owner, even if that run is gone or was
   * created again.
   */
  listHeldChildren(key: string): readonly StoredObject[];
  /** The runs of a namespace that have recorded that they wait for a place in the group of this name, or hold one. */
  listGroup(namespace: string, name: string): readonly StoredObject[];
  /** The runs of a namespace that no engine has reconciled yet: they have no status. */
  listUntried(namespace: string): readonly StoredObject[];
  /** Which controllers have written the status, according to `managedFields`. */
  statusWriters(object: StoredObject): { readonly isOurs: boolean; readonly isForeign: boolean };
  /** What prevents a run of this namespace and age from being started here; undefined if nothing does. */
  rivalOf(namespace: string, createdMs: number): Rival | undefined;
  /**
   * How long to wait until the copy has our own writes for this run, in milliseconds: 0 if it has them, otherwise
   * longer each time.
   */
  untilOwnWritesSeenMs(key: string): number;
  /** Reads the current object from the API server, not from the copy. */
  readObject(apiVersion: string, kind: string, namespace: string, name: string): Promise<StoredObject | undefined>;
  readSnapshot(namespace: string, name: string): Promise<StoredObject | undefined>;
  /** Reads the places (Leases) with this label from the API server. */
  listPlaces(namespace: string, label: string, value: string): Promise<readonly StoredObject[]>;
  create(object: NewObject, forRun: string): Promise<WriteOutcome>;
  /**
   * What the API server would make of an object of this kind, spec, labels and annotations. The dry run uses another
   * name.
   */
  dryRunCreate(object: NewObject): Promise<StoredObject>;
  /** Merges the label with the bucket into the run if it is still as observed. */
  labelRun(run: ObservedRun, bucket: number): Promise<WriteOutcome>;
  patchRunStatus(run: ObservedRun, status: RunStatus): Promise<WriteOutcome>;
  /** Sets the lifetime of a child that has finished. A child that is gone counts as done. */
  setChildTtl(
    apiVersion: string,
    kind: string,
    namespace: string,
    name: string,
    uid: string,
    seconds: number,
  ): Promise<WriteOutcome>;
  /** Asks a run to end, so that it cleans up first. A run that is gone counts as done. */
  cancelChild(apiVersion: string, kind: string, namespace: string, name: string, uid: string): Promise<WriteOutcome>;
  /**
   * Replaces the finalizers of a child if the child is still as observed. If it is not, or if it is gone, the outcome
   * is Outdated.
   */
  setFinalizers(child: StoredObject, finalizers: readonly string[], forRun: string): Promise<WriteOutcome>;
  /** Deletes in the foreground, and only the object of that uid. An object that is gone counts as deleted. */
  delete(apiVersion: string, kind: string, namespace: string, name: string, uid: string): Promise<WriteOutcome>;
  /** Deletes a place at once, and only the Lease of that uid. A Lease that is gone counts as deleted. */
  deletePlace(namespace: string, name: string, uid: string): Promise<WriteOutcome>;
  emitEvent(run: ObservedRun, type: 'Normal' | 'Warning', reason: EventReason, message: string): Promise<void>;
}
