import type { Signal } from '@preact/signals';
import { printable } from '../names.ts';
import type { OfferedAction, ParameterView } from '../protocol.ts';
import type { Answers } from './action-words.ts';

export interface ActionFieldsProps {
  readonly action: OfferedAction;
  readonly parameters: readonly ParameterView[];
  /** The names of the steps, raw. */
  readonly steps: readonly string[];
  readonly answers: Signal<Answers>;
  readonly values: Signal<Readonly<Record<string, string>>>;
  readonly others: Signal<string>;
  readonly mistakes: Signal<ReadonlyMap<string, string>>;
}

/** The fields of the dialog of an action. */
export function ActionFields(props: ActionFieldsProps) {
  const { action, answers, steps } = props;
  const set = (change: Partial<Answers>) => {
    answers.value = { ...answers.peek(), ...change };
  };
  const check = (name: 'isNow' | 'isLatest', label: string) => (
    <label class="check">
      <input
        type="checkbox"
        checked={answers.value[name]}
        onChange={({ currentTarget }) => set({ [name]: currentTarget.checked })}
      />
      {label}
    </label>
  );
  switch (action.verb) {
    case 'run':
      return <RunFields {...props} />;
    case 'rerun':
      return (
        <>
          <label class="field">
            <span>Steps to run again, with all steps that depend on them</span>
            <select
              multiple
              size={Math.min(8, Math.max(2, steps.length))}
              onChange={({ currentTarget }) =>
                set({ steps: Array.from(currentTarget.selectedOptions, (option) => steps[Number(option.value)] ?? '') })
              }
            >
              {steps.map((name, at) => (
                <option key={name} value={at} selected={answers.value.steps.includes(name)}>
                  {printable(name)}
                </option>
              ))}
            </select>
          </label>
          {check('isLatest', 'Use the current version of the Orchestration')}
        </>
      );
    case 'approve':
    case 'deny':
      return (
        <label class="field">
          <span>Comment (optional)</span>
          <textarea
            rows={3}
            value={answers.value.comment}
            onInput={({ currentTarget }) => set({ comment: currentTarget.value })}
          />
        </label>
      );
    case 'cancel':
      return check('isNow', 'Without cleanup: also end the steps with runIf: Always');
    case 'suspend':
    case 'resume':
      return null;
    default:
      return action.verb satisfies never;
  }
}

function RunFields({ parameters, values, others, mistakes }: ActionFieldsProps) {
  const mistake = mistakes.value.get('');
  return (
    <>
      {parameters.map((parameter) => (
        <ParameterField
          key={parameter.name}
          parameter={parameter}
          value={values.value[parameter.name] ?? ''}
          mistake={mistakes.value.get(parameter.name)}
          onInput={(value) => {
            values.value = { ...values.peek(), [parameter.name]: value };
          }}
        />
      ))}
      <label class="field">
        <span>{parameters.length > 0 ? 'Other parameters' : 'Parameters'}, one NAME=VALUE a line</span>
        <textarea
          rows={2}
          value={others.value}
          spellcheck={false}
          aria-invalid={mistake !== undefined}
          aria-describedby="other-mistake"
          onInput={({ currentTarget }) => {
            others.value = currentTarget.value;
          }}
        />
        <span id="other-mistake" class="mistake">
          {mistake}
        </span>
      </label>
    </>
  );
}

interface ParameterFieldProps {
  readonly parameter: ParameterView;
  readonly value: string;
  readonly mistake: string | undefined;
  readonly onInput: (value: string) => void;
}

function ParameterField({ parameter, value, mistake, onInput }: ParameterFieldProps) {
  const { name, isRequired, default: standard, enum: choices, pattern, description } = parameter;
  const id = `parameter-${name}`;
  const hints = [
    description === undefined ? '' : printable(description),
    pattern === undefined ? '' : `It must match ${printable(pattern)}.`,
    standard === undefined || standard === '' ? '' : `The default is ${printable(standard)}.`,
  ];
  const field = {
    id,
    value,
    required: isRequired,
    'aria-invalid': mistake !== undefined,
    'aria-describedby': `${id}-hint ${id}-mistake`,
  };
  return (
    <div class="field">
      <label for={id}>
        <bdi>{printable(name)}</bdi>
        {isRequired ? <span class="required"> required</span> : undefined}
      </label>
      {choices === undefined ? (
        <input
          type="text"
          {...field}
          spellcheck={false}
          onInput={({ currentTarget }) => onInput(currentTarget.value)}
        />
      ) : (
        <select {...field} onChange={({ currentTarget }) => onInput(currentTarget.value)}>
          {choices.includes('') || choices.includes(standard ?? '') ? undefined : (
            <option value="">{isRequired ? 'Choose …' : '(not given)'}</option>
          )}
          {choices.map((choice) => (
            <option key={choice} value={choice} selected={choice === value}>
              {printable(choice)}
            </option>
          ))}
        </select>
      )}
      <span id={`${id}-hint`} class="hint">
        <bdi>{hints.filter(Boolean).join(' ')}</bdi>
      </span>
      <span id={`${id}-mistake`} class="mistake">
        {mistake}
      </span>
    </div>
  );
}
