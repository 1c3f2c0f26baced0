import { findAncestors } from '../dag/ancestors.ts';
import { displayName, quoteName } from '../dag/display.ts';
import { buildGraph } from '../dag/graph.ts';
import { suggestName } from '../dag/suggest.ts';
import type { Reading } from '../expressions/expression.ts';
import { describeAt, type Mistake } from '../expressions/mistake.ts';
import { CONCURRENCY, compileGroup, readConcurrency } from './concurrency.ts';
import { indexSteps } from './data-edges.ts';
import { type DeclaredParameters, readDeclared } from './declared-parameters.ts';
import type { Orchestration } from './decode.ts';
import type { StepKinds } from './kinds/step-kinds.ts';
import { type Finding, type FoundProblem, type Path, pathTo, type RuleMeaning } from './problem.ts';
import { guess } from './rules.ts';
import { runIfOf, runIfs } from './run-if.ts';
import type { Step } from './schema.ts';
import { compileExpressions, declaresTooMany, MOST_OUTPUTS } from './step-expressions.ts';

/** The rules about conditions, inputs and outputs of steps. */
export const expressionRules = [
  { code: 'NeverRuns', severity: 'deny' },
  { code: 'InvalidExpression', severity: 'deny' },
  { code: 'UnknownReference', severity: 'deny' },
  { code: 'ReferenceNotAncestor', severity: 'deny' },
  { code: 'UnknownOutput', severity: 'deny' },
  { code: 'UnknownPlaceholder', severity: 'warn' },
] as const satisfies readonly RuleMeaning[];

type Code = (typeof expressionRules)[number]['code'] | 'InvalidField';

/** A value that a step reads, with its place. */
interface Read {
  readonly step: number;
  readonly path: Path;
  readonly reading: Reading;
}

/**
 * Checks `runIf`, the group of `policies.concurrency`, and every expression of the steps: whether it compiles, and
 * whether each value that it reads exists when the step starts. If `isGraphKnown` is false, a `dependsOn` is
 * misspelt, so ancestors are not checked. For each code, it returns the first `most`. Cost: linear in the texts, whose
 * size is bounded, plus that of `findAncestors`.
 */
export function checkExpressions(
  orchestration: Orchestration,
  kinds: StepKinds,
  isGraphKnown: boolean,
  most: number,
): readonly Finding[] {
  const tally = createTally(most);
  checkRunIf(orchestration, tally);
  checkOutputs(orchestration, tally);
  checkGroup(orchestration, tally);
  const reads = compileAll(orchestration, kinds, tally);
  if (reads.length > 0) checkReads(orchestration, reads, isGraphKnown, tally);
  return tally.findings();
}

type Tally = ReturnType<typeof createTally>;

function createTally(most: number) {
  const found = new Map<string, { count: number; problems: FoundProblem[]; code: Code; isMild: boolean }>();
  return {
    report(code: Code, problem: Omit<FoundProblem, 'code'>, isMild = false): void {
      const key = isMild ? `${code} mild` : code;
      const { count, problems } = found.get(key) ?? { count: 0, problems: [] as FoundProblem[] };
      if (count < most) problems.push({ code, ...problem });
      found.set(key, { code, count: count + 1, problems, isMild });
    },
    findings: (): readonly Finding[] =>
      [...found.values()].map(({ isMild, ...finding }) => ({ ...finding, ...(isMild && { isMild }) })),
  };
}

function checkRunIf({ steps }: Orchestration, tally: Tally): void {
  let isSequential: boolean | undefined;
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index] as Step;
    const { runIf, dependsOn = [] } = step;
    if (runIf === undefined) continue;
    isSequential ??= steps.every((each) => each.dependsOn === undefined);
    const path = pathTo(index, ['runIf']);
    if (!runIfs.some((value) => value === runIf)) {
      const meant = suggestName(runIf, runIfs);
      const fix = meant === undefined ? '' : `; did you mean ${meant}?`;
      tally.report('InvalidField', {
        path,
        describe: () => `is ${quoteName(runIf)}, not one of ${runIfs.join(', ')}${fix}`,
      });
    }
    if (runIfOf(step) !== 'Failed' || (isSequential ? index > 0 : dependsOn.length > 0)) continue;
    const describe = () =>
      'the step has no dependencies, so none can fail: name the steps that it handles in dependsOn';
    tally.report('NeverRuns', { path, describe });
  }
}

function checkOutputs({ steps }: Orchestration, tally: Tally): void {
  for (let index = 0; index < steps.length; index++) {
    if (!declaresTooMany(steps[index] as Step)) continue;
    const describe = () => `more than ${MOST_OUTPUTS} outputs are declared: a step may record 4 KiB of them`;
    tally.report('InvalidField', { path: pathTo(index, ['outputs']), describe });
  }
}

function checkGroup(orchestration: Orchestration, tally: Tally): void {
  const { group } = readConcurrency(orchestration) ?? {};
  if (group === undefined || group === '') return;
  const path = [...CONCURRENCY, 'group'];
  const at = ({ span, message }: Mistake) => ({ path, span, describe: () => describeAt(span, message) });
  const compiled = compileGroup(group);
  if ('mistakes' in compiled) {
    for (const mistake of compiled.mistakes) tally.report('InvalidExpression', at(mistake));
    return;
  }
  const declared = readDeclared(orchestration);
  for (const reading of compiled.expression.readings) {
    if (reading.type !== 'Parameter') continue;
    const { span } = reading;
    checkParameter(reading.name, declared, (code, describe) =>
      tally.report(code, { path, span, describe: () => describeAt(span, describe()) }),
    );
  }
}

/** Compiles every expression, reports those that do not compile, and returns what the others read. */
function compileAll(orchestration: Orchestration, kinds: StepKinds, tally: Tally): readonly Read[] {
  const reads: Read[] = [];
  for (const { step, path, readings, mistakes, warnings } of compileExpressions(orchestration, kinds)) {
    for (const mistake of mistakes) tally.report('InvalidExpression', placeAt(step, path, mistake));
    for (const warning of warnings) tally.report('UnknownPlaceholder', placeAt(step, path, warning));
    for (const reading of readings) reads.push({ step, path, reading });
  }
  return reads;
}

function placeAt(step: number, inside: Path, { span, message }: Mistake): Omit<FoundProblem, 'code'> {
  return { path: pathTo(step, inside), span, describe: () => describeAt(span, message) };
}

function checkReads(orchestration: Orchestration, reads: readonly Read[], isGraphKnown: boolean, tally: Tally): void {
  const { steps } = orchestration;
  const indexes = indexSteps(orchestration);
  const declared = readDeclared(orchestration);
  const wanted = reads.flatMap(({ reading }) => ('step' in reading ? (indexes.get(reading.step) ?? []) : []));
  const isAncestor = isGraphKnown ? findAncestors(buildGraph(steps), wanted) : () => undefined;
  for (const { step, path, reading } of reads) {
    const report = (code: Code, describe: () => string, isMild?: boolean) => {
      const { span } = reading;
      tally.report(code, { path: pathTo(step, path), span, describe: () => describeAt(span, describe()) }, isMild);
    };
    if (reading.type === 'Parameter') checkParameter(reading.name, declared, report);
    if (!('step' in reading)) continue;
    const target = indexes.get(reading.step);
    if (target === undefined) report('UnknownReference', () => describeStep(reading.step, indexes.keys()));
    else if (isAncestor(step, target) === false)
      report('ReferenceNotAncestor', () => describeOrder(step, target, steps));
    else if (reading.type === 'Output') checkOutput(reading.output, steps[target], report);
  }
}

type Report = (code: Code, describe: () => string, isMild?: boolean) => void;

function describeStep(name: string, known: Iterable<string>): string {
  return `no step has the name ${quoteName(name)}${guess(name, known)}`;
}

function describeOrder(step: number, target: number, steps: Orchestration['steps']): string {
  const name = quoteName(steps[target]?.name ?? '');
  return step === target
    ? `a step cannot read its own result, and this is step ${name}`
    : `step ${name} may not have ended when this step starts: add it to dependsOn`;
}

function checkParameter(name: string, declared: DeclaredParameters, report: Report): void {
  if (declared.size === 0 || declared.has(name)) return;
  const describe = () =>
    `policies.parameters does not declare ${quoteName(name)}${guess(name, declared.keys()) || '; declare it'}`;
  report('UnknownReference', describe);
}

/** A ToolRun has the outputs that its container writes, whatever the step declares. */
function checkOutput(name: string, step: Orchestration['steps'][number] | undefined, report: Report): void {
  if (step === undefined || step.kind === 'ToolRun') return;
  const { outputs } = step;
  if (outputs !== undefined && Object.hasOwn(outputs, name)) return;
  const describe = () => {
    const fix = guess(name, Object.keys(outputs ?? {})) || `; declare it in outputs of ${displayName(step.name)}`;
    return `step ${quoteName(step.name)} has no output ${quoteName(name)}${fix}`;
  };
  report('UnknownOutput', describe, outputs === undefined);
}
