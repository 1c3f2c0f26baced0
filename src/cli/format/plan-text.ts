import { displayCount, displayName, displayObject, displayText } from '../../dag/display.ts';
import type { WhenFull } from '../../orchestration/concurrency.ts';
import { describeCondition } from '../../orchestration/run-if.ts';
import type { PreviewedInput } from '../../reconciler/preview.ts';
import type { Simulation } from '../../reconciler/simulate.ts';
import type { ChangedStep } from '../cluster/changes.ts';
import { type ChildVerdict, describeUnchecked } from '../cluster/child-verdict.ts';
import { formatElapsed } from '../cluster/elapsed.ts';
import type { Impact } from '../cluster/stored.ts';
import type { Plan } from '../planning.ts';

/** An Orchestration of the files, with its plan, or else with the problems that it would be refused for. */
export interface Planned {
  readonly namespace: string;
  readonly name: string;
  readonly problems: readonly { readonly code: string; readonly field: string; readonly message: string }[];
  readonly plan?: Plan;
  /** Why a run would fail with the given parameters. Absent if none are given. */
  readonly violations?: readonly string[];
  /** The texts with placeholders, as far as their values are known before a run. */
  readonly inputs?: readonly PreviewedInput[];
  readonly simulation?: Simulation;
  readonly impact?: Impact;
  /** What the API server says about the children of a run, in step order. */
  readonly children?: readonly ChildVerdict[];
}

/** How many names a line may hold; the JSON has them all. */
const MOST_NAMES = 8;
/** How much of an input or an expression is shown; the JSON has it whole. */
const MOST_INPUT = 120;

/** Writes plans for people. Lines are indented, so that no name can begin a line. */
export function formatPlanText(all: readonly Planned[]): string {
  return all.map(describe).join('\n');
}

function describe({
  namespace,
  name,
  problems,
  plan,
  violations = [],
  inputs = [],
  simulation,
  impact,
  children = [],
}: Planned): string {
  const title = displayObject('Orchestration', namespace, name);
  if (plan === undefined) {
    const lines = problems.map(({ field, message }) => `  ${field}: ${message}\n`);
    return `${title} would be refused\n${lines.join('')}`;
  }
  const heading = `${title}: ${displayCount(plan.failures.length, 'step')} in ${displayCount(plan.waves.length, 'wave')}`;
  const note = plan.isSequential ? ' (sequential: no step declares dependsOn)' : '';
  return `${heading}${note}\n${[
    ...violations.map((violation) => `a run with these parameters fails: ${displayText(violation)}`),
    ...describeConcurrency(plan),
    ...describeWaves(plan),
    ...describeConditions(plan),
    ...describeInputs(inputs),
    ...describeFailures(plan),
    ...describeTime(plan),
    ...(simulation === undefined ? [] : describeSimulation(simulation)),
    ...(impact === undefined ? [] : describeImpact(impact)),
    ...describeChildren(children),
  ]
    .map((line) => `  ${line}\n`)
    .join('')}`;
}

/** What happens to a run if its group has no place for it. */
const FULL: Readonly<Record<WhenFull, string>> = {
  Queue: 'others wait',
  Fail: 'others fail',
  Replace: 'a new one replaces the oldest',
};

function describeConcurrency({ concurrency }: Plan): string[] {
  if (concurrency === undefined) return [];
  const { max, group, whenFull } = concurrency;
  const of = group === undefined ? 'of this Orchestration' : `of the group ${displayText(group, MOST_INPUT)}`;
  return [`at most ${displayCount(max, 'run')} ${of} at a time, ${FULL[whenFull]} (policies.concurrency)`];
}

function describeWaves({ waves, maxParallel }: Plan): string[] {
  const lines = waves.map((wave, index) => `wave ${index + 1}${index === 0 ? ' (roots)' : ''}: ${list(wave)}`);
  return maxParallel === 0
    ? lines
    : [...lines, `at most ${displayCount(maxParallel, 'step')} at a time (policies.maxParallel)`];
}

function describeConditions({ conditions }: Plan): string[] {
  return conditions.map((step) => `${displayName(step.step)}: ${displayText(describeCondition(step))}`);
}

function describeInputs(inputs: readonly PreviewedInput[]): string[] {
  return inputs.map(({ step, path, text, open }) => {
    const place = `${displayName(step)}: ${displayText(path.join('.'))}: ${displayText(text, MOST_INPUT)}`;
    return open.length === 0 ? place : `${place}, known only when it runs: ${open.join(', ')}`;
  });
}

function describeFailures({ failures }: Plan): string[] {
  return failures.map(({ step, isTolerated, skips, starts }) => {
    const skipped = skips.length === 0 ? 'skips nothing' : `skips ${skips.length}: ${list(skips)}`;
    const effect = isTolerated ? 'the failure is tolerated and skips nothing' : `that ${skipped}`;
    const started = starts.length === 0 ? '' : `, and starts ${list(starts)}`;
    return `if ${displayName(step)} fails, ${effect}${started}`;
  });
}

function describeSimulation({ phase, message, steps, assumptions }: Simulation): string[] {
  const words = (message: string | undefined) => (message === undefined ? '' : `: ${displayText(message)}`);
  const lines = steps.map(
    (step) =>
      `${displayName(step.name)} ${step.phase}${step.ignored ? ' (tolerated)' : ''}${step.phase === 'Succeeded' ? '' : words(step.message)}`,
  );
  const assumed = assumptions.map(({ step, field, reads }) => {
    const name = displayName(step);
    const what = `${name}: ${displayText(field)} depends on ${reads.join(', ')}`;
    return field === 'when' ? `${what}; assumed to be true, see --when ${name}=false` : `${what}; assumed to be valid`;
  });
  return [`simulated, the run ends ${phase}: ${displayText(message)}`, ...indent([...lines, ...assumed])];
}

function describeTime({ longestPath: { steps, seconds }, unbounded, totalSeconds }: Plan): string[] {
  const time = formatElapsed(seconds * 1_000);
  const bound = unbounded.length === 0 ? `: ${time} at most` : seconds > 0 ? `: ${time}` : '';
  const lines = [`longest path: ${list(steps, ' → ')}${bound}`];
  if (unbounded.length > 0) lines.push(`without timeoutSeconds, so of unknown duration: ${list(unbounded)}`);
  if (totalSeconds === 0) return lines;
  const isShort = seconds > totalSeconds ? ', which is less than the longest path can take' : '';
  return [...lines, `the run ends after ${formatElapsed(totalSeconds * 1_000)} at most (policies.timeouts)${isShort}`];
}

function describeImpact({ namespace, changes, runsThatKeep, runsThatFollow }: Impact): string[] {
  const where = `in namespace ${displayName(namespace)}`;
  return [
    ...(changes === undefined
      ? [`${where}: not stored yet`]
      : describeChanges(where, [
          ...changes.added.map((step) => `+ ${displayName(step)}`),
          ...changes.removed.map((step) => `- ${displayName(step)}`),
          ...changes.changed.map(describeChange),
          ...changes.fields.map((field) => `~ ${field}`),
        ])),
    ...(runsThatKeep.length > 0 ? [`live runs that keep the graph they started with: ${list(runsThatKeep)}`] : []),
    ...(runsThatFollow.length > 0 ? [`runs that have not started, and will follow this: ${list(runsThatFollow)}`] : []),
  ];
}

function describeChanges(where: string, lines: readonly string[]): string[] {
  return lines.length === 0
    ? [`${where}: no difference from what is stored`]
    : [`${where}, against what is stored:`, ...indent(lines)];
}

function describeChange({ step, waitsAlsoFor, waitsNoLongerFor, fields }: ChangedStep): string {
  const parts = [
    waitsAlsoFor.length > 0 ? `waits also for ${list(waitsAlsoFor)}` : '',
    waitsNoLongerFor.length > 0 ? `waits no longer for ${list(waitsNoLongerFor)}` : '',
    fields.length > 0 ? `other ${list(fields)}` : '',
  ];
  return `~ ${displayName(step)}: ${parts.filter((part) => part !== '').join('; ')}`;
}

function describeChildren(children: readonly ChildVerdict[]): string[] {
  if (children.length === 0) return [];
  const accepted = children.filter(({ verdict }) => verdict === 'Accepted').length;
  const heading = `the API server would create ${accepted} of ${displayCount(children.length, 'child', 'children')} now (dry run)`;
  const news = children.filter(({ verdict, problems }) => verdict !== 'NotChecked' && problems.length > 0);
  return [heading, ...indent([...news.flatMap(describeChild), ...describeUnchecked(children)])];
}

function describeChild({ step, kind, verdict, problems }: ChildVerdict): string[] {
  const how = { Accepted: 'warning', Denied: 'denied', Waits: 'would wait', NotChecked: 'not checked' }[verdict];
  const place = (field: string) => (field === '' ? '' : `${displayText(field)}: `);
  return problems.map(
    ({ field, message }) => `${displayName(step)}: ${kind} ${how}: ${place(field)}${displayText(message)}`,
  );
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

function list(names: readonly string[], between = ', '): string {
  const shown = names.slice(0, MOST_NAMES).map(displayName).join(between);
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown;
}
