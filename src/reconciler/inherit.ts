import { displayName } from '../dag/display.ts';
import { buildGraph, dependentsOf, type Graph } from '../dag/graph.ts';
import { topologicalOrder } from '../dag/levels.ts';
import type { Orchestration } from '../orchestration/decode.ts';
import { isEqual } from '../orchestration/equality.ts';
import type { RunInput } from '../orchestration/kinds/kind.ts';
import type { StepKinds } from '../orchestration/kinds/step-kinds.ts';
import { isSatisfied, type RunStatus, type StepStatus } from '../orchestration/run-status.ts';
import type { Step } from '../orchestration/schema.ts';
import { createInputComparison } from './compare-inputs.ts';

/** The finished run that a run continues, with the part of its status that can be trusted. */
export interface Source {
  /** Its parameters have the defaults of its snapshot. */
  readonly run: RunInput & { readonly status: Pick<RunStatus, 'stepStatuses'> };
  /** Its snapshot. Undefined if that is gone: then no step is known to be unchanged. */
  readonly orchestration: Orchestration | undefined;
}

/** The run that continues the source. */
export interface Continuation {
  /** The Orchestration that it follows. */
  readonly orchestration: Orchestration;
  /** With the defaults that the Orchestration declares. */
  readonly parameters: RunInput['parameters'];
  /** The steps that run again in any case. */
  readonly steps: readonly string[];
}

/**
 * Why a step runs again. `message` is the first reason, in words that follow the name of the step. An example is
 * `its input with.version changed`.
 */
export interface Cause {
  readonly type: 'Named' | 'New' | 'Changed' | 'Unsatisfied' | 'Asks' | 'Ancestor' | 'Skipped' | 'Input';
  readonly message: string;
}

/** What becomes of a step of the continuation. */
export type Decision = { readonly step: string } & (
  | {
      readonly type: 'Inherited';
      /** The status with which the step ended in the source. */
      readonly status: StepStatus;
      /** The run that carried it out. */
      readonly from: string;
    }
  | {
      readonly type: 'Runs';
      readonly cause: Cause;
      /**
       * If the step runs an Orchestration: the nested run of the source that its nested run may continue. It may,
       * because the step has failed in the source, and nothing that comes before it runs again except gates that ask
       * again.
       */
      readonly resumeFrom?: string;
    }
);

/**
 * Decides which steps a run inherits from the finished run that it continues, in declaration order. A step is inherited
 * if its end in the source satisfies its dependents, all of its ancestors are inherited, its declaration and its inputs
 * are unchanged, and nobody wants it to run again. A gate is inherited only if all of its descendants are. Pure. Cost:
 * linear in steps and edges, once more for each round in which gates are found that ask again.
 */
export function decideInheritance(source: Source, next: Continuation, kinds: StepKinds): readonly Decision[] {
  const { steps } = next.orchestration;
  const graph = buildGraph(steps);
  const order = topologicalOrder(graph);
  const judge = createJudge(source, next, graph, kinds);
  const isGate = (index: number) => kinds.get(steps[index]?.kind ?? '')?.type === 'Gate';
  const asking = new Map<number, Cause>();
  for (;;) {
    const causes = findCauses(order, graph, judge, asking);
    const found = findAsking(order, graph, causes).filter(([index]) => isGate(index) && !causes.has(index));
    if (found.length === 0) return describe(source, graph, order, causes, kinds);
    for (const [index, descendant] of found)
      asking.set(index, { type: 'Asks', message: `it asks again, because ${nameAt(graph, descendant)} runs again` });
  }
}

interface Judge {
  /** Reasons of the step itself that are stronger than those of its ancestors. */
  readonly before: (index: number) => Cause | undefined;
  /** The other reasons. Call it only if all ancestors are inherited. */
  readonly after: (index: number) => Cause | undefined;
}

function createJudge(
  { run, orchestration: declared }: Source,
  { orchestration, parameters, steps }: Continuation,
  graph: Graph,
  kinds: StepKinds,
): Judge {
  const { stepStatuses } = run.status;
  const named = new Set(steps);
  const statuses = new Map(stepStatuses.map((status) => [status.name, status]));
  const old = { steps: declared?.steps ?? [], parameters: run.parameters };
  const entries = indexEntries(buildGraph(old.steps), old.steps);
  const compareInputs = createInputComparison(run, stepStatuses, [old, { ...orchestration, parameters }], kinds);
  const inputs = new Map<string, string | undefined>();

  function judgeDeclared(step: Step, index: number): Cause | undefined {
    const [before, status] = [entries.get(step.name), statuses.get(step.name)];
    if (named.has(step.name)) return { type: 'Named', message: 'the rerun names it' };
    if (declared === undefined) return { type: 'New', message: 'the finished run has no snapshot any more' };
    if (before === undefined) return { type: 'New', message: 'the finished run did not have it' };
    const message = describeChange(before, readEntry(graph, orchestration.steps, index));
    if (message !== undefined) return { type: 'Changed', message };
    return status !== undefined && hasFailed(status)
      ? { type: 'Unsatisfied', message: describeFailure(status) }
      : undefined;
  }

  function judgeInput(step: Step): Cause | undefined {
    const before = entries.get(step.name);
    if (!inputs.has(step.name)) inputs.set(step.name, before && compareInputs(before.step, step));
    const message = inputs.get(step.name);
    return message === undefined ? undefined : { type: 'Input', message };
  }

  const before = orchestration.steps.map(judgeDeclared);
  return {
    before: (index) => before[index],
    after: (index) => {
      const step = orchestration.steps[index] as Step;
      const status = statuses.get(step.name);
      if (status !== undefined && isSatisfied(status)) return judgeInput(step);
      return { type: 'Skipped', message: `it did not run${status === undefined ? '' : why(status)}` };
    },
  };
}

/** A step as declared, and the names of its dependencies, whether it declares them or not. */
interface Entry {
  readonly step: Step;
  readonly waitsFor: readonly string[];
}

function indexEntries(graph: Graph, steps: readonly Step[]): ReadonlyMap<string, Entry> {
  return new Map(steps.map(({ name }, index) => [name, readEntry(graph, steps, index)]));
}

function readEntry({ dependencies }: Graph, steps: readonly Step[], index: number): Entry {
  const waitsFor = (dependencies[index] ?? []).map((target) => steps[target]?.name ?? '').sort();
  return { step: steps[index] as Step, waitsFor };
}

/** Compares every field, because a field that this version does not know may change what the step does. */
function describeChange(before: Entry, after: Entry): string | undefined {
  const fields = new Set([...Object.keys(before.step), ...Object.keys(after.step)]);
  fields.delete('dependsOn');
  const changed = [
    ...(isEqual(before.waitsFor, after.waitsFor) ? [] : ['dependsOn']),
    ...[...fields].filter((field) => !isEqual(before.step[field], after.step[field])),
  ];
  if (changed.length === 0) return undefined;
  return `its ${changed.length > 1 ? 'fields' : 'field'} ${changed.map(displayName).join(', ')} changed`;
}

function hasFailed(status: StepStatus): boolean {
  return (status.phase === 'Failed' || status.phase === 'Cancelled') && !isSatisfied(status);
}

function describeFailure(status: StepStatus): string {
  return `it ${status.phase === 'Failed' ? 'failed' : 'was cancelled'}${why(status)}`;
}

function why({ message = '' }: StepStatus): string {
  return message === '' ? '' : `: ${message}`;
}

/** The steps that run again, by index. */
function findCauses(
  order: readonly number[],
  graph: Graph,
  judge: Judge,
  asking: ReadonlyMap<number, Cause>,
): ReadonlyMap<number, Cause> {
  const causes = new Map<number, Cause>();
  for (const index of order) {
    const before = judge.before(index) ?? asking.get(index);
    const ancestor = graph.dependencies[index]?.find((target) => causes.has(target));
    const cause =
      before ??
      (ancestor === undefined
        ? judge.after(index)
        : { type: 'Ancestor' as const, message: `it depends on ${nameAt(graph, ancestor)}, which runs again` });
    if (cause !== undefined) causes.set(index, cause);
  }
  return causes;
}

/** The steps with a descendant that runs again, each with one such descendant. */
function findAsking(
  order: readonly number[],
  graph: Graph,
  causes: ReadonlyMap<number, Cause>,
): readonly (readonly [number, number])[] {
  const dependents = dependentsOf(graph);
  const found = new Map<number, number>();
  for (const index of order.toReversed()) {
    const next = dependents[index]?.find((dependent) => causes.has(dependent) || found.has(dependent));
    if (next !== undefined) found.set(index, causes.has(next) ? next : (found.get(next) as number));
  }
  return [...found];
}

function describe(
  { run }: Source,
  graph: Graph,
  order: readonly number[],
  causes: ReadonlyMap<number, Cause>,
  kinds: StepKinds,
): readonly Decision[] {
  const statuses = new Map(run.status.stepStatuses.map((status) => [status.name, status]));
  const undisturbed = new Set<number>();
  for (const index of order) {
    const isQuiet = (target: number) => undisturbed.has(target) && (causes.get(target)?.type ?? 'Asks') === 'Asks';
    if (graph.dependencies[index]?.every(isQuiet)) undisturbed.add(index);
  }
  return graph.steps.map(({ name: step }, index): Decision => {
    const [status, cause] = [statuses.get(step), causes.get(index)];
    if (cause === undefined && status !== undefined)
      return { step, type: 'Inherited', status, from: status.inheritedFrom ?? run.name };
    const kind = kinds.get(status?.kind ?? '');
    const isResumed =
      cause?.type === 'Unsatisfied' && undisturbed.has(index) && kind?.type === 'Child' && kind.runs !== undefined;
    const nested = isResumed ? status?.resourceRef?.name : undefined;
    return {
      step,
      type: 'Runs',
      cause: cause ?? { type: 'Skipped', message: 'it did not run' },
      ...(nested !== undefined && { resumeFrom: nested }),
    };
  });
}

function nameAt({ steps }: Graph, index: number): string {
  return displayName(steps[index]?.name ?? '');
}
