import { displayName, displayObject, displayText, listNames } from '../../dag/display.ts';
import { findCondition } from '../../orchestration/conditions.ts';
import { isStepFinal, type StepPhase, type StepStatus } from '../../orchestration/run-status.ts';
import { ConditionType } from '../../orchestration/vocabulary/conditions.ts';
import { RunReason } from '../../orchestration/vocabulary/run-reasons.ts';
import { formatElapsed } from './elapsed.ts';
import { hasEnded, isIdleTemplate, type Run } from './run.ts';

/** One line of a run's picture, printable, with what its colour is to tell. */
export interface Line {
  readonly text: string;
  readonly phase?: StepPhase;
}

/** Told by shape and word, never by colour alone. */
const SYMBOLS: Readonly<Record<StepPhase, string>> = {
  Pending: '·',
  Running: '▶',
  Retrying: '↻',
  Succeeded: '✓',
  Failed: '✗',
  Skipped: '↷',
  Cancelled: '⊘',
};

/** What a step may come to, in the order in which it is counted. */
const ENDS = ['Succeeded', 'Failed', 'Skipped', 'Cancelled'] as const satisfies readonly StepPhase[];

/** In place of the symbol of its phase, of a step that another run carried out. */
const INHERITED = '↳';

const LONGEST_PHASE = 'Cancelled'.length;

/** ANSI: basic colours, which every terminal maps to something its owner can read; 2 is faint. */
const COLOURS: Readonly<Record<StepPhase, readonly [number, number]>> = {
  Pending: [2, 22],
  Running: [36, 39],
  Retrying: [33, 39],
  Succeeded: [32, 39],
  Failed: [31, 39],
  Skipped: [2, 22],
  Cancelled: [33, 39],
};

/** The line of a step, without what it is indented by. Times are counted to `nowMs` where they have not ended. */
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
    // What went well needs no words.
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

/** How long the step has taken, or takes; a step between attempts takes none. */
function timeOf({ phase, startedAt, finishedAt }: StepStatus, nowMs: number): string {
  if (startedAt === undefined || phase === 'Pending' || phase === 'Retrying') return '';
  return formatElapsed((finishedAt === undefined ? nowMs : Date.parse(finishedAt)) - Date.parse(startedAt));
}

function waitOf({ phase, nextRetryAt }: StepStatus, nowMs: number): string {
  if (phase !== 'Retrying' || nextRetryAt === undefined) return '';
  return `next attempt in ${formatElapsed(Date.parse(nextRetryAt) - nowMs)}`;
}

/** All lines of a run: what it comes to, then step by step in declaration order; if wide, with what carries them out. */
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
 * `OrchestrationRun ci/nightly of release: Running, 2 of 5 steps done (1 failed), 1m12s`, and of one that has ended
 * `Failed, 3 succeeded, 1 failed, 1 skipped, 2m03s`.
 */
export function describeRun(run: Run, nowMs: number): string {
  const { name, namespace, spec, status } = run;
  const { phase, startedAt, finishedAt, stepStatuses } = status;
  const subject = `${displayObject('OrchestrationRun', namespace, name)} of ${displayName(spec.orchestrationRef.name)}`;
  if (isIdleTemplate(run)) return `${subject}: a template, which never runs`;
  if (phase === undefined) return `${subject}: no controller has taken it up yet`;
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

/** Where all came to the same, the phase of the run says it. */
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

/** Why the run stands so, where the phase does not say it all. */
function explain({ status: { phase, conditions } }: Run): string {
  const cleanup = findCondition(conditions, ConditionType.CleaningUp);
  if (cleanup?.status === 'True') return ` (cleaning up, because ${displayText(cleanup.message)})`;
  const { reason = '', message = '' } = findCondition(conditions, ConditionType.Ready) ?? conditions[0] ?? {};
  if (reason === '' || reason === phase || reason === RunReason.Completed) return '';
  return ` (${displayText(reason)}${message === '' ? '' : `: ${displayText(message)}`})`;
}

/** The text of a line, in its colour where colours are wanted. */
export function paintLine({ text, phase }: Line, isColored: boolean): string {
  if (!isColored || phase === undefined) return text;
  const [on, off] = COLOURS[phase];
  return `\x1b[${on}m${text}\x1b[${off}m`;
}
