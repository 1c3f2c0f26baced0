import { readReference } from '../../orchestration/references.ts';
import { API_VERSION } from '../../orchestration/schema.ts';
import type { ChildKind } from './kind.ts';
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
};
