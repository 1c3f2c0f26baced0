import type { Action, ActionVerb, EntryKey, OfferedAction } from '../protocol.ts';

/** The words of the buttons, and of the button that confirms. */
export const ACTION_WORDS: Readonly<Record<ActionVerb, { readonly button: string; readonly isDangerous?: true }>> = {
  run: { button: 'Run' },
  rerun: { button: 'Rerun' },
  approve: { button: 'Approve' },
  deny: { button: 'Deny', isDangerous: true },
  cancel: { button: 'Cancel the run', isDangerous: true },
  suspend: { button: 'Suspend' },
  resume: { button: 'Resume' },
};

/** What the dialog of an action has collected. */
export interface Answers {
  readonly parameters: Readonly<Record<string, string>>;
  readonly steps: readonly string[];
  readonly isLatest: boolean;
  readonly isNow: boolean;
  readonly comment: string;
}

export const noAnswers: Answers = { parameters: {}, steps: [], isLatest: false, isNow: false, comment: '' };

/** Makes the request of an action. `deliveryId` is the same for each attempt to send it. */
export function buildAction(
  { verb, step = '' }: OfferedAction,
  { name }: Pick<EntryKey, 'name'>,
  namespace: string,
  { parameters, steps, isLatest, isNow, comment }: Answers,
  deliveryId: string,
): Action {
  switch (verb) {
    case 'run':
      return { verb, namespace, orchestration: name, parameters, deliveryId };
    case 'rerun':
      return { verb, namespace, run: name, steps, isLatest, deliveryId };
    case 'approve':
    case 'deny':
      return { verb, namespace, run: name, step, comment };
    case 'cancel':
      return { verb, namespace, run: name, isNow };
    case 'suspend':
    case 'resume':
      return { verb, namespace, run: name };
    default:
      return verb satisfies never;
  }
}
