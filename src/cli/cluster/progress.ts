import type { StepStatus } from '../../orchestration/run-status.ts';
import { describeRun, drawRun, drawStep, type Line, paintLine } from './drawing.ts';
import { fitLines } from './fit.ts';
import type { Screen } from './port.ts';
import { hasEnded, type Run } from './run.ts';

/** How a run is shown while it is running. */
export interface Progress {
  /** Shows the run as it is at `nowMs`. `trouble` says why nothing newer is known. */
  readonly show: (run: Run, nowMs: number, trouble?: string) => void;
  /** How often to show an unchanged run again, because its times go on. Undefined means never. */
  readonly refreshMs?: number;
}

/**
 * Draws over the previous drawing, with as many lines as the terminal can hold. Draws a run that has ended completely.
 */
export function showLive({ isColored, size, write }: Screen): Progress {
  let drawn = 0;
  return {
    refreshMs: 1_000,
    show(run, nowMs, trouble) {
      const all = drawRun(run, nowMs);
      const notes: Line[] = trouble === undefined ? [] : [{ text: trouble, phase: 'Failed' }];
      const lines = hasEnded(run) ? all : fitLines([...all, ...notes], run.status.stepStatuses, size());
      const back = drawn === 0 ? '' : `\x1b[${drawn}A\r\x1b[J`;
      write(`${back}${lines.map((line) => `${paintLine(line, isColored)}\n`).join('')}`);
      drawn = lines.length;
    },
  };
}

/**
 * Writes one line for each change, for logs. A line begins with a time, so that no name can make it a command of a CI
 * system.
 */
export function showChanges({ isColored, write, warn }: Screen): Progress {
  let before: Run | undefined;
  let toldTrouble: string | undefined;
  return {
    show(run, nowMs, trouble) {
      const time = new Date(nowMs).toISOString().slice(11, 19);
      if (trouble !== undefined && trouble !== toldTrouble) warn(`${time} ${trouble}\n`);
      toldTrouble = trouble;
      for (const line of describeChanges(before, run, nowMs)) write(`${time} ${paintLine(line, isColored)}\n`);
      before = run;
    },
  };
}

/**
 * Returns one line for each step whose phase, attempt or message has changed, and one for a run whose phase or reason
 * has changed. The message of a step that waits says what it waits for, and changes only if that changes.
 */
export function describeChanges(before: Run | undefined, after: Run, nowMs: number): Line[] {
  const known = new Map(before?.status.stepStatuses.map((step) => [step.name, step]));
  const steps = after.status.stepStatuses.filter((step) => {
    const last = known.get(step.name);
    if (last === undefined) return step.phase !== 'Pending' || hasWords(step);
    const isMoved = last.phase !== step.phase || last.attempt !== step.attempt;
    return isMoved || (hasWords(step) && last.message !== step.message);
  });
  const isNews = before === undefined || standingOf(before) !== standingOf(after);
  const summary = isNews ? [{ text: describeRun(after, nowMs) }] : [];
  const changes = steps.map((step) => drawStep(step, nowMs));
  return hasEnded(after) ? [...changes, ...summary] : [...summary, ...changes];
}

function hasWords({ message = '' }: StepStatus): boolean {
  return message !== '';
}

function standingOf({ status: { phase, conditions } }: Run): string {
  return `${phase} ${conditions.map(({ reason }) => reason).join()}`;
}
