import { useSignal } from '@preact/signals';
import { lookOf } from '../looks.ts';
import { usePage } from '../page-state.ts';
import { Command, Facts, Icon, Name, Sentence } from '../parts.tsx';
import type { ApprovalView, BoxView, ChildView, StepView } from '../protocol.ts';
import { formatDuration, formatTime } from '../time.ts';
import { ActionButton } from './actions.tsx';
import type { StepProps } from './step-panel.tsx';

/** Why the step is in its state, what people can do, and which steps are around it. */
export function StepOverview(props: StepProps) {
  const { shown, picture, index } = props;
  const box = picture.boxes[index] as BoxView;
  const step = shown.steps.get(index);
  const waitsFor = picture.edges.filter(({ to, isOrder }) => to === index && isOrder).map(({ from }) => from);
  const neededBy = picture.edges.filter(({ from }) => from === index).map(({ to }) => to);
  const own = shown.actions.filter((action) => action.step === box.name);
  return (
    <>
      {(step?.why ?? [describeState(box)]).map((sentence) => (
        <p key={sentence} class="why">
          <Sentence of={sentence} />
        </p>
      ))}
      {step?.because.map(({ word, index: at }) => (
        <StepLink key={`${word} ${at}`} {...props} index={at} word={word} />
      ))}
      {own.length > 0 ? (
        <p class="actions">
          {own.map((action) => (
            <ActionButton key={action.verb} action={action} />
          ))}
        </p>
      ) : undefined}
      {step === undefined ? undefined : <StepFacts step={step} />}
      <Approvals approvals={step?.approvals} />
      {box.condition === '' ? undefined : (
        <>
          <h3>Runs on a condition</h3>
          <p class="value">
            <Sentence of={box.condition} />
          </p>
        </>
      )}
      {step?.child === undefined ? undefined : (
        <>
          <h3>{step.child.kind}</h3>
          <Child child={step.child} />
        </>
      )}
      <Neighbours {...props} title="Waits for" indexes={waitsFor} />
      <Neighbours {...props} title="Needed by" indexes={neededBy} />
    </>
  );
}

function describeState({ state }: BoxView): string {
  switch (state) {
    case 'ready':
      return 'It starts as soon as everything it waits for is done.';
    case 'loop':
      return 'It is on a loop, so it depends on itself. Remove one of the dependencies on the loop.';
    case 'stuck':
      return 'It can never start: it waits for steps on a loop.';
    case 'missing':
      return 'No step has this name, but other steps depend on it.';
    default:
      return state satisfies never;
  }
}

/** A button that goes to another step. */
export function StepLink({ shown, picture, index, word = '', onChoose }: StepProps & { readonly word?: string }) {
  const box = picture.boxes[index];
  if (box === undefined) return null;
  const look = lookOf(box, shown.steps.get(index));
  return (
    <button type="button" class="link" onClick={() => onChoose(index)}>
      {word === '' ? undefined : <span class="word">{word}</span>}
      <Icon look={look} />
      <Name of={box.name} />
      <span class="phase">{look.word}</span>
    </button>
  );
}

const FEW = 12;

function Neighbours({
  title,
  indexes,
  ...props
}: Omit<StepProps, 'index'> & { title: string; indexes: readonly number[] }) {
  const isOpen = useSignal(false);
  if (indexes.length === 0) return null;
  const shown = isOpen.value ? indexes : indexes.slice(0, FEW);
  return (
    <section>
      <h3>
        {title} <span class="count">{indexes.length}</span>
      </h3>
      {shown.map((at) => (
        <StepLink key={at} {...props} index={at} />
      ))}
      {shown.length < indexes.length ? (
        <button
          type="button"
          class="small"
          onClick={() => {
            isOpen.value = true;
          }}
        >
          Show all {indexes.length}
        </button>
      ) : undefined}
    </section>
  );
}

function StepFacts({ step }: { readonly step: StepView }) {
  const { nowMs, hrefTo } = usePage();
  const now = nowMs.value;
  const { attempt, mostAttempts, startedAt, finishedAt, nextRetryAt, reason, phase, inheritedFrom } = step;
  const isOpen = phase === 'Running' || phase === 'Retrying';
  const endMs = isOpen ? now : Date.parse(finishedAt ?? '');
  const attempts =
    attempt === 0 ? 'none yet' : mostAttempts > 1 ? `${attempt} of at most ${mostAttempts}` : `${attempt}`;
  return (
    <Facts
      facts={[
        [
          'Inherited from run',
          inheritedFrom && (
            <a href={hrefTo({ kind: 'OrchestrationRun', name: inheritedFrom })}>
              <bdi>{inheritedFrom}</bdi>
            </a>
          ),
        ],
        ['Attempts', inheritedFrom === undefined ? attempts : undefined],
        ['Reason', reason],
        ['Started', startedAt && formatTime(startedAt, now)],
        ['Finished', finishedAt && formatTime(finishedAt, now)],
        [isOpen ? 'For' : 'Took', formatDuration(endMs - Date.parse(startedAt ?? ''))],
        [
          'Next attempt',
          nextRetryAt && `${formatTime(nextRetryAt, now)} (in ${formatDuration(Date.parse(nextRetryAt) - now)})`,
        ],
      ]}
    />
  );
}

function Approvals({ approvals = [] }: { readonly approvals?: readonly ApprovalView[] | undefined }) {
  const { nowMs } = usePage();
  if (approvals.length === 0) return null;
  return (
    <section>
      <h3>Decisions</h3>
      <ul class="approvals">
        {approvals.map(({ user, isApproved, at, comment }) => (
          <li key={`${user} ${at}`}>
            <strong>
              <Name of={user} />
            </strong>{' '}
            <span class={isApproved ? 'succeeded' : 'failed'}>{isApproved ? 'approved' : 'denied'}</span>,{' '}
            {formatTime(at, nowMs.value)}
            {comment === undefined ? undefined : (
              <blockquote>
                <bdi>{comment}</bdi>
              </blockquote>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The object that carries out an attempt. A run has a page of its own. */
export function Child({ child: { kind, name, command, isRun } }: { readonly child: ChildView }) {
  const { hrefTo } = usePage();
  const shown = <bdi>{name}</bdi>;
  return (
    <>
      <p class="child">
        {isRun ? <a href={hrefTo({ kind: 'OrchestrationRun', name })}>{shown}</a> : shown}
        <span class="hidden"> ({kind})</span>
      </p>
      <Command command={command} />
    </>
  );
}
