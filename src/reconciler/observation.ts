import type { StoredObject } from '../objects/object.ts';
import type { Orchestration } from '../orchestration/decode.ts';
import type { ProblemCode } from '../orchestration/judge.ts';
import type { RunInput } from '../orchestration/kinds/kind.ts';
import type { StepKinds } from '../orchestration/kinds/step-kinds.ts';
import type { ResourceRef, RunStatus } from '../orchestration/run-status.ts';
import type { EventReason } from '../orchestration/vocabulary/event-reasons.ts';

/** Of a run, what decides. */
export interface ObservedRun extends RunInput {
  readonly resourceVersion: string;
  readonly generation: number;
  readonly isBeingDeleted: boolean;
  readonly isCancelled: boolean;
  readonly isSuspended: boolean;
  /** It is there to be copied, by a Schedule, and never starts. */
  readonly isTemplate: boolean;
  /** As far as it can be believed: `repairSteps`. */
  readonly status: RunStatus;
  /** As it is stored. */
  readonly stored: Readonly<Record<string, unknown>>;
  /** Of the rest of the object: what leaves room for the status. */
  readonly bytesBeside: number;
  /** Somebody else has written this status. */
  readonly isContested: boolean;
}

/** The Orchestration of a run: as snapshotted at its start, or as it is now, where it has not started. */
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
  /** What the run follows is stored, or may be, and cannot be read now. */
  | { readonly state: 'SnapshotUnreadable'; readonly words: string; readonly error: unknown }
  /** The run is over, and nothing that is due needs it. */
  | { readonly state: 'Unread' }
  /** An object of the snapshot's name belongs to somebody else. */
  | { readonly state: 'Foreign' };

/** Another controller that starts the runs of a namespace too: it does, or that is not known before the time (milliseconds since 1970). */
export interface Rival {
  readonly isActive: boolean;
  readonly untilMs: number;
}

/** Everything one decision about one run looks at; read before, so that deciding is pure. */
export interface Observation {
  readonly run: ObservedRun;
  readonly orchestration: ObservedOrchestration;
  /** The step kinds that are known. */
  readonly kinds: StepKinds;
  /** Names of the Orchestrations up the chain of owners, nearest first; this run's own is not among them. */
  readonly ancestry: readonly string[];
  /** Who else may start this run, which nobody has started; absent where nobody may. */
  readonly rival?: Rival;
  /** Whether the run that owns this one has yet to record how it ended: until then it must stay. */
  readonly isAwaited: boolean;
  /**
   * What there is under the names of recorded children, by that name. It may be older than the cluster, with one exception:
   * a child that a step in work has recorded with its uid is missing here only if the API server says so, since a run's
   * status may be heard of before the child that it speaks of.
   */
  readonly children: ReadonlyMap<string, StoredObject>;
  /**
   * All that names this run as its controller, where it has to go whatever the status says of it: when the run is cancelled,
   * and after its status contradicted itself. Empty otherwise.
   */
  readonly owned: readonly StoredObject[];
  /**
   * Children of this run that carry our finalizer, as far as it is certain that they are no news to `run`: what its status
   * does not name is here only if that status is the newest.
   */
  readonly held: readonly StoredObject[];
  /**
   * Uids of children that this process created, by name, as the API server answered: one that nobody ever saw may have
   * come, ended and gone, and is not to be created again.
   */
  readonly created: ReadonlyMap<string, string>;
  /** Of what stands under a child's name and is this run's, but is not the child that it would create: how it differs. */
  readonly taken: ReadonlyMap<string, string>;
  /** What the API server said when it refused a child, by the child's name. */
  readonly refusals: ReadonlyMap<string, string>;
  /** Why what was tried to create is not there yet, in the API server's words, by its name. It is tried again. */
  readonly waits: ReadonlyMap<string, string>;
  /**
   * Steps of which nothing can be known now, since their kind cannot be listed, or their child not be read: a sentence on why,
   * by the step's name. What is absent of them may exist.
   */
  readonly unreadable: ReadonlyMap<string, string>;
  /** What gate kinds wait for, by step. */
  readonly watched: ReadonlyMap<string, readonly StoredObject[]>;
  /** What failed when it was read, each for itself: the run is looked at again. */
  readonly errors?: readonly unknown[];
}

/**
 * What is to be done. The status comes first, and without it nothing else is; of the rest each stands for itself. What
 * fails has the run looked at anew.
 */
export type Action =
  /** Stores the Orchestration the run will follow. */
  | { readonly type: 'CreateSnapshot'; readonly orchestration: Orchestration }
  /** Writes the whole status if the run is still as observed. What is not urgent may wait a second for company. */
  | { readonly type: 'PatchStatus'; readonly status: RunStatus; readonly isUrgent: boolean }
  | {
      readonly type: 'CreateChild';
      readonly step: string;
      readonly ref: ResourceRef;
      readonly spec: Readonly<Record<string, unknown>>;
      /** How long the child is kept after its end, where the step says so; it begins when the result is recorded. */
      readonly ttlSeconds?: number;
      /** It carries our finalizer until its end is recorded. */
      readonly isHeld?: boolean;
    }
  /** Takes our finalizer from a child, or puts it back, if the child is still as observed. */
  | { readonly type: 'ReleaseChild' | 'HoldChild'; readonly child: StoredObject }
  /** Deletes in the foreground; a child already gone is no failure. */
  | { readonly type: 'DeleteChild'; readonly ref: ResourceRef & { readonly uid: string } }
  /** Sets a child's ttlSecondsAfterFinished, once its result is recorded. */
  | { readonly type: 'SetChildTtl'; readonly ref: ResourceRef & { readonly uid: string }; readonly seconds: number }
  | { readonly type: 'DeleteRun' }
  | {
      readonly type: 'EmitEvent';
      readonly eventType: 'Normal' | 'Warning';
      readonly reason: EventReason;
      readonly message: string;
    }
  /** Looks again then, though nothing has happened. */
  | { readonly type: 'RequeueAt'; readonly time: string };
