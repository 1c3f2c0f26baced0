import type { StoredObject } from '../../objects/object.ts';
import { findCondition } from '../conditions.ts';
import { asRecord } from '../decode.ts';
import { reference } from '../fields.ts';
import { readReference } from '../references.ts';
import { API_VERSION } from '../schema.ts';
import type { ChildKind, Wait } from './kind.ts';
import { readOutcome } from './outcome.ts';
import { mergeParameters } from './parameters.ts';

const READERS = new Map([['orchestrationRef', readReference]]);

const MISSING = 'MissingOrchestration';

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
  readWait: readPending,
};

/** A run that has not started says why in its conditions. */
function readPending({ metadata, status }: StoredObject): Wait | undefined {
  const progress = asRecord(status)['phase'] === 'Pending' ? findCondition(status, 'Progressing') : undefined;
  if (progress === undefined) return undefined;
  const message = `OrchestrationRun ${metadata.name} has not started: ${String(progress['message'])}`;
  return { reason: progress['reason'] === MISSING ? MISSING : 'ChildPending', message };
}
