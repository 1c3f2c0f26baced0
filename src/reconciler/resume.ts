import { quoteName } from '../dag/display.ts';
import { suggestName } from '../dag/suggest.ts';
import type { Orchestration } from '../orchestration/decode.ts';
import { readReference } from '../orchestration/references.ts';
import type { Resumption } from '../orchestration/resumption.ts';
import type { StepStatus } from '../orchestration/run-status.ts';
import type { Step } from '../orchestration/schema.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';
import { StepReason } from '../orchestration/vocabulary/step-reasons.ts';
import { beginStep } from './draft.ts';
import { type Decision, decideInheritance } from './inherit.ts';
import type { Observation } from './observation.ts';

/** What a run begins with if it continues another one. */
interface Beginning {
  /** The steps that it inherits, and those about which something is recorded before they start. */
  readonly stepStatuses: readonly StepStatus[];
  /** The end of the message that reports its start. */
  readonly message: string;
}

/** Decides what a run inherits from the run that it continues. Undefined if it continues none. */
export function beginContinued(
  { run, kinds, orchestration, source: found }: Observation,
  now: string,
): Beginning | undefined {
  if (found?.state !== 'Found' || orchestration.state !== 'Snapshotted') return undefined;
  const { source, nested } = found;
  const { steps } = orchestration.orchestration;
  const next = { ...orchestration, parameters: run.parameters, steps: run.resumption?.steps ?? [] };
  const decisions = decideInheritance(source, next, kinds);
  const stepStatuses = decisions.flatMap((decision, index): StepStatus[] => {
    const step = steps[index] as Step;
    if (decision.type === 'Inherited') return [inheritStep(step, decision, now)];
    const { resumeFrom } = decision;
    const kind = kinds.get(step.kind);
    const runs = kind?.type === 'Child' && kind.runs !== undefined ? readReference(step, kind.runs) : undefined;
    const isThere = resumeFrom !== undefined && runs !== undefined && nested.get(resumeFrom) === runs;
    return isThere ? [{ ...beginStep(step), resumeFrom }] : [];
  });
  const count = decisions.filter(({ type }) => type === 'Inherited').length;
  const share = `${count} of ${steps.length} steps are inherited`;
  return { stepStatuses, message: `, which continues ${quoteName(source.run.name)}: ${share}` };
}

function inheritStep(step: Step, { status, from }: Extract<Decision, { type: 'Inherited' }>, now: string): StepStatus {
  const { phase, message, ignored, outputs } = status;
  return {
    ...beginStep(step),
    phase,
    reason: StepReason.Inherited,
    ...(message !== undefined && { message }),
    inheritedFrom: from,
    lastTransitionTime: now,
    finishedAt: now,
    ...(ignored === true && { ignored }),
    ...(outputs !== undefined && { outputs }),
  };
}

/** Returns a sentence if a run is to run steps again that its Orchestration does not have. */
export function findUnknownSteps(resumption: Resumption | undefined, { steps }: Orchestration): string | undefined {
  const names = new Set(steps.map(({ name }) => name));
  const unknown = resumption?.steps.filter((name) => !names.has(name)) ?? [];
  if (unknown.length === 0) return undefined;
  const words = unknown.map((name) => {
    const meant = suggestName(name, names);
    return `${quoteName(name)}${meant === undefined ? '' : ` (did you mean ${quoteName(meant)}?)`}`;
  });
  return `annotation ${Annotation.ResumeSteps} names steps that the Orchestration does not have: ${words.join(', ')}`;
}
