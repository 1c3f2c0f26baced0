import { usePage } from '../page-state.ts';
import { Name } from '../parts.tsx';
import type { OfferedAction } from '../protocol.ts';
import { ACTION_WORDS } from './action-words.ts';

/** A button that opens the dialog of an action. */
export function ActionButton({ action }: { readonly action: OfferedAction }) {
  const { asked } = usePage();
  const { button, isDangerous } = ACTION_WORDS[action.verb];
  const isPlain = action.verb === 'suspend' || action.verb === 'resume' || isDangerous;
  return (
    <button
      type="button"
      class={`button${isPlain ? '' : ' primary'}${isDangerous ? ' danger' : ''}`}
      aria-haspopup="dialog"
      data-verb={action.verb}
      onClick={() => {
        asked.value = action;
      }}
    >
      {button}
      {action.step === undefined ? undefined : (
        <span class="hidden">
          {' '}
          <Name of={action.step} />
        </span>
      )}
      {action.verb === 'run' || action.verb === 'rerun' || action.verb === 'cancel' || action.verb === 'deny'
        ? ' …'
        : ''}
    </button>
  );
}

/** What people can decide now, above everything else. */
export function Decisions({ actions }: { readonly actions: readonly OfferedAction[] }) {
  const { chooseStep } = usePage();
  const steps = [...new Set(actions.flatMap(({ step }) => step ?? []))];
  if (steps.length === 0) return null;
  return (
    <ul class="decisions" aria-label="Waiting for approval">
      {steps.map((step) => (
        <li key={step}>
          <span>
            Waits for approval:{' '}
            <button type="button" class="inline" onClick={() => chooseStep(step)}>
              <Name of={step} />
            </button>
          </span>
          <span class="actions">
            {actions
              .filter((action) => action.step === step)
              .map((action) => (
                <ActionButton key={action.verb} action={action} />
              ))}
          </span>
        </li>
      ))}
    </ul>
  );
}
