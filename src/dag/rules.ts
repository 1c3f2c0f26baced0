import { findCycles } from './cycles.ts';
import { displayLoop, listNames, quoteName } from './display.ts';
import type { Step } from './graph.ts';
import { buildGraph, type DependencyEntry, type Graph } from './graph.ts';
import { suggestName } from './suggest.ts';

/** How large a graph may be. Both bound the time a decision takes. */
export interface Limits {
  /** Steps in one Orchestration. */
  readonly maxSteps: number;
  /** Entries in one step's `dependsOn`. */
  readonly maxDependencies: number;
}

/** Kubernetes users' largest graphs have hundreds of steps; Argo Workflows allows 200 tasks a DAG, Tekton's tests use 505. */
export const defaultLimits: Limits = { maxSteps: 1000, maxDependencies: 256 };

/**
 * Something wrong with the graph. `path` leads from the list of steps to the place: `[]` is the list, `[3, 'dependsOn', 0]`
 * an entry. `describe` writes the sentence; it is called only for problems that are shown, since a suggestion costs.
 */
export interface GraphProblem {
  readonly path: readonly (string | number)[];
  readonly describe: () => string;
  /** The names on the loop, each waiting for the next and the last for the first; of a DependencyCycle only. */
  readonly loop?: readonly string[];
}

/** One rule: its code, and what it does to an object when nothing else is configured. */
export interface GraphRule {
  readonly code: string;
  readonly severity: 'deny' | 'warn';
  /** Without this rule the graph cannot be decided, so it denies whatever is configured. */
  readonly isFixed?: boolean;
}

/** All problems with one code: how many there are, and the first of them in the order of their places. */
export interface GraphFinding {
  readonly code: GraphCode;
  readonly count: number;
  readonly problems: readonly GraphProblem[];
}

/** Gives the number of problems that a rule finds, and writes the first `most`: the others cost no more than their places. */
type Check<Subject> = (subject: Subject, most: number) => Omit<GraphFinding, 'code'>;

/** Asked first, of the list as it came: a graph over a limit is not looked at any further. */
export const limitRules = [
  { code: 'TooManySteps', severity: 'deny', isFixed: true, check: check(tooManySteps, describeSteps) },
  { code: 'TooManyDependencies', severity: 'deny', isFixed: true, check: check(tooManyDependencies, describeEntries) },
] as const satisfies readonly (GraphRule & { check: Check<Bounded> })[];

/** The rules of the graph itself, in the order in which their problems are reported for one and the same place. */
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
 * Whether a list of steps is within the limits, before anything is made of it: its entries may be of any type. Cost: one
 * look at each step; none at the steps of a list that is too long.
 */
export function checkLimits(steps: readonly unknown[], limits: Limits, most = Infinity): readonly GraphFinding[] {
  return runRules(limitRules, { steps, limits }, most);
}

/** All problems of the graph, rule by rule, of each the first `most`. Linear in steps and entries. */
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

/** A rule is where it finds something wrong, and what it says of such a place. */
function check<Place, Subject = Graph>(
  find: (subject: Subject) => readonly Place[],
  describe: (subject: Subject, place: Place) => GraphProblem,
): Check<Subject> {
  return (subject, most) => {
    const places = find(subject);
    return { count: places.length, problems: places.slice(0, most).map((place) => describe(subject, place)) };
  };
}

/** A list of steps as it came, and what it must not exceed. */
interface Bounded {
  readonly steps: readonly unknown[];
  readonly limits: Limits;
}

function tooManySteps({ steps, limits }: Bounded): readonly number[] {
  return steps.length > limits.maxSteps ? [steps.length] : [];
}

function describeSteps({ limits: { maxSteps } }: Bounded, count: number): GraphProblem {
  const describe = () =>
    `${count} steps, and at most ${maxSteps} are allowed: split it with SubOrchestration steps (the graph was not checked)`;
  return { path: [], describe };
}

function tooManyDependencies({ steps, limits }: Bounded): readonly number[] {
  const places: number[] = [];
  if (steps.length > limits.maxSteps) return places;
  for (let step = 0; step < steps.length; step++)
    if (countEntries(steps[step]) > limits.maxDependencies) places.push(step);
  return places;
}

function describeEntries({ steps, limits: { maxDependencies } }: Bounded, step: number): GraphProblem {
  const describe = () =>
    `${countEntries(steps[step])} entries, and at most ${maxDependencies} are allowed: put a Checkpoint step between (the graph was not checked)`;
  return { path: [step, 'dependsOn'], describe };
}

function countEntries(step: unknown): number {
  const dependsOn = (step as Partial<Step> | null | undefined)?.dependsOn;
  return Array.isArray(dependsOn) ? dependsOn.length : 0;
}

function duplicateStep({ steps }: Graph, { step, first }: Graph['duplicates'][number]): GraphProblem {
  const describe = () =>
    `${quoteName(nameAt(steps, step))} is already the name of steps[${first}]: rename one of the two`;
  return { path: [step, 'name'], describe };
}

function missingDependency({ steps }: Graph, place: DependencyEntry): GraphProblem {
  const describe = () => {
    const wanted = wantedAt(steps, place);
    const own = nameAt(steps, place.step);
    const others = steps.map(({ name }) => name).filter((name) => name !== '' && name !== own);
    const meant = suggestName(wanted, others);
    if (meant !== undefined) return `no step is named ${quoteName(wanted)}: did you mean ${quoteName(meant)}?`;
    const cure = others.length > 0 ? `the other steps are ${listNames(others)}` : 'there is no other step';
    return `no step is named ${quoteName(wanted)}: ${cure}`;
  };
  return { path: pathOf(place), describe };
}

function selfDependency({ steps }: Graph, place: DependencyEntry): GraphProblem {
  const describe = () =>
    `${quoteName(wantedAt(steps, place))} waits for itself and could never start: remove this entry`;
  return { path: pathOf(place), describe };
}

/** A loop is reported at its last step, which closes it. */
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

/** The steps that start at once though they do not say so; they are one problem. */
function impliedRoots({ steps, isSequential }: Graph): readonly (readonly string[])[] {
  if (isSequential) return [];
  const isImplied = ({ name, dependsOn }: Step, index: number) => index > 0 && name !== '' && dependsOn === undefined;
  const roots = steps.filter(isImplied).map(({ name }) => name);
  return roots.length === 0 ? [] : [roots];
}

function mixedDependsOn(_: Graph, roots: readonly string[]): GraphProblem {
  const describe = () =>
    `${listNames(roots, 3)} without dependsOn, while other steps have it: may start at once. Write dependsOn: [] if that is meant`;
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
