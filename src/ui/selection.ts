import { quoteName } from '../dag/display.ts';
import type { KubeObject } from '../objects/object.ts';
import { asRecord, decodeOrchestration, decodeOrchestrationRun } from '../orchestration/decode.ts';
import { decodeRunStatus } from '../orchestration/decode-status.ts';
import type { RunStatus } from '../orchestration/run-status.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';
import type { Cluster } from './cluster.ts';
import type { KubectlContext } from './command.ts';
import type { EntryKey, Message, StepView } from './page/protocol.ts';
import { drawPicture } from './picture.ts';
import { viewSteps } from './steps.ts';

/** The graph of a run and its source. The same key means the same graph. */
interface Source {
  readonly key: string;
  readonly object: unknown;
  readonly note?: string;
  /** Only the steps are known, so the results of the rules would be meaningless. */
  readonly isPartial?: boolean;
}

/**
 * Follows the object that the page has selected. The returned function returns the changes since its last call. The
 * first call returns everything. Calls must not overlap.
 */
export function followSelection(cluster: Cluster, selected: EntryKey, kubectl: KubectlContext) {
  let shownKey = '';
  let shownSteps: readonly string[] = [];
  /** The result of reading the snapshot of the run with this uid. A snapshot never changes. */
  let kept: { readonly uid: string; readonly found: unknown } | undefined;

  async function readSource(run: KubeObject, status: RunStatus): Promise<Source> {
    const { uid = '' } = run.metadata;
    if (status.runId !== undefined && kept?.uid !== uid) kept = { uid, found: await cluster.readSnapshot(uid) };
    const found = kept?.uid === uid ? kept.found : undefined;
    if (found !== undefined && typeof found !== 'string')
      return { key: `snapshot ${uid}`, object: openSnapshot(run, found) };
    const name = decodeOrchestrationRun(run).run.spec.orchestrationRef.name;
    const current = cluster.get('Orchestration', name);
    if (current === undefined) return listSteps(run, status, `There is no Orchestration ${quoteName(name)}`);
    const key = `current ${uid} ${current.metadata.uid} ${current.metadata.generation} ${found ?? ''}`;
    const note = found ?? (status.runId === undefined ? undefined : 'The run has no snapshot');
    const suffix = 'this is the current Orchestration, which can differ from the one that runs.';
    return { key, object: current, ...(note !== undefined && { note: `${note}: ${suffix}` }) };
  }

  async function showRun(run: KubeObject): Promise<readonly Message[]> {
    const status = decodeRunStatus(run['status']);
    const { key, object, note, isPartial } = await readSource(run, status);
    const messages: Message[] = [];
    if (key !== shownKey) {
      const picture = drawPicture(object, note);
      messages.push({ type: 'Picture', picture: isPartial ? { ...picture, problems: [] } : picture });
      shownKey = key;
      shownSteps = [];
    }
    const isSuspended = run.metadata.annotations?.[Annotation.Suspend] === 'true';
    const { orchestration } = decodeOrchestration(object);
    const views = viewSteps({ orchestration, status, isSuspended, kubectl });
    const texts = views.map((view) => JSON.stringify(view));
    const changed: StepView[] = views.filter((_, index) => texts[index] !== shownSteps[index]);
    shownSteps = texts;
    if (changed.length > 0 || messages.length > 0) messages.push({ type: 'Steps', changed });
    return messages;
  }

  function showOrchestration(object: KubeObject): readonly Message[] {
    const key = `orchestration ${object.metadata.uid} ${object.metadata.generation}`;
    if (key === shownKey) return [];
    shownKey = key;
    return [{ type: 'Picture', picture: drawPicture(object) }];
  }

  return async (): Promise<readonly Message[]> => {
    const object = cluster.get(selected.kind, selected.name);
    if (object !== undefined) return selected.kind === 'OrchestrationRun' ? showRun(object) : showOrchestration(object);
    if (!cluster.isSynced() || shownKey === 'absent') return [];
    shownKey = 'absent';
    return [
      { type: 'Absent', sentence: `There is no ${selected.kind} ${quoteName(selected.name)} in this namespace.` },
    ];
  };
}

/**
 * Makes an Orchestration from a snapshot, which holds a decoded one. A snapshot can be edited, so it is decoded again.
 */
function openSnapshot({ metadata }: KubeObject, found: unknown): unknown {
  const { name, entrypoint, policies, steps } = asRecord(found);
  return { metadata: { ...metadata, name }, spec: { entrypoint, policies, steps } };
}

/** Shows a run without a graph: its steps, side by side. */
function listSteps({ metadata }: KubeObject, { stepStatuses }: RunStatus, note: string): Source {
  const steps = stepStatuses.map(({ name, kind }) => ({ name, kind, dependsOn: [] }));
  return {
    key: `steps ${metadata.uid} ${JSON.stringify(stepStatuses.map(({ name }) => name))}`,
    object: { metadata, spec: { steps } },
    isPartial: true,
    note: stepStatuses.length > 0 ? `${note}: these are the steps in the status of the run.` : `${note}.`,
  };
}
