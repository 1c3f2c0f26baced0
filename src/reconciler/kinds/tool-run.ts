import { readReference } from '../../orchestration/references.ts';
import type { ChildKind } from './kind.ts';
import { mergeParameters } from './parameters.ts';

const FIELDS = new Map([['toolRef', readReference]]);

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
};
