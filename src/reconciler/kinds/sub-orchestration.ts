import { asRecord } from '../../orchestration/decode.ts';
import { readReference } from '../../orchestration/references.ts';
import { findCondition } from '../../orchestration/run-status.ts';
import { API_VERSION } from '../../orchestration/schema.ts';
import { ConditionType } from '../../orchestration/vocabulary/conditions.ts';
import { RunReason } from '../../orchestration/vocabulary/run-reasons.ts';
import { StepReason } from '../../orchestration/vocabulary/step-reasons.ts';
import { listConditions } from '../conditions.ts';
import type { KubeObject } from '../snapshot.ts';
import type { ChildKind, Wait } from './kind.ts';
import { mergeParameters } from './parameters.ts';

const FIELDS = new Map([['orchestrationRef', readReference]]);

/** Runs another Orchestration. */
export const subOrchestration: ChildKind = {
  type: 'Child',
  apiVersion: API_VERSION,
  kind: 'OrchestrationRun',
  buildSpec: (step, run) => {
    const name = readReference(step, 'orchestrationRef');
    if (name === undefined)
      return { refusal: 'orchestrationRef is missing: a SubOrchestration step names the Orchestration to run' };
    return { spec: { orchestrationRef: { name }, parameters: mergeParameters(step, run, FIELDS) } };
  },
  readWait: readPending,
};

/** A run that has not started says why in its conditions. */
function readPending({ metadata, status }: KubeObject): Wait | undefined {
  const progress =
    asRecord(status)['phase'] === 'Pending'
      ? findCondition(listConditions(status), ConditionType.Progressing)
      : undefined;
  if (progress === undefined) return undefined;
  const message = `OrchestrationRun ${metadata.name} has not started: ${String(progress['message'])}`;
  const isMissing = progress['reason'] === RunReason.MissingOrchestration;
  return { reason: isMissing ? StepReason.MissingOrchestration : StepReason.ChildPending, message };
}
