import type { StoredObject } from '../../objects/object.ts';
import { reference } from '../fields.ts';
import { readReference } from '../references.ts';
import { statusOfToolRun } from '../tool-run-state.ts';
import type { ChildKind } from './kind.ts';
import { readOutcome } from './outcome.ts';
import { mergeParameters } from './parameters.ts';
import { readStartUnless } from './start.ts';

const READERS = new Map([['toolRef', readReference]]);
/** The agents chart sets the phase of a ToolRun that has not started to Ready. */
const readStart = readStartUnless(['Pending', 'Ready']);
/** Replaces the stored status with the reliable one. */
const withReliableStatus = (child: StoredObject): StoredObject => ({ ...child, status: statusOfToolRun(child) });

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
  readOutcome: (child) => readOutcome(withReliableStatus(child)),
  readStart: (child) => readStart(withReliableStatus(child)),
};
