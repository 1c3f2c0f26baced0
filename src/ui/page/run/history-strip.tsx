import { useMemo } from 'preact/hooks';
import { type History, planHistory } from '../list/history.ts';
import { lookOfPhase } from '../looks.ts';
import { usePage } from '../page-state.ts';
import { formatAge, formatDuration } from '../time.ts';

/** The last fifty runs of an Orchestration: how long they took, and how many have succeeded. */
export function HistoryStrip({ name }: { readonly name: string }) {
  const { runs, nowMs } = usePage();
  const now = nowMs.value;
  const history = useMemo(() => planHistory(runs.value, name, now), [runs.value, name, now]);
  if (history.bars.length === 0) return <p class="note history-empty">It has no runs yet.</p>;
  return (
    <section class="history" aria-label="Last runs">
      <p class="rate">{describeHistory(history)}</p>
      <Bars history={history} />
    </section>
  );
}

function describeHistory({ rate, judged, cancelled, medianMs }: History): string {
  const words = [
    ...(rate === undefined ? [] : [`${rate} % of the last ${judged} succeeded`]),
    ...(cancelled === 0 ? [] : [`${cancelled} cancelled`]),
    ...(medianMs === undefined ? [] : [`median ${formatDuration(medianMs)}`]),
  ];
  return words.join(' · ') || 'No run has ended yet';
}

function Bars({ history: { bars } }: { readonly history: History }) {
  const { hrefTo, nowMs } = usePage();
  return (
    <ol class="bars">
      {bars.map(({ entry, ms, height }) => {
        const look = lookOfPhase(entry.phase ?? '');
        const took = ms === undefined ? 'not started' : formatDuration(ms);
        const words = `${entry.name}: ${entry.phase ?? 'Not started'}, ${took}, ${formatAge(nowMs.value - entry.createdAt)}`;
        return (
          <li key={entry.name}>
            <a href={hrefTo({ kind: 'OrchestrationRun', name: entry.name })} title={words} aria-label={words}>
              <span
                class={`column ${look.name}${entry.finishedAt === undefined ? ' open' : ''}`}
                style={{ height: `${Math.max(8, height * 100)}%` }}
              />
            </a>
          </li>
        );
      })}
    </ol>
  );
}
