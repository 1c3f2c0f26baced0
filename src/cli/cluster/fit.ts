import type { StepPhase, StepStatus } from '../../orchestration/run-status.ts';
import type { Line } from './drawing.ts';

/** The order in which steps are chosen if not all fit: first those that are at work, then those that went wrong. */
const URGENCY: Readonly<Record<StepPhase, number>> = {
  Running: 0,
  Retrying: 0,
  Failed: 1,
  Cancelled: 2,
  Skipped: 2,
  Pending: 3,
  Succeeded: 4,
};

/** In a terminal narrower than this, lines are cut instead of wrapped. */
const LEAST_TO_WRAP = 40;

/**
 * Returns the lines that fit into a terminal of this size, so that they can be drawn over later. Wraps lines that are
 * too wide, because a message ends with what to do. If not all lines fit, chooses the most urgent steps, shows them in
 * their order, and counts the others. The lines of the steps come after the first line. Leaves the last row to the
 * cursor.
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

/** Returns the rows of as many steps as there is room for, by the index of the step. Chooses the most urgent first. */
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

/**
 * Splits a line into at most `mostRows` rows that are narrower than `columns`. Breaks at spaces if possible, and cuts
 * the last row.
 */
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

/**
 * Cuts a text to a width. Characters from U+2E80 on count as two columns wide, whether they are or not, because a line
 * that is too short does no harm.
 */
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
