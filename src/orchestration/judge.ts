import {
  checkGraph,
  checkLimits,
  defaultLimits,
  type GraphFinding,
  graphRules,
  type Limits,
  limitRules,
} from '../dag/rules.ts';
import { approvalRules, checkApprovers } from './approval-rules.ts';
import { isWrittenDefault } from './chain.ts';
import { checkConcurrency } from './concurrency.ts';
import { checkDeclarations } from './declared-parameters.ts';
import { asRecord, decodeOrchestration, decodeOrchestrationRun, decodingRules } from './decode.ts';
import { checkExpressions, expressionRules } from './expression-rules.ts';
import type { StepKinds } from './kinds/step-kinds.ts';
import { stepKinds } from './kinds/table.ts';
import { type Finding, type FoundProblem, formatPath, type Path, type RuleMeaning } from './problem.ts';
import { checkResource, checkRunUpdate, resourceRules, runRules } from './rules.ts';
import { declareMisspelt, misspellsDependsOn, UNKNOWN_FIELD } from './unknown-fields.ts';

/** All rules. Problems at the same place are reported in this order. */
const allRules = [
  ...decodingRules,
  ...limitRules,
  ...graphRules,
  ...expressionRules,
  ...resourceRules,
  ...runRules,
  ...approvalRules,
] as const;
export const rules: readonly RuleMeaning[] = allRules;

/** The code of a rule. It is also the reason in the conditions of an Orchestration or a run that violates the rule. */
export type ProblemCode = (typeof allRules)[number]['code'];

export type Severity = 'deny' | 'warn' | 'off';

/** The settings of a judgement. */
export interface Policy {
  readonly limits: Limits;
  /** Severities by code. Other rules keep their default severity. A fixed rule always denies. */
  readonly severities: ReadonlyMap<string, Severity>;
  /** The known step kinds. */
  readonly kinds: StepKinds;
}

export const defaultPolicy: Policy = { limits: defaultLimits, severities: new Map(), kinds: stepKinds };

/** A problem as the gate, the CLI and the page show it. */
export interface Problem<Code extends string = ProblemCode> {
  readonly code: Code;
  readonly severity: 'deny' | 'warn';
  readonly path: Path;
  /** `path` in the notation of Kubernetes. */
  readonly field: string;
  /** The mistake, the value and the fix. It has no unprintable characters. */
  readonly message: string;
  /** The place in the text at `path`, in UTF-16 units. */
  readonly span?: { readonly offset: number; readonly length: number };
  /** The loop of a DependencyCycle. Each step depends on the next, and the last depends on the first. */
  readonly steps?: readonly string[];
}

/**
 * The problems of an object: first those of the list as a whole, then those of each step in declaration order.
 * `denials` and `warnings` each hold at most the requested number. The counts include all problems.
 */
export interface Judgement {
  readonly denials: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly deniedCount: number;
  readonly warnedCount: number;
  /** The codes of all denials, each once, including those of denials that are not in the list. */
  readonly deniedCodes: readonly string[];
  readonly warnedCodes: readonly string[];
}

/**
 * The maximum number of denials, and of warnings, in an answer. Authors do not fix more at a time, and suggestions are
 * expensive.
 */
const MOST_SHOWN = 50;

/**
 * Judges an Orchestration as received. The gate, the reconciler and the CLI all call this function. If the object is
 * over a limit, only that is reported, and nothing else is checked. `others` are problems from other checks.
 *
 * Cost: linear. Memory: the problems that are shown, and one number for each wrong entry.
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
  const ofPolicies = [...checkDeclarations(orchestration, mostShown), ...checkConcurrency(orchestration, mostShown)];
  const ofApprovers = checkApprovers(orchestration, kinds, mostShown);
  const isGraphKnown = !(isMisspelt && misspellsDependsOn(orchestration.steps, kinds.fields));
  const ofExpressions = checkExpressions(orchestration, kinds, isGraphKnown, mostShown);
  return weigh(
    [...findings, ...ofPolicies, ...ofApprovers, ...others, ...ofGraph, ...ofExpressions, ...ofResource],
    policy,
    mostShown,
  );
}

/** Checks an Orchestration, as received, against the limits. An object over a limit is not processed any further. */
export function findOverLimits(object: unknown, limits: Limits, most = 1): readonly Finding[] {
  return checkLimits(stepsOf(object), limits, most).map(placeInSpec);
}

/** Returns the list of steps as received. */
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

/** Judges an OrchestrationRun. `previous` is the object before an update, undefined for a create. */
export function judgeRun(
  object: unknown,
  previous: unknown,
  policy = defaultPolicy,
  mostShown = MOST_SHOWN,
): Judgement {
  const { findings } = decodeOrchestrationRun(object, mostShown);
  return weigh([...findings, ...checkRunUpdate(previous, object)], policy, mostShown);
}

/**
 * Assigns a severity to each problem, drops the problems of rules that are off, and writes the messages that are shown.
 */
export function weigh(findings: readonly Finding[], { severities }: Policy, mostShown = MOST_SHOWN): Judgement {
  const of = (severity: 'deny' | 'warn') => {
    const all = findings.filter((finding) => severityOf(finding, severities) === severity);
    const problems = all.flatMap((finding) => finding.problems).sort(byPlace);
    // The cast is safe: `severityOf` throws for any other code.
    const shown = problems.slice(0, mostShown).map((problem) => writeProblem(problem, severity) as Problem);
    const codes = [...new Set(all.flatMap(({ code, count }) => (count > 0 ? code : [])))];
    return { shown, count: all.reduce((sum, { count }) => sum + count, 0), codes };
  };
  const [denied, warned] = [of('deny'), of('warn')];
  return {
    denials: denied.shown,
    warnings: warned.shown,
    deniedCount: denied.count,
    warnedCount: warned.count,
    deniedCodes: denied.codes,
    warnedCodes: warned.codes,
  };
}

const meanings = new Map(rules.map((rule, rank) => [rule.code, { ...rule, rank }]));

function severityOf({ code, isMild }: Pick<Finding, 'code' | 'isMild'>, severities: Policy['severities']): Severity {
  const meaning = meanings.get(code);
  if (meaning === undefined) throw new Error(`no rule has the code ${code}`);
  const severity = meaning.isFixed ? meaning.severity : (severities.get(code) ?? meaning.severity);
  return isMild && severity === 'deny' ? 'warn' : severity;
}

function isOn(code: string, { severities }: Policy): boolean {
  return severityOf({ code }, severities) !== 'off';
}

/** Sorts by step, then by rule, then as found. Problems that concern no single step come first. */
function byPlace(left: FoundProblem, right: FoundProblem): number {
  return indexOf(left) - indexOf(right) || rankOf(left) - rankOf(right);
}

function indexOf({ path: [, , index] }: FoundProblem): number {
  return typeof index === 'number' ? index : -1;
}

function rankOf({ code }: FoundProblem): number {
  return meanings.get(code)?.rank ?? 0;
}

/** Writes a problem with its severity and its message. */
export function writeProblem(
  { code, path, describe, span, loop }: FoundProblem,
  severity: 'deny' | 'warn',
): Problem<string> {
  const message = describe();
  return {
    code,
    severity,
    path,
    field: formatPath(path),
    message,
    ...(span && { span }),
    ...(loop && { steps: loop }),
  };
}
