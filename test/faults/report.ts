import type { Result } from './play.ts';
import type { Verdict } from './verdict.ts';

const KINDS: readonly (keyof Verdict)[] = ['duplicates', 'lost', 'backward', 'unfinished', 'other'];

export function isClean({ verdict }: Result): boolean {
  return KINDS.every((kind) => verdict[kind].length === 0);
}

/** What was done and what went wrong, for the person who has to fix it; '' if nothing went wrong. */
export function explain(result: Result): string {
  if (isClean(result)) return '';
  const { id, seed, schedule, verdict } = result;
  const complaints = KINDS.flatMap((kind) => verdict[kind].map((sentence) => `  ${kind}: ${sentence}`));
  return [
    `${id} with seed ${seed}: make faults FAULTS='--only ${id} --seed ${seed}'`,
    ...complaints.slice(0, 50),
    'what was done:',
    ...schedule.map((line) => `  ${line}`),
  ].join('\n');
}

/** One line for each scenario, and one with the sums. For writes of a status, the most of one run counts. */
export function tabulate(results: readonly Result[], wallSeconds: number): string {
  const head = [
    '',
    'runs',
    'crash points',
    'faults',
    'writes',
    ...KINDS.map((kind) => (kind === 'lost' ? 'lost steps' : kind)),
    's',
  ];
  const row = ({ id, runs, crashes, faults, writes, verdict, seconds, title }: Result) => [
    `${id} ${title}`,
    ...[runs, crashes, faults, writes, ...KINDS.map((kind) => verdict[kind].length)].map(String),
    seconds.toFixed(0),
  ];
  const played = results.filter(({ notRun }) => notRun === undefined);
  const rows = played.map(row);
  const sums = head.slice(1, -1).map((name, index) => {
    const column = rows.map((cells) => Number(cells[index + 1]));
    return String(name === 'writes' ? Math.max(...column) : column.reduce((sum, each) => sum + each, 0));
  });
  const all = [head, ...rows, ['all', ...sums, wallSeconds.toFixed(0)]];
  const widths = head.map((_, column) => Math.max(...all.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  const others = results.flatMap(({ id, title, notRun }) => (notRun ? [`${id} ${title}: ${notRun}`] : []));
  return [...all.map(line), ...others].join('\n');
}
