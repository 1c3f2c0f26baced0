import type { StoredObject } from '../../objects/object.ts';
import { findCondition, listConditions } from '../conditions.ts';
import { asRecord } from '../decode.ts';
import { decodeRunStatus } from '../decode-status.ts';
import { reference } from '../fields.ts';
import { readReference } from '../references.ts';
import { isRunFinal, isStepFinal, type StepStatus } from '../run-status.ts';
import { API_VERSION } from '../schema.ts';
import { ConditionType } from '../vocabulary/conditions.ts';
import { RunReason } from '../vocabulary/run-reasons.ts';
import { StepReason } from '../vocabulary/step-reasons.ts';
import type { ChildKind, Wait } from './kind.ts';
import { readOutcome } from './outcome.ts';
import { mergeParameters } from './parameters.ts';

const READERS = new Map([['orchestrationRef', readReference]]);

export const subOrchestration: ChildKind = {
  type: 'Child',
  name: 'SubOrchestration',
  does: 'runs another Orchestration',
  needs: [['orchestrationRef']],
  fields: { orchestrationRef: reference('orchestration orchestrationName subOrchestration subOrchestrationRef') },
  apiVersion: API_VERSION,
  kind: 'OrchestrationRun',
  plural: 'orchestrationruns',
  runs: 'orchestrationRef',
  buildSpec: (step, run) => {
    const name = readReference(step, 'orchestrationRef');
    if (name === undefined)
      return { refusal: 'orchestrationRef is missing: a SubOrchestration step names the Orchestration to run' };
    return { spec: { orchestrationRef: { name }, parameters: mergeParameters(step, run, READERS) } };
  },
  readOutcome,
  viewChild: withSteps,
  readWait: readPending,
  mustCleanUp: ({ status }) => {
    const { phase, stepStatuses } = decodeRunStatus(status);
    const isDue = (step: StepStatus) => step.cleanup === true && !isStepFinal(step);
    return !isRunFinal({ ...(phase && { phase }) }) && stepStatuses.some(isDue);
  },
};

/** Adds the steps of a nested run, by name, with the fields that a step of the same run could read. */
function withSteps(child: StoredObject): object {
  const steps = decodeRunStatus(child['status']).stepStatuses.map(
    ({ name, phase, reason = '', attempt, outputs = {} }) => [name, { phase, reason, attempt, outputs }] as const,
  );
  return { ...child, steps: Object.fromEntries(steps) };
}

/** Reads from the conditions of a nested run why it has not started. */
function readPending({ metadata, status }: StoredObject): Wait | undefined {
  const progress =
    asRecord(status)['phase'] === 'Pending'
      ? findCondition(listConditions(status), ConditionType.Progressing)
      : undefined;
  if (progress === undefined) return undefined;
  const message = `OrchestrationRun ${metadata.name} has not started: ${String(progress['message'])}`;
  const isMissing = progress['reason'] === RunReason.MissingOrchestration;
  return { reason: isMissing ? StepReason.MissingOrchestration : StepReason.ChildPending, message };
}
