import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { displayCount } from '../names.ts';
import { usePage } from '../page-state.ts';
import { Command, Copy } from '../parts.tsx';
import type { LogMessage } from '../protocol.ts';
import { createLogBuffer, type LogState, noLogs } from './log-buffer.ts';
import { LogChunk } from './log-lines.tsx';

export interface LogViewProps {
  readonly namespace: string;
  readonly run: string;
  readonly step: string;
  /** Undefined for the last attempt. */
  readonly attempt: Signal<number | undefined>;
  /** The number of the last attempt. */
  readonly last: number;
}

/** The logs of a step, as they arrive. */
export function LogView(props: LogViewProps) {
  const { attempt, last } = props;
  const { logs, trouble } = useLogs(props);
  const searched = useSignal('');
  const isWrapped = useSignal(true);
  const isFollowed = useSignal(true);
  const { chunks, sources, dropped, note, isOver } = logs.value;
  const count = chunks.reduce((sum, { lines }) => sum + lines.length, 0);
  const found = countFound(logs.value, searched.value);
  const writeText = () => chunks.flatMap(({ lines }) => lines.map(({ text }) => text)).join('\n');
  return (
    <section class="logs" aria-label="Logs">
      <div class="log-tools">
        {last > 1 ? <AttemptPicker attempt={attempt} last={last} /> : undefined}
        <input
          type="search"
          placeholder="Search the lines"
          aria-label="Search the lines"
          value={searched.value}
          onInput={({ currentTarget }) => {
            searched.value = currentTarget.value;
          }}
        />
        <Toggle label="Follow" on={isFollowed} />
        <Toggle label="Wrap" on={isWrapped} />
        <Copy text={writeText} label="Copy all" />
        <span class="count" role="status">
          {searched.value === '' ? displayCount(count, 'line') : `${found} of ${displayCount(count, 'line')}`}
        </span>
      </div>
      {trouble.value || note ? <p class="note">{trouble.value || note}</p> : undefined}
      <Lines {...{ logs, searched, isWrapped, isFollowed }} />
      <p class="rest">
        {dropped > 0 ? `${displayCount(dropped, 'earlier line is', 'earlier lines are')} left out. ` : ''}
        {isOver ? 'That is the end.' : ''}
      </p>
      {sources.map(({ pod, container, command }) => (
        <Command key={`${pod}/${container}`} command={command} />
      ))}
    </section>
  );
}

/** Follows the logs as long as they are shown. Lines that arrive together are drawn together. */
function useLogs({ namespace, run, step, attempt }: LogViewProps) {
  const { api } = usePage();
  const logs = useSignal<LogState>(noLogs);
  const trouble = useSignal('');
  const number = attempt.value;
  useEffect(() => {
    let pending: LogMessage[] = [];
    let add = createLogBuffer();
    let frame = 0;
    const flush = () => {
      frame = 0;
      logs.value = add(logs.peek(), pending);
      pending = [];
    };
    const query = { namespace, run, step, ...(number !== undefined && { attempt: String(number) }) };
    const stop = api.followLogs(query, {
      onStart: () => {
        pending = [];
        add = createLogBuffer();
        logs.value = noLogs;
      },
      onMessage: (message) => {
        pending.push(message);
        if (frame === 0) frame = requestAnimationFrame(flush);
      },
      onLink: (link) => {
        trouble.value = 'sentence' in link ? link.sentence.trim() : '';
      },
    });
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [namespace, run, step, number]);
  return { logs, trouble };
}

function countFound({ chunks }: LogState, searched: string): number {
  const wanted = searched.toLowerCase();
  return chunks.reduce(
    (sum, { lines }) => sum + lines.filter(({ text }) => text.toLowerCase().includes(wanted)).length,
    0,
  );
}

interface LinesProps {
  readonly logs: Signal<LogState>;
  readonly searched: Signal<string>;
  readonly isWrapped: Signal<boolean>;
  readonly isFollowed: Signal<boolean>;
}

/** The view stays at the end while new lines arrive. Scrolling up stops that. Scrolling to the end starts it again. */
function Lines({ logs, searched, isWrapped, isFollowed }: LinesProps) {
  const place = useRef<HTMLDivElement>(null);
  const { chunks, sources } = logs.value;
  const named = sources.length > 1 ? sources : none;
  useLayoutEffect(() => {
    if (isFollowed.value && place.current !== null) place.current.scrollTop = place.current.scrollHeight;
  }, [chunks, isFollowed.value, isWrapped.value, searched.value]);
  const onScroll = () => {
    if (place.current === null) return;
    const { scrollTop, scrollHeight, clientHeight } = place.current;
    isFollowed.value = scrollTop + clientHeight >= scrollHeight - 8;
  };
  return (
    <div
      ref={place}
      class={`log-lines${isWrapped.value ? ' wrapped' : ''}`}
      role="log"
      aria-label="Lines"
      aria-live="off"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys scroll it
      tabIndex={0}
      onScroll={onScroll}
    >
      {chunks.map((chunk) => (
        <LogChunk key={chunk.id} chunk={chunk} searched={searched.value} sources={named} />
      ))}
    </div>
  );
}

const none: LogState['sources'] = [];

function Toggle({ label, on }: { readonly label: string; readonly on: Signal<boolean> }) {
  return (
    <label class="toggle">
      <input
        type="checkbox"
        checked={on.value}
        onChange={({ currentTarget }) => {
          on.value = currentTarget.checked;
        }}
      />
      {label}
    </label>
  );
}

function AttemptPicker({ attempt, last }: { readonly attempt: Signal<number | undefined>; readonly last: number }) {
  const numbers = Array.from({ length: Math.min(last, 6) }, (_, at) => last - at);
  return (
    <select
      aria-label="Attempt"
      value={attempt.value ?? last}
      onChange={({ currentTarget }) => {
        const number = Number(currentTarget.value);
        attempt.value = number === last ? undefined : number;
      }}
    >
      {numbers.map((number) => (
        <option key={number} value={number}>
          Attempt {number}
        </option>
      ))}
    </select>
  );
}
