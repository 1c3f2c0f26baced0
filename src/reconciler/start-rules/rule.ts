import type { StepReason } from '../../orchestration/vocabulary/step-reasons.ts';
import type { Pass } from '../pass.ts';

/** The verdict of a rule on an attempt that would start. */
export type Verdict =
  | { readonly type: 'Start' }
  /** Not yet. The status of the step gets the message. Without a message, the status does not change. */
  | { readonly type: 'Wait'; readonly message?: string }
  /** Never: the step ends as Skipped. */
  | { readonly type: 'Skip'; readonly reason: StepReason; readonly message: string }
  /** Never: the step ends as Failed, and is not retried. */
  | { readonly type: 'Fail'; readonly reason: StepReason; readonly message: string };

/** Decides whether attempts start. Pure, except for what it remembers within one pass. */
export interface StartRule {
  /** Whether it judges each attempt, or only the first one of a step. */
  readonly judges: 'EachAttempt' | 'FirstAttempt';
  /**
   * When it judges a step: after all dependencies of the step, or after all other rules, in the order in which attempts
   * start. A rule that counts starts needs the latter, and must be the last row of the table.
   */
  readonly order: 'Dependencies' | 'Starts';
  /** Reads the run once, and returns a function that judges its steps, by index. */
  readonly prepare: (pass: Pass) => (step: number) => Verdict;
}

export const START: Verdict = { type: 'Start' };

export function wait(message?: string): Verdict {
  return { type: 'Wait', ...(message !== undefined && { message }) };
}

export function skip(reason: StepReason, message: string): Verdict {
  return { type: 'Skip', reason, message };
}

export function fail(reason: StepReason, message: string): Verdict {
  return { type: 'Fail', reason, message };
}
