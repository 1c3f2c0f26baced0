import { checkGraph, defaultLimits, graphRules, type Limits, limitRules } from '../dag/rules.ts';
import { type decodeOrchestration, decodingRules, type Orchestration } from './decode.ts';
import { type FoundProblem, formatPath, type Path, type RuleMeaning } from './problem.ts';
import { checkResource, resourceRules } from './rules.ts';
import { runRules } from './run-rules.ts';

/** Every rule there is. The order decides which of two problems in one place is told first. */
export const rules: readonly RuleMeaning[] = [
  ...decodingRules,
  ...limitRules,
  ...graphRules,
  ...resourceRules,
  ...runRules,
];

export type Severity = 'deny' | 'warn' | 'off';

/** What is configured of the judgement. Rules not named keep their own severity; a fixed rule denies whatever is said. */
export interface Policy {
  readonly limits: Limits;
  readonly severities: ReadonlyMap<string, Severity>;
}

export const defaultPolicy: Policy = { limits: defaultLimits, severities: new Map() };

/** A problem as everybody tells it: people, `kubectl`, the CLI. */
export interface Problem {
  readonly code: string;
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
 * The one judgement of an Orchestration, for the gate, the reconciler and the CLI alike. Of an object over a limit only
 * that is told, beside what is malformed. Cost: linear, save the sorting of problems.
 */
export function judgeOrchestration(
  { orchestration, problems }: ReturnType<typeof decodeOrchestration>,
  policy: Policy = defaultPolicy,
  mostShown = MOST_SHOWN,
): Judgement {
  const ofGraph = checkSteps(orchestration, policy);
  const isOverLimit = limitRules.some(({ code }) => code === ofGraph[0]?.code);
  const ofResource = isOverLimit ? [] : checkResource(orchestration);
  return weigh([...problems, ...ofGraph, ...ofResource], policy, mostShown);
}

function checkSteps({ steps }: Orchestration, { limits }: Policy): FoundProblem[] {
  return checkGraph(steps, limits).map((problem) => ({ ...problem, path: ['spec', 'steps', ...problem.path] }));
}

/** Gives each problem its severity, drops what is off, and writes those that are shown. */
export function weigh(found: readonly FoundProblem[], { severities }: Policy, mostShown = MOST_SHOWN): Judgement {
  const kept: Record<Severity, FoundProblem[]> = { deny: [], warn: [], off: [] };
  for (const problem of found) kept[severityOf(problem.code, severities)].push(problem);
  const write = (severity: 'deny' | 'warn') =>
    kept[severity]
      .sort(byPlace)
      .slice(0, mostShown)
      .map((problem) => writeProblem(problem, severity));
  return {
    denials: write('deny'),
    warnings: write('warn'),
    deniedCount: kept.deny.length,
    warnedCount: kept.warn.length,
  };
}

const meanings = new Map(rules.map((rule, rank) => [rule.code, { ...rule, rank }]));

function severityOf(code: string, severities: Policy['severities']): Severity {
  const meaning = meanings.get(code);
  if (meaning === undefined) throw new Error(`no rule has the code ${code}`);
  return meaning.isFixed ? meaning.severity : (severities.get(code) ?? meaning.severity);
}

/** By step (what concerns no single step first), then by rule; sorting is stable, so then as found. */
function byPlace(left: FoundProblem, right: FoundProblem): number {
  return stepOf(left) - stepOf(right) || rankOf(left) - rankOf(right);
}

function stepOf({ path: [, , index] }: FoundProblem): number {
  return typeof index === 'number' ? index : -1;
}

function rankOf({ code }: FoundProblem): number {
  return meanings.get(code)?.rank ?? 0;
}

function writeProblem({ code, path, describe, loop }: FoundProblem, severity: 'deny' | 'warn'): Problem {
  return { code, severity, path, field: formatPath(path), message: describe(), ...(loop && { steps: loop }) };
}
