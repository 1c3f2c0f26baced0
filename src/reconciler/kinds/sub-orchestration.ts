import type { StoredObject } from '../../objects/object.ts';
import { findCondition } from '../../orchestration/conditions.ts';
import { asRecord } from '../../orchestration/decode.ts';
import { readReference } from '../../orchestration/references.ts';
import { API_VERSION } from '../../orchestration/schema.ts';
import type { ChildKind, Wait } from './kind.ts';
import { mergeParameters } from './parameters.ts';

const FIELDS = new Map([['orchestrationRef', readReference]]);

const MISSING = 'MissingOrchestration';

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
function readPending({ metadata, status }: StoredObject): Wait | undefined {
  const progress = asRecord(status)['phase'] === 'Pending' ? findCondition(status, 'Progressing') : undefined;
  if (progress === undefined) return undefined;
  const message = `OrchestrationRun ${metadata.name} has not started: ${String(progress['message'])}`;
  return { reason: progress['reason'] === MISSING ? MISSING : 'ChildPending', message };
}
