import type { StoredObject } from '../../objects/object.ts';
import { asRecord } from '../decode.ts';
import { reference } from '../fields.ts';
import { readReference } from '../references.ts';
import { readToolRunState, statusOfToolRun, UNKNOWN } from '../tool-run-state.ts';
import { StepReason } from '../vocabulary/step-reasons.ts';
import { ToolRunReason } from '../vocabulary/tool-run-reasons.ts';
import { jobNames } from './jobs.ts';
import type { ChildKind, Outcome } from './kind.ts';
import { readOutcome } from './outcome.ts';
import { mergeParameters } from './parameters.ts';
import { readStartUnless } from './start.ts';

const READERS = new Map([['toolRef', readReference]]);
/** The agents chart sets the phase of a ToolRun that has not started to Ready. */
const readStart = readStartUnless(['Pending', 'Ready']);
/** Replaces the stored status with the reliable one. */
const withReliableStatus = (child: StoredObject): StoredObject => ({ ...child, status: statusOfToolRun(child) });

function readOutcomeAndOutputs(child: StoredObject): Outcome {
  const outcome = readOutcome(withReliableStatus(child));
  const { outputs, outcome: recorded } = readToolRunState(child.metadata) ?? {};
  if (outcome.state === 'Failed' && recorded?.reason === ToolRunReason.OutputFailed)
    return { ...outcome, reason: StepReason.OutputFailed };
  if (outcome.state !== 'Succeeded' || outputs === undefined) return outcome;
  if (outputs !== UNKNOWN) return { ...outcome, outputs };
  const unknownOutputs = `the outputs of ToolRun ${child.metadata.name} are unknown, because its pod could not be read`;
  return { ...outcome, unknownOutputs };
}

export const toolRun: ChildKind = {
  type: 'Child',
  name: 'ToolRun',
  does: 'runs a Tool',
  needs: [['toolRef']],
  fields: { toolRef: reference('tool toolName') },
  apiVersion: 'tools.proompteng.ai/v1alpha1',
  kind: 'ToolRun',
  plural: 'toolruns',
  buildSpec: (step, run) => {
    const tool = readReference(step, 'toolRef');
    if (tool === undefined) return { refusal: 'toolRef is missing: a ToolRun step names the Tool to run' };
    return { spec: { toolRef: { name: tool }, parameters: mergeParameters(step, run, READERS) } };
  },
  readOutcome: readOutcomeAndOutputs,
  viewChild: withReliableStatus,
  readStart: (child) => readStart(withReliableStatus(child)),
  jobs: ({ metadata: { uid = '', annotations }, status }) => {
    const job = readToolRunState({ uid, annotations })?.job;
    return job === undefined ? jobNames([asRecord(status)['runtimeRef']]) : [job.name];
  },
};
