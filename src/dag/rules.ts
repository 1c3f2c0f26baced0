import { findCycles } from './cycles.ts';
import { displayLoop, listNames, quoteName } from './display.ts';
import type { Step } from './graph.ts';
import { buildGraph, type DependencyEntry, type Graph } from './graph.ts';
import { suggestName } from './suggest.ts';

/** The largest graph that is allowed. Both limits bound the time that a decision takes. */
export interface Limits {
  /** Steps in one Orchestration. */
  readonly maxSteps: number;
  /** Entries in one step's `dependsOn`. */
  readonly maxDependencies: number;
}

/**
 * The largest graphs in use have hundreds of steps. Argo Workflows allows 200 tasks in a DAG, and Tekton's tests use
 * 505.
 */
export const defaultLimits: Limits = { maxSteps: 1000, maxDependencies: 256 };

/**
 * A problem of the graph. `path` is the place of the problem, relative to the list of steps: `[]` is the list itself,
 * and `[3, 'dependsOn', 0]` is an entry. `describe` writes the message. It is called only for problems that are shown,
 * because a suggestion is expensive.
 */
export interface GraphProblem {
  readonly path: readonly (string | number)[];
  readonly describe: () => string;
  /** For a DependencyCycle, the names on the loop. Each step depends on the next, and the last depends on the first. */
  readonly loop?: readonly string[];
}

/** A rule: its code, and its default effect on an object. */
export interface GraphRule {
  readonly code: string;
  readonly severity: 'deny' | 'warn';
  /** The rule always denies, whatever is configured: without it, the graph cannot be checked. */
  readonly isFixed?: boolean;
}

/** All problems with one code: their number, and the first of them, sorted by place. */
export interface GraphFinding {
  readonly code: GraphCode;
  readonly count: number;
  readonly problems: readonly GraphProblem[];
}

/** A value in a message: a count, an index, or a name in quotes. */
type Shown = string | number;

/**
 * The messages that the policy of the chart has too (see scripts/policy-twin.ts). Suggestions from the names of the
 * other steps are added later.
 */
export const graphMessages = {
  TooManySteps: (count: Shown, most: Shown) =>
    `${count} steps, but at most ${most} are allowed: replace some of them with SubOrchestration steps (the graph was not checked)`,
  TooManyDependencies: (count: Shown, most: Shown) =>
    `${count} entries, but at most ${most} are allowed: combine some of them in a Checkpoint step (the graph was not checked)`,
  DuplicateStep: (name: Shown, first: Shown) => `${name} is already the name of steps[${first}]: rename one of the two`,
  MissingDependency: (wanted: Shown) => `no step is named ${wanted}`,
  SelfDependency: (name: Shown) => `${name} waits for itself and could never start: remove this entry`,
} as const;

/** Counts the problems that a rule finds, and returns the first `most`. For the others, only the places take memory. */
type Check<Subject> = (subject: Subject, most: number) => Omit<GraphFinding, 'code'>;

/** The limits are checked first, on the list as received. If the list is over a limit, nothing else is checked. */
export const limitRules = [
  { code: 'TooManySteps', severity: 'deny', isFixed: true, check: check(tooManySteps, describeSteps) },
  { code: 'TooManyDependencies', severity: 'deny', isFixed: true, check: check(tooManyDependencies, describeEntries) },
] as const satisfies readonly (GraphRule & { check: Check<Bounded> })[];

/** The rules of the graph itself. If several report the same place, their problems are in this order. */
export const graphRules = [
  {
    code: 'DuplicateStep',
    severity: 'deny',
    isFixed: true,
    check: check(({ duplicates }) => duplicates, duplicateStep),
  },
  { code: 'MissingDependency', severity: 'deny', check: check(({ missing }) => missing, missingDependency) },
  { code: 'SelfDependency', severity: 'deny', check: check(({ reflexive }) => reflexive, selfDependency) },
  { code: 'DependencyCycle', severity: 'deny', check: check(cyclesByPlace, dependencyCycle) },
  { code: 'DuplicateDependency', severity: 'warn', check: check(({ repeated }) => repeated, duplicateDependency) },
  { code: 'MixedDependsOn', severity: 'warn', check: check(impliedRoots, mixedDependsOn) },
] as const satisfies readonly (GraphRule & { check: Check<Graph> })[];

export type GraphCode = (typeof limitRules | typeof graphRules)[number]['code'];

/**
 * Checks whether a list of steps is within the limits. The list is not decoded yet, so its entries can have any type.
 * Cost: linear in the number of steps, or constant if there are too many.
 */
export function checkLimits(steps: readonly unknown[], limits: Limits, most = Infinity): readonly GraphFinding[] {
  return runRules(limitRules, { steps, limits }, most);
}

/** Returns the problems of the graph, rule by rule, at most `most` for each rule. Linear in steps and entries. */
export function checkGraph(steps: readonly Step[], most = Infinity): readonly GraphFinding[] {
  return runRules(graphRules, buildGraph(steps), most);
}

function runRules<Subject>(
  rules: readonly { readonly code: GraphCode; readonly check: Check<Subject> }[],
  subject: Subject,
  most: number,
): GraphFinding[] {
  return rules.map(({ code, check }) => ({ code, ...check(subject, most) })).filter(({ count }) => count > 0);
}

/**
 * Makes a check from two parts: `find` returns the places of the problems, and `describe` makes the problem at one
 * place.
 */
function check<Place, Subject = Graph>(
  find: (subject: Subject) => readonly Place[],
  describe: (subject: Subject, place: Place) => GraphProblem,
): Check<Subject> {
  return (subject, most) => {
    const places = find(subject);
    return { count: places.length, problems: places.slice(0, most).map((place) => describe(subject, place)) };
  };
}

/** A list of steps as received, and its limits. */
interface Bounded {
  readonly steps: readonly unknown[];
  readonly limits: Limits;
}

function tooManySteps({ steps, limits }: Bounded): readonly number[] {
  return steps.length > limits.maxSteps ? [steps.length] : [];
}

function describeSteps({ limits: { maxSteps } }: Bounded, count: number): GraphProblem {
  return { path: [], describe: () => graphMessages.TooManySteps(count, maxSteps) };
}

function tooManyDependencies({ steps, limits }: Bounded): readonly number[] {
  const places: number[] = [];
  if (steps.length > limits.maxSteps) return places;
  for (let step = 0; step < steps.length; step++)
    if (countEntries(steps[step]) > limits.maxDependencies) places.push(step);
  return places;
}

function describeEntries({ steps, limits: { maxDependencies } }: Bounded, step: number): GraphProblem {
  const describe = () => graphMessages.TooManyDependencies(countEntries(steps[step]), maxDependencies);
  return { path: [step, 'dependsOn'], describe };
}

function countEntries(step: unknown): number {
  const dependsOn = (step as Partial<Step> | null | undefined)?.dependsOn;
  return Array.isArray(dependsOn) ? dependsOn.length : 0;
}

function duplicateStep({ steps }: Graph, { step, first }: Graph['duplicates'][number]): GraphProblem {
  const describe = () => graphMessages.DuplicateStep(quoteName(nameAt(steps, step)), first);
  return { path: [step, 'name'], describe };
}

function missingDependency({ steps }: Graph, place: DependencyEntry): GraphProblem {
  const describe = () => {
    const wanted = wantedAt(steps, place);
    const own = nameAt(steps, place.step);
    const others = steps.map(({ name }) => name).filter((name) => name !== '' && name !== own);
    const meant = suggestName(wanted, others);
    const message = graphMessages.MissingDependency(quoteName(wanted));
    if (meant !== undefined) return `${message}: did you mean ${quoteName(meant)}?`;
    const choice = others.length > 0 ? `the other steps are ${listNames(others)}` : 'there is no other step';
    return `${message}: ${choice}`;
  };
  return { path: pathOf(place), describe };
}

function selfDependency({ steps }: Graph, place: DependencyEntry): GraphProblem {
  const describe = () => graphMessages.SelfDependency(quoteName(wantedAt(steps, place)));
  return { path: pathOf(place), describe };
}

/** A loop is reported at its last step. */
function cyclesByPlace(graph: Graph): readonly (readonly number[])[] {
  return findCycles(graph).toSorted((left, right) => (left.at(-1) ?? 0) - (right.at(-1) ?? 0));
}

function dependencyCycle({ steps }: Graph, cycle: readonly number[]): GraphProblem {
  const loop = cycle.map((step) => nameAt(steps, step));
  const step = cycle.at(-1) ?? 0;
  const entry = steps[step]?.dependsOn?.indexOf(loop[0] ?? '') ?? 0;
  const describe = () =>
    `dependency cycle ${displayLoop(loop)}: none of them could ever start; remove one of these dependencies`;
  return { path: [step, 'dependsOn', entry], describe, loop };
}

function duplicateDependency({ steps }: Graph, place: DependencyEntry): GraphProblem {
  const describe = () => `${quoteName(wantedAt(steps, place))} is listed twice and counts once: remove this entry`;
  return { path: pathOf(place), describe };
}

/** The steps that are roots without declaring it. All of them together are one problem. */
function impliedRoots({ steps, isSequential }: Graph): readonly (readonly string[])[] {
  if (isSequential) return [];
  const isImplied = ({ name, dependsOn }: Step, index: number) => index > 0 && name !== '' && dependsOn === undefined;
  const roots = steps.filter(isImplied).map(({ name }) => name);
  return roots.length === 0 ? [] : [roots];
}

function mixedDependsOn(_: Graph, roots: readonly string[]): GraphProblem {
  const describe = () =>
    `dependsOn is declared by other steps, but not by ${listNames(roots, 3)}: a step without it starts at once; if you intend that, write dependsOn: []`;
  return { path: [], describe };
}

function pathOf({ step, entry }: DependencyEntry): GraphProblem['path'] {
  return [step, 'dependsOn', entry];
}

function nameAt(steps: readonly Step[], step: number): string {
  return steps[step]?.name ?? '';
}

function wantedAt(steps: readonly Step[], { step, entry }: DependencyEntry): string {
  return steps[step]?.dependsOn?.[entry] ?? '';
}
