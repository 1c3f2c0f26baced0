import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { usePage } from '../page-state.ts';
import { Name, Sentence } from '../parts.tsx';
import type { EventView, RunEvents, RunEventsQuery } from '../protocol.ts';
import { formatAge, formatTime } from '../time.ts';

const AGAIN_MS = 5_000;

/** The events of a run, or of the child of one of its steps, the latest first. It is kept up to date. */
export function EventTable({ namespace, run, step }: RunEventsQuery) {
  const { api } = usePage();
  const answer = useSignal<RunEvents | undefined>(undefined);
  const failure = useSignal('');
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const load = async () => {
      const found = await api.readEvents({ namespace, run, ...(step !== undefined && { step }) });
      if (isOver) return;
      if ('failure' in found) failure.value = found.failure;
      else {
        answer.value = found;
        failure.value = '';
      }
      timer = setTimeout(() => void load(), AGAIN_MS);
    };
    void load();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [namespace, run, step]);
  const events = answer.value?.events ?? [];
  const note = failure.value || answer.value?.sentence;
  return (
    <section class="events" aria-label="Events">
      {note ? <p class="note">{note}</p> : undefined}
      {events.length > 0 ? (
        <ol>
          {events.map((event) => (
            <Event
              key={`${event.kind} ${event.name} ${event.reason} ${event.firstAt}`}
              event={event}
              isBrief={step !== undefined}
            />
          ))}
        </ol>
      ) : (
        <p class="nothing">
          {answer.value === undefined ? 'Loading …' : 'There are no events. Kubernetes keeps them for an hour.'}
        </p>
      )}
    </section>
  );
}

function Event({ event, isBrief }: { readonly event: EventView; readonly isBrief: boolean }) {
  const { nowMs, chooseStep, shown } = usePage();
  const { type, reason, message, kind, name, step, count, lastAt } = event;
  // A step of a nested run is behind the step of this run that runs it: outer/inner.
  const isOf = (outer: string) => step === outer || step?.startsWith(`${outer}/`) === true;
  const box = shown.value?.picture?.boxes.find((one) => isOf(one.name));
  return (
    <li class={type === 'Warning' ? 'warning' : ''}>
      <p class="event-head">
        <strong>{reason}</strong>
        {type === 'Warning' ? <span class="chip ignored">Warning</span> : undefined}
        {count > 1 ? <span class="count">{count} times</span> : undefined}
        <time dateTime={lastAt} title={formatTime(lastAt, nowMs.value)}>
          {formatAge(nowMs.value - Date.parse(lastAt))}
        </time>
      </p>
      <p class="value">
        <Sentence of={message} />
      </p>
      {isBrief ? undefined : (
        <p class="event-of">
          {kind} <bdi>{name}</bdi>
          {step === undefined ? undefined : (
            <>
              {' of step '}
              <button type="button" class="inline" onClick={() => chooseStep(box?.name)}>
                <Name of={step} />
              </button>
            </>
          )}
        </p>
      )}
    </li>
  );
}
