import { usePage } from '../page-state.ts';
import { Facts, Sentence } from '../parts.tsx';
import type { AttemptView } from '../protocol.ts';
import { formatDuration, formatTime } from '../time.ts';
import { Child } from './step-overview.tsx';
import type { StepProps } from './step-panel.tsx';

/** The attempts of a step, the current one first. */
export function Attempts({ shown, index }: StepProps) {
  const step = shown.steps.get(index);
  if (step === undefined) return null;
  const current = step.why.join(' ');
  return (
    <ol class="attempts">
      <Attempt attempt={{ ...step, message: current }} isCurrent />
      {step.previousAttempts?.toReversed().map((attempt) => (
        <Attempt key={attempt.attempt} attempt={attempt} isCurrent={false} />
      ))}
    </ol>
  );
}

function Attempt({ attempt: shown, isCurrent }: { readonly attempt: AttemptView; readonly isCurrent: boolean }) {
  const { nowMs } = usePage();
  const { attempt, reason, message, startedAt, finishedAt, child } = shown;
  const took = formatDuration(
    (finishedAt === undefined ? nowMs.value : Date.parse(finishedAt)) - Date.parse(startedAt ?? ''),
  );
  return (
    <li>
      <h3>
        Attempt {attempt}
        {isCurrent ? ' (the current one)' : ''}
      </h3>
      {message === undefined ? undefined : (
        <p class="why">
          <Sentence of={message} />
        </p>
      )}
      <Facts
        facts={[
          ['Reason', reason],
          ['Started', startedAt && formatTime(startedAt, nowMs.value)],
          [finishedAt === undefined ? 'For' : 'Took', took],
        ]}
      />
      {child === undefined ? undefined : <Child child={child} />}
    </li>
  );
}
