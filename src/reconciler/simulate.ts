import { buildGraph } from '../dag/graph.ts';
import { topologicalOrder } from '../dag/levels.ts';
import type { StoredObject } from '../objects/object.ts';
import type { Orchestration } from '../orchestration/decode.ts';
import { isEqual } from '../orchestration/equality.ts';
import type { Outcome, StepKind } from '../orchestration/kinds/kind.ts';
import { createStepKinds, type StepKinds } from '../orchestration/kinds/step-kinds.ts';
import { isRunFinal, isStepFinal, type RunStatus, type StepStatus } from '../orchestration/run-status.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { StepReason } from '../orchestration/vocabulary/step-reasons.ts';
import { executeSteps } from './execute.ts';
import { nameChild } from './names.ts';
import type { Observation, ObservedRun } from './observation.ts';
import { type Standing, summarise, writeStatus } from './summary.ts';
import { type Assumption, createUnknowns } from './unknowns.ts';

/** What happens in a simulation. All steps are given by name. */
export interface Scenario {
  /** Steps that fail for good. All others succeed. */
  readonly fails: ReadonlySet<string>;
  /** The results of conditions, whatever they read. */
  readonly conditions: ReadonlyMap<string, boolean>;
  /** The run is cancelled while this step runs. */
  readonly cancelAt?: string | undefined;
}

/** How a run would end. */
export interface Simulation extends Pick<Standing, 'phase' | 'message'> {
  /** In the order in which the steps end. */
  readonly steps: readonly Pick<StepStatus, 'name' | 'phase' | 'reason' | 'message' | 'ignored'>[];
  readonly assumptions: readonly Assumption[];
}

const UID = 'simulation';
const START = '1970-01-01T00:00:00.000Z';

/**
 * Runs an Orchestration in memory, with the decisions of the reconciler. Each child ends as soon as it exists, and time
 * stands still, so nothing times out. `run` is a run that has not started. Pure. Cost: that of a decision, once for
 * each step of the longest path.
 */
export function simulateRun(
  { steps: declared, ...rest }: Orchestration,
  run: ObservedRun,
  kinds: StepKinds,
  scenario: Scenario,
): Simulation {
  // What a child returns is unknown, so no output is evaluated.
  const orchestration = { ...rest, steps: declared.map(({ outputs: _, ...step }) => step) };
  const order = topologicalOrder(buildGraph(declared));
  const unknowns = createUnknowns(orchestration, kinds, scenario.conditions);
  const simulated = simulateKinds(kinds, scenario);
  const ended = new Map<string, StepStatus>();
  let status: RunStatus = { conditions: [], stepStatuses: [], runId: run.name, startedAt: START };
  let isCancelled = false;
  for (;;) {
    isCancelled ||= status.stepStatuses.some(({ name, phase }) => name === scenario.cancelAt && phase === 'Running');
    const observed = { ...run, uid: UID, creationTimestamp: START, status, isCancelled };
    const execution = executeSteps(observe(observed, simulated), orchestration, 0, nameChild, unknowns.inputsOf);
    const { statuses } = execution;
    for (const step of order.flatMap((index) => statuses[index] ?? []))
      if (isStepFinal(step) && !ended.has(step.name)) ended.set(step.name, step);
    const standing = summarise(execution, false);
    if (isRunFinal(standing) || isEqual(statuses, status.stepStatuses)) {
      const { phase, message } = standing;
      return { phase, message, steps: [...ended.values()].map(viewStep), assumptions: unknowns.listAssumptions() };
    }
    status = writeStatus(status, standing, { stepStatuses: statuses }, START);
  }
}

function viewStep({ name, phase, reason, message, ignored }: StepStatus): Simulation['steps'][number] {
  return { name, phase, ...(reason && { reason }), ...(message && { message }), ...(ignored && { ignored }) };
}

/** Kinds whose children and gates end as the scenario says. A child carries the name of its step. */
function simulateKinds({ all }: StepKinds, { fails, cancelAt }: Scenario): StepKinds {
  const endOf = (step: string): Outcome => {
    if (step === cancelAt) return { state: 'Running' };
    if (!fails.has(step)) return { state: 'Succeeded' };
    return { state: 'Failed', reason: StepReason.ChildFailed, message: 'fails in this simulation', isFinal: true };
  };
  return createStepKinds(
    all.map((kind): StepKind => {
      if (kind.type === 'Gate') return { ...kind, judge: ({ name }) => endOf(name) };
      if (kind.type === 'Immediate') return kind;
      const { readWait: _, mustCleanUp: __, ...child } = kind;
      return { ...child, readOutcome: ({ metadata }) => endOf(metadata.labels?.[STEP] ?? '') };
    }),
  );
}

const STEP = 'step';

/** The observation of a run in which every running step has its child. */
function observe(run: ObservedRun, kinds: StepKinds): Observation {
  const owner = { apiVersion: API_VERSION, kind: 'OrchestrationRun', name: run.name, uid: run.uid, controller: true };
  const children = run.status.stepStatuses.flatMap(({ name: step, phase, resourceRef }): StoredObject[] => {
    if (phase !== 'Running' || resourceRef === undefined) return [];
    const { apiVersion, kind, name, namespace } = resourceRef;
    const metadata = { name, namespace, uid: name, labels: { [STEP]: step }, ownerReferences: [owner] };
    return [{ apiVersion, kind, metadata }];
  });
  return {
    run,
    kinds,
    // Not read: the caller passes the Orchestration.
    orchestration: { state: 'Unread' },
    children: new Map(children.map((child) => [child.metadata.name, child])),
    ancestry: [],
    isAwaited: false,
    owned: [],
    held: [],
    created: new Map(),
    taken: new Map(),
    refusals: new Map(),
    waits: new Map(),
    unreadable: new Map(),
    watched: new Map(),
  };
}
