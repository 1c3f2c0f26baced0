import type { Step } from '../../orchestration/schema.ts';
import type { StepReason } from '../../orchestration/vocabulary/step-reasons.ts';
import type { KubeObject, ObservedRun } from '../snapshot.ts';

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

/** How a step kind is carried out: by a child object, by waiting for somebody else's object, or at once. */
export type StepKind = ChildKind | GateKind | ImmediateKind;

export interface ChildKind {
  readonly type: 'Child';
  readonly apiVersion: string;
  readonly kind: string;
  /** The child's spec, or a sentence why there can be none. */
  readonly buildSpec: (
    step: Step,
    run: ObservedRun,
  ) => { readonly spec: Readonly<Record<string, unknown>> } | { readonly refusal: string };
  /** Seconds after which the finished child may go, where the step asks for it. */
  readonly ttlSeconds?: (step: Step) => number | undefined;
  /** Others delete finished ones: the child carries our finalizer until its end is recorded. */
  readonly isHeld?: boolean;
  /**
   * When the child's work began, by its own account; undefined while that is still ahead. Without it the work of children
   * of this kind begins with their creation.
   */
  readonly readStart?: (child: KubeObject) => string | undefined;
  /** What a child that has not ended waits for; undefined if it works. `said` is what its step says now. */
  readonly readWait?: (child: KubeObject, said: string) => Wait | undefined;
}

export interface GateKind {
  readonly type: 'Gate';
  /** What it waits for can be taken back: it is read once more, past the copy, before the gate opens or is denied. */
  readonly isRevocable?: boolean;
  /** Kind of the objects waited for. */
  readonly apiVersion: string;
  readonly kind: string;
  /** What the step waits for, as texts that an object of this kind may offer: candidates are found by them. */
  readonly wants: (step: Step) => readonly string[];
  readonly offers: (candidate: KubeObject) => readonly string[];
  /** Whether `candidate`, which offers something that the step wants, is among what it waits for. */
  readonly matches: (step: Step, candidate: KubeObject, run: ObservedRun) => boolean;
  readonly judge: (step: Step, watched: readonly KubeObject[]) => Outcome;
}

export interface ImmediateKind {
  readonly type: 'Immediate';
  readonly message: string;
}
