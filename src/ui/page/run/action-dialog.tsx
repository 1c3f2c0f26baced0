import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { usePage } from '../page-state.ts';
import { Name, Sentence } from '../parts.tsx';
import type { OfferedAction } from '../protocol.ts';
import { ActionFields } from './action-fields.tsx';
import { ACTION_WORDS, type Answers, buildAction, noAnswers } from './action-words.ts';
import { readForm, startForm } from './form.ts';

/** The dialog of the action that the user has asked for. It says what will happen before anything does. */
export function ActionDialog() {
  const { asked } = usePage();
  const action = asked.value;
  return action === undefined ? null : <OpenDialog key={`${action.verb} ${action.step}`} action={action} />;
}

function OpenDialog({ action }: { readonly action: OfferedAction }) {
  const { asked, route, shown } = usePage();
  const dialog = useRef<HTMLDialogElement>(null);
  const { button, isDangerous } = ACTION_WORDS[action.verb];
  const form = useForm(action);
  // A layout effect, so that no key reaches a dialog that is in the page but not open.
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  useEffect(() => {
    dialog.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [form.mistakes.value]);
  const close = () => {
    asked.value = undefined;
  };
  const name = route.value.selected?.name ?? '';
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="dialog-title" aria-describedby="dialog-text" onClose={close}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void form.send();
        }}
      >
        <h2 id="dialog-title">
          {button}{' '}
          {action.step === undefined ? (
            <bdi>{action.verb === 'cancel' ? '' : name}</bdi>
          ) : (
            <>
              the step <Name of={action.step} />
            </>
          )}
        </h2>
        <p id="dialog-text" class="value">
          <Sentence of={action.consequence} />
        </p>
        <ActionFields
          action={action}
          parameters={shown.value?.orchestration?.parameters ?? []}
          steps={shown.value?.picture?.boxes.map((box) => box.name) ?? []}
          {...form}
        />
        <div role="alert">
          {form.sentences.value.map((sentence) => (
            <p key={sentence} class="mistake">
              <Sentence of={sentence} />
            </p>
          ))}
        </div>
        <p class="dialog-buttons">
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Back
          </button>
          <button type="submit" class={`button primary${isDangerous ? ' danger' : ''}`} disabled={form.isBusy.value}>
            {form.isBusy.value ? 'Sending …' : button}
          </button>
        </p>
      </form>
    </dialog>
  );
}

/** Keeps what the user has filled in, and sends it. */
function useForm(action: OfferedAction) {
  const { api, asked, goTo, notice, route, shown, store } = usePage();
  const declared = shown.peek()?.orchestration?.parameters ?? [];
  const answers = useSignal<Answers>(noAnswers);
  const values = useSignal<Readonly<Record<string, string>>>(startForm(declared));
  const others = useSignal('');
  const mistakes = useSignal<ReadonlyMap<string, string>>(new Map());
  const sentences = useSignal<readonly string[]>([]);
  const isBusy = useSignal(false);
  const deliveryId = useMemo(() => crypto.randomUUID(), []);

  async function send(): Promise<void> {
    const { selected } = route.peek();
    const { namespace } = store.context.peek() ?? {};
    if (selected === undefined || namespace === undefined || isBusy.peek()) return;
    const filled = action.verb === 'run' ? readForm(declared, values.peek(), others.peek()) : undefined;
    mistakes.value = filled?.mistakes ?? new Map();
    sentences.value = [];
    if (mistakes.value.size > 0) return;
    isBusy.value = true;
    const given = { ...answers.peek(), ...(filled && { parameters: filled.parameters }) };
    const answer = await api.act(buildAction(action, selected, namespace, given, deliveryId));
    isBusy.value = false;
    if (!answer.isDone) {
      sentences.value = answer.sentences;
      return;
    }
    asked.value = undefined;
    notice.value = answer.sentences.join(' ');
    if (answer.run !== undefined) goTo({ kind: 'OrchestrationRun', name: answer.run });
  }

  return { answers, values, others, mistakes, sentences, isBusy, send };
}
