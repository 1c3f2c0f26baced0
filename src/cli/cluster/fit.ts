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

/**
 * The lines that a terminal of this size can draw over later: each cut to its width, and of the steps, whose lines come
 * after the first, the most urgent, in their order, with a count of the others. The last row is left to the cursor.
 */
export function fitLines(
  lines: readonly Line[],
  steps: readonly StepStatus[],
  { columns, rows }: { readonly columns: number; readonly rows: number },
): Line[] {
  const cut = (line: Line) => ({ ...line, text: cutToWidth(line.text, columns) });
  const room = Math.max(0, rows - 1 - (lines.length - steps.length));
  if (steps.length <= room) return lines.map(cut);
  const byUrgency = [...steps.keys()].sort((left, right) => urgencyAt(steps, left) - urgencyAt(steps, right));
  const shown = new Set(byUrgency.slice(0, Math.max(0, room - 1)));
  const left = steps.filter((_, index) => !shown.has(index));
  const chosen = lines.filter((_, at) => at === 0 || at > steps.length || shown.has(at - 1));
  chosen.splice(1 + shown.size, 0, { text: `  … and ${left.length} more: ${countPhases(left)}` });
  return chosen.map(cut);
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
