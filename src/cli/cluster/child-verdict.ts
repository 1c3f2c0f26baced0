import { displayText, listNames } from '../../dag/display.ts';

/** What the API server says of the child of a step. */
export interface ChildVerdict {
  readonly step: string;
  /** Where the step stands in the list of all. */
  readonly index: number;
  /** Of the child. */
  readonly kind: string;
  /** `Waits`: it is denied for what may change without it, and would be created again and again. */
  readonly verdict: 'Accepted' | 'Denied' | 'Waits' | 'NotChecked';
  /** Why, place by place of the child; of one that is accepted, what the API server warns of. */
  readonly problems: readonly { readonly field: string; readonly message: string }[];
}

/** What could not be checked and why, each reason once. */
export function describeUnchecked(verdicts: readonly ChildVerdict[]): readonly string[] {
  const unchecked = verdicts.filter(({ verdict }) => verdict === 'NotChecked');
  const groups = Map.groupBy(unchecked, ({ problems }) => problems.map(({ message }) => message).join('; '));
  return [...groups].map(
    ([why, steps]) => `not checked: ${listNames(steps.map(({ step }) => step))}: ${displayText(why)}`,
  );
}
