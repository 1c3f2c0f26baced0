import type { Budget, Row } from '../table.ts';
import type { Measured } from './measure.ts';

/** How long a Lease lives if nobody renews it. */
const LEASE_SECONDS = 15;

/**
 * Returns a row for each thing measured, those with the fewest finished runs first. Several replicas are compared with
 * one that had as many finished runs.
 */
export function rowsOf(measured: readonly Measured[]): Row[] {
  return measured
    .toSorted((one, other) => one.finished - other.finished || one.replicas - other.replicas)
    .flatMap((own) =>
      rowsBeside(
        own,
        measured.find(({ replicas, finished }) => replicas === 1 && own.replicas > 1 && finished === own.finished),
      ),
    );
}

/**
 * The budgets for memory and reactions apply only to several replicas without finished runs. A replica that takes over
 * lists finished runs too, as fast as the API server can.
 */
function rowsBeside(own: Measured, one: Measured | undefined): Row[] {
  const beside = own.finished === 0 ? '' : `, ${own.finished.toLocaleString('en-US')} finished`;
  const subject = `${own.replicas} × engine${beside}`;
  const row = (what: string, unit: string, of: (from: Measured) => number, budget: Budget = {}): Row => ({
    ...{ what: `${subject}: ${what}`, unit, ours: of(own), budget },
    ...(one !== undefined && { against: '1 × engine', other: of(one), ratio: of(own) / of(one) }),
  });
  const none = (what: string, unit: string, ours: number): Row => ({
    ...{ what: `${subject}: ${what}`, unit, ours, budget: { max: 0 } },
  });
  const hasBudgets = own.replicas > 1 && own.finished === 0;
  return [
    row('memory of the largest replica', 'MiB', largestMib, { ...(hasBudgets && { maxRatio: 0.4 }) }),
    row('the same, above a replica without runs', 'MiB', (from) => largestMib(from) - from.emptyMib),
    row('CPU of all at rest', '%', ({ atRest }) => sum(atRest.cpuPercent)),
    row('CPU of all, 20 steps/s', '%', ({ underLoad }) => sum(underLoad.cpuPercent)),
    row('API calls of all at rest', '/s', ({ atRest }) => atRest.callsPerSecond),
    row('API calls of all, 20 steps/s', '/s', ({ underLoad }) => underLoad.callsPerSecond),
    row('bytes received by all at rest', 'kB/s', ({ atRest }) => sum(atRest.kilobytesPerSecond)),
    row('bytes received by all, 20 steps/s', 'kB/s', ({ underLoad }) => sum(underLoad.kilobytesPerSecond)),
    row('end of a child to the next, median', 'ms', ({ reactions }) => reactions.reaction?.median ?? Number.NaN),
    row('end of a child to the next, p99', 'ms', ({ reactions }) => reactions.reaction?.p99 ?? Number.NaN),
    row('longest reaction after a replica was killed', 's', ({ afterKill }) => afterKill.longestMs / 1000, {
      ...(hasBudgets && { max: LEASE_SECONDS + 5 }),
    }),
    none('live runs that move no more', 'runs', own.reactions.stuck + own.afterKill.stuck),
    none('children made twice', 'children', own.duplicates),
    row('live runs started', '/s', ({ runs, startSeconds }) => runs / startSeconds),
  ];
}

function largestMib({ atRest }: Measured): number {
  return Math.max(...atRest.residentMib);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
