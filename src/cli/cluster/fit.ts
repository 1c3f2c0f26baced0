import type { StepPhase, StepStatus } from '../../orchestration/run-status.ts';
import type { Line } from './drawing.ts';

/** Which steps are left out last where not all fit: those that are at work, then those that went wrong. */
const URGENCY: Readonly<Record<StepPhase, number>> = {
  Running: 0,
  Retrying: 0,
  Failed: 1,
  Cancelled: 2,
  Skipped: 2,
  Pending: 3,
  Succeeded: 4,
};

/** A terminal narrower than this gets cut lines in place of broken ones. */
const LEAST_TO_WRAP = 40;

/**
 * The lines that a terminal of this size can draw over later, broken where they are too wide, since a message ends with what
 * to do. Where not all fit: of the steps, whose lines come after the first, the most urgent, in their order, with a count of
 * the others. The last row is left to the cursor.
 */
export function fitLines(lines: readonly Line[], steps: readonly StepStatus[], size: Size): Line[] {
  const whole = lines.map((line) => wrap(line, size.columns, Infinity));
  if (whole.flat().length < size.rows) return whole.flat();
  const [head, ...notes] = lines
    .filter((_, at) => at === 0 || at > steps.length)
    .map((line) => wrap(line, size.columns, Math.max(1, Math.floor((size.rows - 1) / 3))));
  const room = size.rows - 2 - [...(head ?? []), ...notes.flat()].length;
  const shown = chooseSteps(lines.slice(1, steps.length + 1), steps, size.columns, room);
  const left = steps.filter((_, index) => !shown.has(index));
  const count = { text: cutToWidth(`  … and ${left.length} more: ${countPhases(left)}`, size.columns) };
  const chosen = steps.flatMap((_, index) => shown.get(index) ?? []);
  return [...(head ?? []), ...chosen, ...(left.length > 0 ? [count] : []), ...notes.flat()];
}

interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** The rows of as many steps as there is room for, the most urgent first, by where they stand. */
function chooseSteps(
  lines: readonly Line[],
  steps: readonly StepStatus[],
  columns: number,
  most: number,
): ReadonlyMap<number, readonly Line[]> {
  const shown = new Map<number, readonly Line[]>();
  const byUrgency = [...steps.keys()].sort((left, right) => urgencyAt(steps, left) - urgencyAt(steps, right));
  let room = most;
  for (const index of byUrgency) {
    if (room <= 0) break;
    const rows = wrap(lines[index] as Line, columns, room);
    shown.set(index, rows);
    room -= rows.length;
  }
  return shown;
}

/** The line in rows that are less wide than `columns`, at most so many: the last is cut. Broken at spaces, if it can be. */
function wrap(line: Line, columns: number, mostRows: number): Line[] {
  const indent = ' '.repeat(line.text.search(/\S|$/) + 4);
  const rows: string[] = [];
  let rest = line.text;
  while (columns >= LEAST_TO_WRAP && rows.length + 1 < mostRows && cutToWidth(rest, columns) !== rest) {
    const fitting = cutToWidth(rest, columns).length - 1;
    const space = rest.lastIndexOf(' ', fitting);
    const end = space > indent.length ? space : fitting;
    rows.push(rest.slice(0, end).trimEnd());
    rest = indent + rest.slice(end).trimStart();
  }
  return [...rows, cutToWidth(rest, columns)].map((text) => ({ ...line, text }));
}

function urgencyAt(steps: readonly StepStatus[], index: number): number {
  return URGENCY[steps[index]?.phase ?? 'Succeeded'];
}

function countPhases(steps: readonly StepStatus[]): string {
  const groups = Map.groupBy(steps, ({ phase }) => phase);
  return [...groups].map(([phase, { length }]) => `${length} ${phase}`).join(', ');
}

/** Characters from U+2E80 on count as two columns wide, whether they are or not: a line too short does no harm. */
function cutToWidth(text: string, columns: number): string {
  let width = 0;
  let kept = '';
  for (const character of text) {
    const next = kept + character;
    width += (character.codePointAt(0) ?? 0) >= 0x2e80 ? 2 : 1;
    if (width >= columns && next.length < text.length) return `${kept}…`;
    kept = next;
  }
  return kept;
}
