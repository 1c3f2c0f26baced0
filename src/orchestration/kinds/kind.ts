import type { StoredObject } from '../../objects/object.ts';
import type { Field } from '../fields.ts';
import type { Tell } from '../problem.ts';
import type { StepStatus } from '../run-status.ts';
import type { Step } from '../schema.ts';
import type { StepReason } from '../vocabulary/step-reasons.ts';

/** What a step waits for: a word for programs, a sentence for people. Neither changes unless what is waited for does. */
export interface Wait {
  readonly reason: StepReason;
  readonly message: string;
}

/** What can be read off the world about an attempt. */
export type Outcome =
  | { readonly state: 'Running'; readonly wait?: Wait }
  | { readonly state: 'Succeeded'; readonly message?: string }
  /** `isFinal`: another attempt would meet the same. */
  | { readonly state: 'Failed'; readonly reason: StepReason; readonly message: string; readonly isFinal?: boolean };

/** What a run was created with. None of it ever changes. */
export interface RunInput {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  /** RFC 3339 in UTC. */
  readonly creationTimestamp: string;
  /** The name of the Orchestration that it runs. */
  readonly orchestration: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly deliveryId?: string;
}

/** What a later step can read of a final step. The status of a large run may leave out everything else. */
export type FinalStep = Pick<StepStatus, 'phase' | 'reason' | 'attempt'>;

/** Finds a final ancestor of a step by its name; undefined for any other step. */
export type Ancestors = (name: string) => FinalStep | undefined;

/**
 * A step kind: all that lint, the gate, the reconciler, `plan`, the page and the chart know about it. It is carried out by a
 * child object, by waiting for somebody else's object, or at once. Pure.
 */
export type StepKind = ChildKind | GateKind | ImmediateKind;

interface AnyKind {
  /** The `kind` of its steps. */
  readonly name: string;
  /** What a step of this kind does, in words that follow the name: `runs an Agent`. */
  readonly does: string;
  /** What a step needs: one of each of these lists of fields, in any spelling. */
  readonly needs: readonly (readonly string[])[];
  /** The fields of a step that only this kind reads. */
  readonly fields: Readonly<Record<string, Field>>;
}

/** A kind of namespaced objects, as the API server names it. */
interface ObjectKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
}

export interface ChildKind extends AnyKind, ObjectKind {
  readonly type: 'Child';
  /** The field that names the Orchestration that the child runs, if it runs one. */
  readonly runs?: string;
  /**
   * The child's spec, or a sentence why there can be none. It is built more than once for an attempt, also after a crash, and
   * is then the same: nothing that it is built from changes after the attempt has started.
   */
  readonly buildSpec: (
    step: Step,
    run: RunInput,
    ancestors: Ancestors,
  ) => { readonly spec: Readonly<Record<string, unknown>> } | { readonly refusal: string };
  /** Reports what the API server would deny of the child, or its controller fail, whatever parameters a run has. */
  readonly checkChild?: (step: Step, index: number, tell: Tell) => void;
  /** Seconds after which the finished child may go, where the step asks for it. */
  readonly ttlSeconds?: (step: Step) => number | undefined;
  /** Others delete finished ones: the child carries our finalizer until its end is recorded. */
  readonly isHeld?: boolean;
  readonly readOutcome: (child: StoredObject) => Outcome;
  /**
   * When the child's work began, by its own account; undefined while that is still ahead. Without it the work of children
   * of this kind begins with their creation.
   */
  readonly readStart?: (child: StoredObject) => string | undefined;
  /** What a child that has not ended waits for; undefined if it works. `said` is what its step says now. */
  readonly readWait?: (child: StoredObject, said: string) => Wait | undefined;
}

export interface GateKind extends AnyKind, ObjectKind {
  readonly type: 'Gate';
  /** What it waits for can be taken back: it is read once more, past the copy, before the gate opens or is denied. */
  readonly isRevocable?: boolean;
  /** What the step waits for, as texts that an object of this kind may offer: candidates are found by them. */
  readonly wants: (step: Step) => readonly string[];
  readonly offers: (candidate: StoredObject) => readonly string[];
  /** Whether `candidate`, which offers something that the step wants, is among what it waits for. */
  readonly matches: (step: Step, candidate: StoredObject, run: RunInput) => boolean;
  readonly judge: (step: Step, watched: readonly StoredObject[]) => Outcome;
  /** What the functions above read of an object, beside its metadata: nothing else of it is kept in memory. */
  readonly keep: (candidate: StoredObject) => object;
}

export interface ImmediateKind extends AnyKind {
  readonly type: 'Immediate';
  readonly message: string;
}
