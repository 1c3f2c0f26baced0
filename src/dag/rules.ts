import { findCycles } from './cycles.ts';
import { displayLoop, listNames, quoteName } from './display.ts';
import { buildGraph, type DependencyEntry, type Graph } from './graph.ts';
import type { Step } from './step.ts';
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

/** One rule: its code, what it does to an object when nothing else is configured, and how it finds its problems. */
export interface GraphRule<Subject> {
  readonly code: string;
  readonly severity: 'deny' | 'warn';
  /** Without this rule the graph cannot be decided, so it denies whatever is configured. */
  readonly isFixed?: boolean;
  readonly find: (subject: Subject, limits: Limits) => readonly GraphProblem[];
}

/** Asked first: a graph over a limit is not looked at any further. */
export const limitRules = [
  { code: 'TooManySteps', severity: 'deny', isFixed: true, find: tooManySteps },
  { code: 'TooManyDependencies', severity: 'deny', isFixed: true, find: tooManyDependencies },
] as const satisfies readonly GraphRule<readonly Step[]>[];

/** The rules of the graph itself, in the order their problems are told for one and the same place. */
export const graphRules = [
  { code: 'DuplicateStep', severity: 'deny', isFixed: true, find: duplicateSteps },
  { code: 'MissingDependency', severity: 'deny', find: missingDependencies },
  { code: 'SelfDependency', severity: 'deny', find: selfDependencies },
  { code: 'DependencyCycle', severity: 'deny', find: dependencyCycles },
  { code: 'DuplicateDependency', severity: 'warn', find: duplicateDependencies },
  { code: 'MixedDependsOn', severity: 'warn', find: mixedDependsOn },
] as const satisfies readonly GraphRule<Graph>[];

export type GraphCode = (typeof limitRules | typeof graphRules)[number]['code'];

/** A problem with the code of the rule that found it. */
export interface CodedGraphProblem extends GraphProblem {
  readonly code: GraphCode;
}

/** All problems of the graph, rule by rule. Linear in steps and entries; a graph over a limit costs only the counting. */
export function checkGraph(steps: readonly Step[], limits: Limits = defaultLimits): readonly CodedGraphProblem[] {
  const overLimits = runRules(limitRules, steps, limits);
  return overLimits.length > 0 ? overLimits : runRules(graphRules, buildGraph(steps), limits);
}

function runRules<Subject, Code extends GraphCode>(
  rules: readonly (GraphRule<Subject> & { readonly code: Code })[],
  subject: Subject,
  limits: Limits,
): CodedGraphProblem[] {
  return rules.flatMap(({ code, find }) => find(subject, limits).map((problem) => ({ code, ...problem })));
}

function tooManySteps(steps: readonly Step[], { maxSteps }: Limits): GraphProblem[] {
  if (steps.length <= maxSteps) return [];
  const describe = () =>
    `${steps.length} steps, and at most ${maxSteps} are allowed: split it with SubOrchestration steps (the graph was not checked)`;
  return [{ path: [], describe }];
}

function tooManyDependencies(steps: readonly Step[], { maxDependencies }: Limits): GraphProblem[] {
  const problems: GraphProblem[] = [];
  for (let index = 0; index < steps.length; index++) {
    const dependsOn = steps[index]?.dependsOn;
    if (dependsOn === undefined || dependsOn.length <= maxDependencies) continue;
    const describe = () =>
      `${dependsOn.length} entries, and at most ${maxDependencies} are allowed: put a Checkpoint step between (the graph was not checked)`;
    problems.push({ path: [index, 'dependsOn'], describe });
  }
  return problems;
}

function duplicateSteps({ steps, duplicates }: Graph): GraphProblem[] {
  return duplicates.map(({ step, first }) => ({
    path: [step, 'name'],
    describe: () => `${quoteName(nameAt(steps, step))} is already the name of steps[${first}]: rename one of the two`,
  }));
}

function missingDependencies({ steps, missing }: Graph): GraphProblem[] {
  return missing.map((place) => ({
    path: pathOf(place),
    describe: () => {
      const wanted = wantedAt(steps, place);
      const own = nameAt(steps, place.step);
      const others = steps.map(({ name }) => name).filter((name) => name !== '' && name !== own);
      const meant = suggestName(wanted, others);
      if (meant !== undefined) return `no step is named ${quoteName(wanted)}: did you mean ${quoteName(meant)}?`;
      const cure = others.length > 0 ? `the other steps are ${listNames(others)}` : 'there is no other step';
      return `no step is named ${quoteName(wanted)}: ${cure}`;
    },
  }));
}

function selfDependencies({ steps, reflexive }: Graph): GraphProblem[] {
  return reflexive.map((place) => ({
    path: pathOf(place),
    describe: () => `${quoteName(wantedAt(steps, place))} waits for itself and could never start: remove this entry`,
  }));
}

function dependencyCycles(graph: Graph): GraphProblem[] {
  return findCycles(graph).map((cycle) => {
    const loop = cycle.map((step) => nameAt(graph.steps, step));
    const step = cycle.at(-1) ?? 0;
    const entry = graph.steps[step]?.dependsOn?.indexOf(loop[0] ?? '') ?? 0;
    const describe = () =>
      `dependency cycle ${displayLoop(loop)}: none of them could ever start; remove one of these dependencies`;
    return { path: [step, 'dependsOn', entry], describe, loop };
  });
}

function duplicateDependencies({ steps, repeated }: Graph): GraphProblem[] {
  return repeated.map((place) => ({
    path: pathOf(place),
    describe: () => `${quoteName(wantedAt(steps, place))} is listed twice and counts once: remove this entry`,
  }));
}

function mixedDependsOn({ steps, isSequential }: Graph): GraphProblem[] {
  if (isSequential) return [];
  const isImplied = ({ name, dependsOn }: Step, index: number) => index > 0 && name !== '' && dependsOn === undefined;
  const roots = steps.filter(isImplied).map(({ name }) => name);
  if (roots.length === 0) return [];
  const describe = () =>
    `${listNames(roots, 3)} without dependsOn, while other steps have it: may start at once. Write dependsOn: [] if that is meant`;
  return [{ path: [], describe }];
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
