import type { StoredObject } from '../objects/object.ts';
import type { Creators, StepDecisions } from '../orchestration/approvals.ts';
import type { Concurrency } from '../orchestration/concurrency.ts';
import type { Orchestration } from '../orchestration/decode.ts';
import type { ProblemCode } from '../orchestration/judge.ts';
import type { RunInput } from '../orchestration/kinds/kind.ts';
import type { StepKinds } from '../orchestration/kinds/step-kinds.ts';
import type { Resumption } from '../orchestration/resumption.ts';
import type { ResourceRef, RunStatus } from '../orchestration/run-status.ts';
import type { EventReason } from '../orchestration/vocabulary/event-reasons.ts';
import type { Source } from './inherit.ts';
import type { Group, Place } from './places.ts';

/** The fields of a run that decisions use. */
export interface ObservedRun extends RunInput {
  readonly resourceVersion: string;
  readonly generation: number;
  /** The bucket of the run and of its children. Absent if the run does not exist, as in a preview. */
  readonly bucket?: number;
  /** The run has no label with its bucket, although replicas share the buckets. */
  readonly isUnlabelled?: boolean;
  readonly isBeingDeleted: boolean;
  /** A cancel was requested. Unless `isCancelledNow` is true, the cleanup still runs. */
  readonly isCancelled: boolean;
  /** A cancel was requested that ends the cleanup too. */
  readonly isCancelledNow: boolean;
  readonly isSuspended: boolean;
  /** The run exists so that a Schedule can copy it, and never starts. */
  readonly isTemplate: boolean;
  /** How the run continues another one. Absent if it continues none. */
  readonly resumption?: Resumption;
  /** What people have decided about steps with annotations, by step. */
  readonly decisions: ReadonlyMap<string, StepDecisions>;
  /** The part of the status that can be trusted: see `repairSteps`. */
  readonly status: RunStatus;
  /** The status as stored. */
  readonly stored: Readonly<Record<string, unknown>>;
  /** Bytes of the object without its status. They limit the size of the status. */
  readonly bytesBeside: number;
  /** Another controller has written this status. */
  readonly isContested: boolean;
  /** Each child gets the trace context of its attempt as a parameter. */
  readonly passesTraceparent?: boolean;
}

/** The Orchestration of a run: its snapshot if the run has started, or else the current object. */
export type ObservedOrchestration =
  | { readonly state: 'Snapshotted'; readonly orchestration: Orchestration }
  | {
      readonly state: 'Found';
      readonly orchestration: Orchestration;
      readonly denial?: { readonly code: ProblemCode; readonly message: string };
    }
  | { readonly state: 'Missing' }
  /** Orchestrations cannot be listed. */
  | { readonly state: 'Unreadable'; readonly words: string }
  /** The snapshot of the run is stored, or may be, and cannot be read now. */
  | { readonly state: 'SnapshotUnreadable'; readonly words: string; readonly error: unknown }
  /** The run is over, and nothing that is due needs its Orchestration. */
  | { readonly state: 'Unread' }
  /** An object has the name of the snapshot and is not the snapshot of this run. */
  | { readonly state: 'Foreign' };

/** The run that a run continues, as it is read until the run has started. */
export type ObservedSource =
  | {
      readonly state: 'Found';
      readonly source: Source;
      /** The finished nested runs of the source that can be continued, with their Orchestrations. By name. */
      readonly nested: ReadonlyMap<string, string>;
    }
  /** The source cannot be continued. The message says why. */
  | { readonly state: 'Refused'; readonly message: string }
  /** The source is gone, and the run is nested: all of its steps run. */
  | { readonly state: 'Gone' }
  /** The source exists, or may, and cannot be read now. */
  | { readonly state: 'Unreadable'; readonly words: string; readonly error: unknown };

/**
 * Another controller that also starts runs in a namespace. If `isActive`, it counts as active until `untilMs`
 * (milliseconds since 1970). If not, it may still start the run until then.
 */
export interface Rival {
  readonly isActive: boolean;
  readonly untilMs: number;
}

/** What a run sees of its group (`policies.concurrency`) before it starts. */
export interface ObservedGroup {
  readonly group: Group;
  readonly policy: Pick<Concurrency, 'max' | 'whenFull'>;
  /** The older runs of the group that wait, in any order. They start first. */
  readonly ahead: readonly StoredObject[];
  /** Names of the runs that hold places, according to the copy. Only messages use them. */
  readonly holders: readonly string[];
  /** Undefined if they were not read, because other runs start first, or if they cannot be read. */
  readonly places?: ObservedPlaces;
  /** Why the places cannot be read, in the API server's words. */
  readonly words?: string;
}

/** The places of a group, as they were last read from the API server. */
export interface ObservedPlaces {
  /** The place of the run itself. */
  readonly own?: Place;
  /** A run that owns this run, directly or not, holds a place, and this run shares it. */
  readonly isShared: boolean;
  /** The places of other runs, each with the run if it is known. */
  readonly held: readonly (Place & { readonly run?: StoredObject })[];
  /** Places that their runs did not release: the runs are gone, or have ended. */
  readonly abandoned: readonly Place[];
}

/** Everything that one decision about one run uses. It is read beforehand, so that the decision is pure. */
export interface Observation {
  readonly run: ObservedRun;
  readonly orchestration: ObservedOrchestration;
  /** Absent if the run continues no other run, or has started. */
  readonly source?: ObservedSource;
  readonly kinds: StepKinds;
  /**
   * Names of the Orchestrations of the runs that own this run, nearest first. The run's own Orchestration is not
   * included.
   */
  readonly ancestry: readonly string[];
  /** Absent means that they are unknown. */
  readonly creators?: Creators;
  /** The group of the run; absent if the run has no `policies.concurrency`, has started, or cannot start now. */
  readonly group?: ObservedGroup | { readonly failure: string };
  /** The places that a run that is over still has to release. Absent if it has none, or if they cannot be read. */
  readonly places?: readonly Place[];
  /** Another controller that may start this run; absent if there is none, or if the run has started. */
  readonly rival?: Rival;
  /** Whether the run that owns this run has yet to record its end. Until then this run must stay. */
  readonly isAwaited: boolean;
  /**
   * The objects that have the names of recorded children, by name. They may be older than the objects in the cluster,
   * with one exception: if a step in progress has recorded the uid of its child, the child is missing here only if the
   * API server says so. The copy may have the status of a run before it has the child that the status names.
   */
  readonly children: ReadonlyMap<string, StoredObject>;
  /**
   * If the run is over or ending: the children that name this run as their controller and that still run, or do not
   * have the lifetime that they should get. Those that still run are deleted even if the status does not name them.
   * Empty otherwise.
   */
  readonly owned: readonly StoredObject[];
  /**
   * Children of this run that carry our finalizer. A child that the status does not name is included only if no newer
   * status can name it.
   */
  readonly held: readonly StoredObject[];
  /**
   * Uids of children that this process created, by name, as the API server returned them. A child that was never
   * observed may have been created, ended and deleted. It must not be created again.
   */
  readonly created: ReadonlyMap<string, string>;
  /**
   * How an object differs from the child that this run would create, by name. The object has the name of the child and
   * belongs to this run.
   */
  readonly taken: ReadonlyMap<string, string>;
  /** The API server's message when it refused a child, by the child's name. */
  readonly refusals: ReadonlyMap<string, string>;
  /** Why an object could not be created yet, in the API server's words, by the object's name. The create is retried. */
  readonly waits: ReadonlyMap<string, string>;
  /**
   * Why the state of a step is unknown, as a sentence by the step's name: its kind cannot be listed, or its child
   * cannot be read. An object that is missing for such a step may exist.
   */
  readonly unreadable: ReadonlyMap<string, string>;
  /** What gate steps wait for, by step. */
  readonly watched: ReadonlyMap<string, readonly StoredObject[]>;
  /**
   * The objects that outputs are evaluated with, whole, by step: read from the API server when the attempt of a step
   * that declares outputs succeeds. Undefined if the object is gone.
   */
  readonly sources?: ReadonlyMap<string, StoredObject | undefined>;
  /** The errors of reads that failed. The run is reconciled again. */
  readonly errors?: readonly unknown[];
}

/**
 * What to do. The status comes first. If it cannot be written, nothing else is done. The other actions are independent.
 * If an action fails, the run is reconciled again.
 */
export type Action =
  /** Stores the Orchestration that the run will follow. */
  | { readonly type: 'CreateSnapshot'; readonly orchestration: Orchestration }
  /** Writes the label with the bucket of the run, if the run is still as observed. */
  | { readonly type: 'LabelRun'; readonly bucket: number }
  /**
   * Writes the whole status if the run is still as observed. A write that is not urgent may wait a second for other
   * changes.
   */
  | { readonly type: 'PatchStatus'; readonly status: RunStatus; readonly isUrgent: boolean }
  | {
      readonly type: 'CreateChild';
      readonly step: string;
      readonly ref: ResourceRef;
      readonly spec: Readonly<Record<string, unknown>>;
      /**
       * How long the child is kept after its end, in seconds, if the step sets it. It takes effect once the result is
       * recorded.
       */
      readonly ttlSeconds?: number;
      /** The child carries our finalizer until its end is recorded. */
      readonly isHeld?: boolean;
      /** The nested run that the child continues. */
      readonly resumeFrom?: string;
    }
  /** Removes our finalizer from a child, or puts it back, if the child is still as observed. */
  | { readonly type: 'ReleaseChild' | 'HoldChild'; readonly child: StoredObject }
  /** Deletes in the foreground. A child that is gone already is not an error. */
  | { readonly type: 'DeleteChild'; readonly ref: ResourceRef & { readonly uid: string } }
  /** Asks a nested run, or a run that this one replaces, to end, so that it cleans up first. */
  | { readonly type: 'CancelChild'; readonly ref: ResourceRef & { readonly uid: string } }
  /** Sets a child's ttlSecondsAfterFinished, once its result is recorded. */
  | { readonly type: 'SetChildTtl'; readonly ref: ResourceRef & { readonly uid: string }; readonly seconds: number }
  | { readonly type: 'DeleteRun' }
  /** Takes a place in a group, unless another run has it. */
  | { readonly type: 'CreatePlace'; readonly group: Group; readonly index: number }
  | { readonly type: 'DeletePlace'; readonly place: Place }
  | {
      readonly type: 'EmitEvent';
      readonly eventType: 'Normal' | 'Warning';
      readonly reason: EventReason;
      readonly message: string;
    }
  /** Reconciles the run again at this time, even if nothing changes. */
  | { readonly type: 'RequeueAt'; readonly time: string };
