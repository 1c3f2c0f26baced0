import { readReference } from '../../orchestration/references.ts';
import { statusOfToolRun } from '../../orchestration/tool-run-state.ts';
import type { ChildKind } from './kind.ts';
import { mergeParameters } from './parameters.ts';
import { readStartUnless } from './start.ts';

const FIELDS = new Map([['toolRef', readReference]]);
/** The agents chart makes a ToolRun Ready that nobody has begun. */
const readStart = readStartUnless(['Pending', 'Ready']);

/** Runs a Tool. */
export const toolRun: ChildKind = {
  type: 'Child',
  apiVersion: 'tools.proompteng.ai/v1alpha1',
  kind: 'ToolRun',
  buildSpec: (step, run) => {
    const tool = readReference(step, 'toolRef');
    if (tool === undefined) return { refusal: 'toolRef is missing: a ToolRun step names the Tool to run' };
    return { spec: { toolRef: { name: tool }, parameters: mergeParameters(step, run, FIELDS) } };
  },
  readStart: (child) => readStart({ ...child, status: statusOfToolRun(child) }),
};
