import { displayName, displayObject, displayText, listNames } from '../../dag/display.ts';
import { findCondition } from '../../orchestration/conditions.ts';
import { isStepFinal, type StepPhase, type StepStatus } from '../../orchestration/run-status.ts';
import { ConditionType } from '../../orchestration/vocabulary/conditions.ts';
import { RunReason } from '../../orchestration/vocabulary/run-reasons.ts';
import { formatElapsed } from './elapsed.ts';
import { hasEnded, isIdleTemplate, type Run } from './run.ts';

/** One printable line of the picture of a run, with the phase that determines its colour. */
export interface Line {
  readonly text: string;
  readonly phase?: StepPhase;
}

/** A symbol for each phase. The line also has the word, so that colour is never the only difference. */
const SYMBOLS: Readonly<Record<StepPhase, string>> = {
  Pending: '·',
  Running: '▶',
  Retrying: '↻',
  Succeeded: '✓',
  Failed: '✗',
  Skipped: '↷',
  Cancelled: '⊘',
};

/** The phases that a step can end in, in the order in which they are counted. */
const ENDS = ['Succeeded', 'Failed', 'Skipped', 'Cancelled'] as const satisfies readonly StepPhase[];

/** The symbol of a step that another run carried out, instead of the symbol of its phase. */
const INHERITED = '↳';

const LONGEST_PHASE = 'Cancelled'.length;

/** ANSI basic colours, on and off. Every terminal maps them to colours that its user can read. 2 is faint. */
const COLOURS: Readonly<Record<StepPhase, readonly [number, number]>> = {
  Pending: [2, 22],
  Running: [36, 39],
  Retrying: [33, 39],
  Succeeded: [32, 39],
  Failed: [31, 39],
  Skipped: [2, 22],
  Cancelled: [33, 39],
};

/** Draws the line of a step, without its indent. Times that have not ended are counted to `nowMs`. */
export function drawStep(step: StepStatus, nowMs: number, nameWidth = 0): Line {
  const { name, phase, message, attempt, ignored, outputs, inheritedFrom } = step;
  const known = [
    `${inheritedFrom === undefined ? SYMBOLS[phase] : INHERITED} ${phase.padEnd(LONGEST_PHASE)} ${displayName(name).padEnd(nameWidth)}`,
    timeOf(step, nowMs),
    attempt > 1 ? `attempt ${attempt}` : '',
    waitOf(step, nowMs),
    inheritedFrom === undefined ? '' : `inherited from ${displayName(inheritedFrom)}`,
    ignored === true ? 'tolerated' : '',
    outputs === undefined ? '' : `outputs ${listNames(Object.keys(outputs))}`,
    // A step that succeeded needs no message.
    phase === 'Succeeded' || message === undefined ? '' : displayText(message),
  ];
  return {
    text: known
      .filter((part) => part !== '')
      .join('  ')
      .trimEnd(),
    phase,
  };
}

/** Returns how long the step has taken so far. Empty for a step that has not started or is between attempts. */
function timeOf({ phase, startedAt, finishedAt }: StepStatus, nowMs: number): string {
  if (startedAt === undefined || phase === 'Pending' || phase === 'Retrying') return '';
  return formatElapsed((finishedAt === undefined ? nowMs : Date.parse(finishedAt)) - Date.parse(startedAt));
}

function waitOf({ phase, nextRetryAt }: StepStatus, nowMs: number): string {
  if (phase !== 'Retrying' || nextRetryAt === undefined) return '';
  return `next attempt in ${formatElapsed(Date.parse(nextRetryAt) - nowMs)}`;
}

/**
 * Draws all lines of a run: a summary, then the steps in declaration order. If wide, adds the objects that carry out
 * the steps.
 */
export function drawRun(run: Run, nowMs: number, isWide = false): Line[] {
  const { stepStatuses } = run.status;
  const nameWidth = stepStatuses.reduce((width, { name }) => Math.max(width, displayName(name).length), 0);
  const steps = stepStatuses.map((step) => {
    const { text, ...rest } = drawStep(step, nowMs, nameWidth);
    const { kind, name } = step.resourceRef ?? {};
    return { text: isWide && name ? `${text}  ${displayText(`${kind}/${name}`)}` : text, ...rest };
  });
  return [{ text: describeRun(run, nowMs) }, ...steps.map(({ text, ...rest }) => ({ text: `  ${text}`, ...rest }))];
}

/**
 * Writes `OrchestrationRun ci/nightly of release: Running, 2 of 5 steps done (1 failed), 1m12s`, and for a run that has
 * ended `Failed, 3 succeeded, 1 failed, 1 skipped, 2m03s`.
 */
export function describeRun(run: Run, nowMs: number): string {
  const { name, namespace, spec, status } = run;
  const { phase, startedAt, finishedAt, stepStatuses } = status;
  const subject = `${displayObject('OrchestrationRun', namespace, name)} of ${displayName(spec.orchestrationRef.name)}`;
  if (isIdleTemplate(run)) return `${subject}: a template, which never runs`;
  if (phase === undefined) return `${subject}: no controller has started to process it yet`;
  const spentMs = (finishedAt === undefined ? nowMs : Date.parse(finishedAt)) - Date.parse(startedAt ?? '');
  const parts = [
    phase,
    hasEnded(run) ? countEnded(stepStatuses) : countDone(stepStatuses),
    startedAt === undefined ? '' : formatElapsed(spentMs),
  ];
  return `${subject}: ${parts.filter((part) => part !== '').join(', ')}${explain(run)}${describeOther(run)}`;
}

function describeOther(run: Run): string {
  if (run.leftTo === undefined || hasEnded(run)) return '';
  return `; another controller (${displayText(run.leftTo)}) works on it, so orchestration-gate leaves it alone`;
}

/** Counts the steps by phase. Empty if all ended in the same phase, because then the phase of the run says it. */
function countEnded(steps: readonly StepStatus[]): string {
  const groups = Map.groupBy(steps, ({ phase }) => phase);
  const counted = ENDS.flatMap((phase) => countOf(groups.get(phase), phase));
  return counted.length > 1 ? counted.join(', ') : '';
}

function countDone(steps: readonly StepStatus[]): string {
  if (steps.length === 0) return '';
  const failed = countOf(
    steps.filter(({ phase }) => phase === 'Failed'),
    'Failed',
  );
  const note = failed.length === 0 ? '' : ` (${failed.join()})`;
  return `${steps.filter(isStepFinal).length} of ${steps.length} steps done${note}`;
}

function countOf(steps: readonly StepStatus[] = [], phase: StepPhase): readonly string[] {
  return steps.length === 0 ? [] : [`${steps.length} ${phase.toLowerCase()}`];
}

/** Explains the state of the run, if its phase alone does not. */
function explain({ status: { phase, conditions } }: Run): string {
  const cleanup = findCondition(conditions, ConditionType.CleaningUp);
  if (cleanup?.status === 'True') return ` (cleaning up, because ${displayText(cleanup.message)})`;
  const { reason = '', message = '' } = findCondition(conditions, ConditionType.Ready) ?? conditions[0] ?? {};
  if (reason === '' || reason === phase || reason === RunReason.Completed) return '';
  return ` (${displayText(reason)}${message === '' ? '' : `: ${displayText(message)}`})`;
}

/** Returns the text of a line, in its colour if `isColored`. */
export function paintLine({ text, phase }: Line, isColored: boolean): string {
  if (!isColored || phase === undefined) return text;
  const [on, off] = COLOURS[phase];
  return `\x1b[${on}m${text}\x1b[${off}m`;
}
