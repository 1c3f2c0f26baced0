import { displayText, listNames } from '../../dag/display.ts';

/** What the API server says about the child of a step. */
export interface ChildVerdict {
  readonly step: string;
  /** The index of the step in the Orchestration. */
  readonly index: number;
  /** The kind of the child. */
  readonly kind: string;
  /**
   * `Waits`: the API server denies the child for a reason that can go away without a change to the child, so the
   * reconciler would try again and again.
   */
  readonly verdict: 'Accepted' | 'Denied' | 'Waits' | 'NotChecked';
  /** Why, for each field of the child. If the child is accepted, the warnings of the API server. */
  readonly problems: readonly { readonly field: string; readonly message: string }[];
}

/** Describes what could not be checked and why. Gives each reason once. */
export function describeUnchecked(verdicts: readonly ChildVerdict[]): readonly string[] {
  const unchecked = verdicts.filter(({ verdict }) => verdict === 'NotChecked');
  const groups = Map.groupBy(unchecked, ({ problems }) => problems.map(({ message }) => message).join('; '));
  return [...groups].map(
    ([why, steps]) => `not checked: ${listNames(steps.map(({ step }) => step))}: ${displayText(why)}`,
  );
}
