import type { StoredObject } from '../objects/object.ts';
import type { WriteOutcome } from '../objects/outcomes.ts';
import type { GateKind } from '../orchestration/kinds/kind.ts';
import type { RunStatus } from '../orchestration/run-status.ts';
import type { EventReason } from '../orchestration/vocabulary/event-reasons.ts';
import type { ObservedRun, Rival } from './observation.ts';

/** An object to create: the API server gives it its uid. */
export type NewObject = Omit<StoredObject, 'metadata'> & { readonly metadata: object };

/**
 * The cluster as the reconciler needs it. Reads without a promise come from a copy that is never older than our own last
 * write (see `untilOwnWritesSeenMs`). An object that exists already counts as created: whose it is is seen by looking again.
 */
export interface Cluster {
  /** From now until its next look, the run `forRun` hears of changes of this one, if one is named. */
  getRun(key: string, forRun?: string): StoredObject | undefined;
  /** From now until its next look, the run hears of changes of this Orchestration, there or not. */
  getOrchestration(namespace: string, name: string, forRun: string): StoredObject | undefined;
  getObject(apiVersion: string, kind: string, key: string): StoredObject | undefined;
  /** What offers this text to gates of its kind; from now until its next look, the run hears of changes of such objects. */
  listOffers(gate: GateKind, namespace: string, text: string, forRun: string): readonly StoredObject[];
  /**
   * Why what there is of this kind cannot be known, in the API server's words; undefined where it is known, and while it is
   * being listed for the first time. From now until its next look, the run hears when it is listed.
   */
  unreadable(apiVersion: string, kind: string, namespace: string, forRun: string): string | undefined;
  /** Children of the run, in any namespace, for which something may be due although the run is over. */
  listUnsettledChildren(runUid: string): readonly StoredObject[];
  /** Children that carry our finalizer and name a run of this key as their owner, be it gone or made anew since. */
  listHeldChildren(key: string): readonly StoredObject[];
  /** Who has written the status, as far as the API server remembers. */
  statusWriters(object: StoredObject): { readonly isOurs: boolean; readonly isForeign: boolean };
  /** What keeps a run of this namespace and age from being started here; undefined for nothing. */
  rivalOf(namespace: string, createdMs: number): Rival | undefined;
  /** How long to wait for the copy to have caught up with what we wrote for this run: 0 where it has, else ever longer. */
  untilOwnWritesSeenMs(key: string): number;
  /** As it is now, past the copy. */
  readObject(apiVersion: string, kind: string, namespace: string, name: string): Promise<StoredObject | undefined>;
  readSnapshot(namespace: string, name: string): Promise<StoredObject | undefined>;
  create(object: NewObject, forRun: string): Promise<WriteOutcome>;
  /** What the API server would make of an object of this kind, spec, labels and annotations under another name. */
  dryRunCreate(object: NewObject): Promise<StoredObject>;
  patchRunStatus(run: ObservedRun, status: RunStatus): Promise<WriteOutcome>;
  setChildTtl(
    apiVersion: string,
    kind: string,
    namespace: string,
    name: string,
    uid: string,
    seconds: number,
  ): Promise<WriteOutcome>;
  /** Replaces the finalizers of a child that is still as observed. One that is gone has none. */
  setFinalizers(child: StoredObject, finalizers: readonly string[], forRun: string): Promise<WriteOutcome>;
  /** In the foreground, and only the object of that uid. One that is gone counts as deleted. */
  delete(apiVersion: string, kind: string, namespace: string, name: string, uid: string): Promise<WriteOutcome>;
  emitEvent(run: ObservedRun, type: 'Normal' | 'Warning', reason: EventReason, message: string): Promise<void>;
}
