import type { KubeObject, StoredObject } from '../../objects/object.ts';
import type { Approval } from '../approvals.ts';
import type { Field } from '../fields.ts';
import type { Outputs } from '../outputs.ts';
import type { Report } from '../problem.ts';
import type { StepStatus } from '../run-status.ts';
import type { Step } from '../schema.ts';
import type { StepReason } from '../vocabulary/step-reasons.ts';
import type { People } from './people.ts';

/** What a step waits for. Reason and message change only if what the step waits for changes. */
export interface Wait {
  readonly reason: StepReason;
  readonly message: string;
}

/** The outcome of an attempt, as far as it can be observed. */
export type Outcome =
  | { readonly state: 'Running'; readonly wait?: Wait }
  /** `outputs` need no declaration. `unknownOutputs` says why the outputs of the child are unknown. */
  | {
      readonly state: 'Succeeded';
      readonly message?: string;
      readonly outputs?: Outputs;
      readonly unknownOutputs?: string;
    }
  /** If `isFinal`, there is no other attempt, because it would fail in the same way. */
  | { readonly state: 'Failed'; readonly reason: StepReason; readonly message: string; readonly isFinal?: boolean };

/** The data that a run was created with. It never changes. */
export interface RunInput {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  /** RFC 3339 in UTC. */
  readonly creationTimestamp: string;
  /** The name of the Orchestration that the run executes. */
  readonly orchestration: string;
  /** Once the run has its snapshot, they include the defaults that the snapshot declares. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly deliveryId?: string;
}

/** The fields of a final step that a later step can read. The status of a large run can omit all others. */
export type FinalStep = Pick<StepStatus, 'phase' | 'reason' | 'attempt' | 'outputs'>;

/** Finds a final ancestor of a step by name. Undefined for any other step. */
export type Ancestors = (name: string) => FinalStep | undefined;

/**
 * A step kind: everything that lint, the gate, the reconciler, `plan`, the page and the chart know about it. A step
 * creates a child object, waits for another object, or succeeds at once. Its functions are pure.
 */
export type StepKind = ChildKind | GateKind | ImmediateKind;

interface AnyKind {
  /** The `kind` of its steps. */
  readonly name: string;
  /** What a step of this kind does, as words that follow the name: `runs an Agent`. */
  readonly does: string;
  /** The requirements of a step: one field of each of these lists, in any form. */
  readonly needs: readonly (readonly string[])[];
  /** The fields of a step that only this kind reads. */
  readonly fields: Readonly<Record<string, Field>>;
}

/** A kind of namespaced objects, as in the Kubernetes API. */
interface ObjectKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
}

export interface ChildKind extends AnyKind, ObjectKind {
  readonly type: 'Child';
  /** The field with the name of the Orchestration that the child runs, if it runs one. */
  readonly runs?: string;
  /**
   * Builds the spec of the child, or explains why there is none. It runs more than once for an attempt, even after a
   * crash, and always gives the same result: its inputs do not change after the attempt has started.
   */
  readonly buildSpec: (
    step: Step,
    run: RunInput,
    ancestors: Ancestors,
  ) => { readonly spec: Readonly<Record<string, unknown>> } | { readonly refusal: string };
  /**
   * Reports why the API server would deny the child, or why its controller would fail it. It reports only what does not
   * depend on the parameters of the run.
   */
  readonly checkChild?: (step: Step, index: number, report: Report) => void;
  /** The lifetime of the finished child, in seconds, if the step sets one. */
  readonly ttlSeconds?: (step: Step) => number | undefined;
  /**
   * Whether the child has our finalizer until its end is recorded, because other controllers delete finished children.
   */
  readonly isHeld?: boolean;
  readonly readOutcome: (child: StoredObject) => Outcome;
  /** Returns what expressions of outputs read as `child`. Without this function, that is the object itself. */
  readonly viewChild?: (child: StoredObject) => object;
  /**
   * Returns the time when the work of the child started, as its status reports it. Undefined if it has not started.
   * Without this function, the work of a child starts when it is created.
   */
  readonly readStart?: (child: StoredObject) => string | undefined;
  /**
   * Returns the names of the Jobs that carry out the child, in its namespace, in their order. Their pods have the logs.
   * Without this function, a child has no Jobs.
   */
  readonly jobs?: (child: KubeObject) => readonly string[];
  /** Returns true if an unfinished child has to clean up. It is then asked to end before it is deleted. */
  readonly mustCleanUp?: (child: StoredObject) => boolean;
  /** Returns what an unfinished child waits for. Undefined if it works. `said` is the current message of its step. */
  readonly readWait?: (child: StoredObject, said: string) => Wait | undefined;
}

export interface GateKind extends AnyKind, ObjectKind {
  readonly type: 'Gate';
  /**
   * Whether a decision can be revoked. If so, the object is read from the API server, not from the copy, before the
   * gate opens or denies.
   */
  readonly isRevocable?: boolean;
  /** Returns the texts that the step waits for. An object that offers one of them is a candidate. */
  readonly wants: (step: Step) => readonly string[];
  readonly offers: (candidate: StoredObject) => readonly string[];
  /** Returns true if the step waits for `candidate`, which offers one of the texts that the step wants. */
  readonly matches: (step: Step, candidate: StoredObject, run: RunInput) => boolean;
  /** Whether people can also decide about a step of this name, by annotations of its run. If absent, they cannot. */
  readonly isDecidedByPeople?: (step: Pick<Step, 'name'>) => boolean;
  /** `people` is undefined if people cannot decide about the step. */
  readonly judge: (step: Step, watched: readonly StoredObject[], people?: People) => Outcome;
  /**
   * Returns what expressions of outputs read as `child`: the object that the step waited for, if there is one, and what
   * people decided. Without this function, that is the object itself.
   */
  readonly viewChild?: (watched: StoredObject | undefined, approvals: readonly Approval[]) => object;
  /**
   * Returns the parts of an object that the functions above read, except its metadata. Only these are kept in memory.
   */
  readonly keep: (candidate: StoredObject) => object;
}

export interface ImmediateKind extends AnyKind {
  readonly type: 'Immediate';
  readonly message: string;
}
