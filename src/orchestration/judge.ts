import {
  checkGraph,
  checkLimits,
  defaultLimits,
  type GraphFinding,
  graphRules,
  type Limits,
  limitRules,
} from '../dag/rules.ts';
import { isWrittenDefault } from './chain.ts';
import { asRecord, decodeOrchestration, decodeOrchestrationRun, decodingRules } from './decode.ts';
import type { StepKinds } from './kinds/step-kinds.ts';
import { stepKinds } from './kinds/table.ts';
import { type Finding, type FoundProblem, formatPath, type Path, type RuleMeaning } from './problem.ts';
import { checkResource, checkRunUpdate, resourceRules, runRules } from './rules.ts';
import { declareMisspelt, UNKNOWN_FIELD } from './unknown-fields.ts';

/** Every rule there is. The order decides which of two problems in one place is told first. */
const allRules = [...decodingRules, ...limitRules, ...graphRules, ...resourceRules, ...runRules] as const;
export const rules: readonly RuleMeaning[] = allRules;

/** The code of a rule: a run that fails by it, and the Orchestration, have it as the reason of their conditions. */
export type ProblemCode = (typeof allRules)[number]['code'];

export type Severity = 'deny' | 'warn' | 'off';

/** What objects are judged by. */
export interface Policy {
  readonly limits: Limits;
  /** Rules not named keep their own severity; a fixed rule denies whatever is said. */
  readonly severities: ReadonlyMap<string, Severity>;
  /** The step kinds that are known. */
  readonly kinds: StepKinds;
}

export const defaultPolicy: Policy = { limits: defaultLimits, severities: new Map(), kinds: stepKinds };

/** A problem as everybody tells it: people, `kubectl`, the CLI. */
export interface Problem<Code extends string = ProblemCode> {
  readonly code: Code;
  readonly severity: 'deny' | 'warn';
  readonly path: Path;
  /** `path` as Kubernetes writes it. */
  readonly field: string;
  /** One sentence, with no unprintable character: what is wrong, the value, what to do. */
  readonly message: string;
  /** The loop of a DependencyCycle: each waits for the next, the last for the first. */
  readonly steps?: readonly string[];
}

/**
 * What is wrong, in declaration order: of the list as a whole first, then step by step. `denials` and `warnings` hold at
 * most as many as were asked for; the counts are of all there are.
 */
export interface Judgement {
  readonly denials: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly deniedCount: number;
  readonly warnedCount: number;
}

/** An answer shows so many problems of a kind; nobody mends more at a time, and a suggestion for each costs. */
const MOST_SHOWN = 50;

/**
 * The one judgement of an Orchestration, as it came, for the gate, the reconciler and the CLI alike. Of an object over a limit
 * only that is reported: nothing else of it is looked at. `others` are problems that were found elsewhere.
 * Cost: linear; memory only for what is shown and for one number a mistaken entry.
 */
export function judgeOrchestration(
  object: unknown,
  policy: Policy = defaultPolicy,
  mostShown = MOST_SHOWN,
  others: readonly Finding[] = [],
): Judgement {
  const overLimits = findOverLimits(object, policy.limits, mostShown);
  if (overLimits.length > 0) return weigh(overLimits, policy, mostShown);
  const { orchestration, findings } = decodeOrchestration(object, mostShown);
  const isDefaulted = isWrittenDefault(object, orchestration.steps);
  const { kinds } = policy;
  const ofResource = checkResource({ ...orchestration, given: stepsOf(object), isDefaulted, kinds }, mostShown);
  const isMisspelt = ofResource.some(({ code }) => code === UNKNOWN_FIELD && isOn(code, policy));
  const steps = isMisspelt ? declareMisspelt(orchestration.steps, kinds.fields) : orchestration.steps;
  const ofGraph = checkGraph(steps, mostShown).map(placeInSpec);
  return weigh([...findings, ...others, ...ofGraph, ...ofResource], policy, mostShown);
}

/** Whether an Orchestration, as it came, has more than the limits allow: then nobody works on it. */
export function findOverLimits(object: unknown, limits: Limits, most = 1): readonly Finding[] {
  return checkLimits(stepsOf(object), limits, most).map(placeInSpec);
}

/** The list of steps as it came. */
function stepsOf(object: unknown): readonly unknown[] {
  const { steps } = asRecord(asRecord(object)['spec']);
  return Array.isArray(steps) ? steps : [];
}

function placeInSpec({ code, count, problems }: GraphFinding): Finding {
  return {
    code,
    count,
    problems: problems.map(({ path, ...rest }) => ({ code, path: ['spec', 'steps', ...path], ...rest })),
  };
}

/** The one judgement of an OrchestrationRun; `previous` is what it was before an update, undefined for a new one. */
export function judgeRun(
  object: unknown,
  previous: unknown,
  policy = defaultPolicy,
  mostShown = MOST_SHOWN,
): Judgement {
  const { findings } = decodeOrchestrationRun(object, mostShown);
  return weigh([...findings, ...checkRunUpdate(previous, object)], policy, mostShown);
}

/** Gives each problem its severity, drops what is off, and writes those that are shown. */
export function weigh(findings: readonly Finding[], { severities }: Policy, mostShown = MOST_SHOWN): Judgement {
  const of = (severity: 'deny' | 'warn') => {
    const all = findings.filter(({ code }) => severityOf(code, severities) === severity);
    const problems = all.flatMap((finding) => finding.problems).sort(byPlace);
    // `severityOf` knows no other code.
    const shown = problems.slice(0, mostShown).map((problem) => writeProblem(problem, severity) as Problem);
    return { shown, count: all.reduce((sum, { count }) => sum + count, 0) };
  };
  const [denied, warned] = [of('deny'), of('warn')];
  return { denials: denied.shown, warnings: warned.shown, deniedCount: denied.count, warnedCount: warned.count };
}

const meanings = new Map(rules.map((rule, rank) => [rule.code, { ...rule, rank }]));

function severityOf(code: string, severities: Policy['severities']): Severity {
  const meaning = meanings.get(code);
  if (meaning === undefined) throw new Error(`no rule has the code ${code}`);
  return meaning.isFixed ? meaning.severity : (severities.get(code) ?? meaning.severity);
}

function isOn(code: string, { severities }: Policy): boolean {
  return severityOf(code, severities) !== 'off';
}

/** By step (what concerns no single step first), then by rule; sorting is stable, so then as found. */
function byPlace(left: FoundProblem, right: FoundProblem): number {
  return indexOf(left) - indexOf(right) || rankOf(left) - rankOf(right);
}

function indexOf({ path: [, , index] }: FoundProblem): number {
  return typeof index === 'number' ? index : -1;
}

function rankOf({ code }: FoundProblem): number {
  return meanings.get(code)?.rank ?? 0;
}

/** The problem as everybody tells it, with its sentence. */
export function writeProblem({ code, path, describe, loop }: FoundProblem, severity: 'deny' | 'warn'): Problem<string> {
  return { code, severity, path, field: formatPath(path), message: describe(), ...(loop && { steps: loop }) };
}
