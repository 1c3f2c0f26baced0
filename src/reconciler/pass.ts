import type { Orchestration } from '../orchestration/decode.ts';
import type { ChildKind } from '../orchestration/kinds/kind.ts';
import type { Outputs } from '../orchestration/outputs.ts';
import type { StepStatus } from '../orchestration/run-status.ts';
import type { Step } from '../orchestration/schema.ts';
import { createDraft, type Draft } from './draft.ts';
import { type Ending, findEnding } from './ending.ts';
import { type BuiltSpec, createInputs, type Inputs } from './inputs.ts';
import type { NameChild } from './names.ts';
import type { Observation } from './observation.ts';
import { createOutputRoom, roomForStatus } from './status-size.ts';
import { stampNow } from './times.ts';

/** A decision about the steps of a started run while it is being made. */
export interface Pass {
  readonly observation: Observation;
  readonly orchestration: Orchestration;
  readonly draft: Draft;
  readonly nowMs: number;
  readonly now: string;
  readonly nameChild: NameChild;
  /** Why the run ends before its steps do, if it does. Only its cleanup continues. */
  readonly ending: Ending | undefined;
  /** What the steps of the run read. */
  readonly inputs: Inputs;
  /**
   * The child of a step that is about to start, or why there can be none; undefined if the kind of the step creates
   * none. Call it only when the ancestors of the step are final.
   */
  readonly childOf: (step: number) => PlannedChild | undefined;
  /** Reserves room for the outputs of one more step. Returns a sentence if there is none. */
  readonly makeRoom: (outputs: Outputs) => string | undefined;
}

type PlannedChild = BuiltSpec & { readonly kind: ChildKind };

/** Begins a decision. A simulation replaces `inputsOf`, because it does not know the outputs of steps. */
export function createPass(
  observation: Observation,
  orchestration: Orchestration,
  nowMs: number,
  nameChild: NameChild,
  inputsOf = createInputs,
): Pass {
  const { steps } = orchestration;
  const now = stampNow(observation, nowMs);
  const draft = createDraft(steps, observation.run.status, now);
  const inputs = inputsOf(observation.run, steps, draft.statuses);
  const children = new Map<number, PlannedChild | undefined>();
  const buildChild = (step: Step): PlannedChild | undefined => {
    const kind = observation.kinds.get(step.kind);
    return kind?.type === 'Child' ? { kind, ...inputs.build(step, kind) } : undefined;
  };
  const childOf = (index: number) => {
    if (!children.has(index)) children.set(index, buildChild(steps[index] as Step));
    return children.get(index);
  };
  const ending = findEnding(observation.run, orchestration, nowMs);
  const makeRoom = createOutputRoom(draft.statuses, roomForStatus(observation.run.bytesBeside));
  return { observation, orchestration, draft, nowMs, now, nameChild, ending, inputs, childOf, makeRoom };
}

/** A step as declared, and its status with all changes so far. */
export function stepAt({ draft }: Pass, index: number): { readonly step: Step; readonly status: StepStatus } {
  return { step: draft.steps[index] as Step, status: draft.statuses[index] as StepStatus };
}
