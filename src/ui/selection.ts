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

/** The graph of a run and where it comes from. The same key is the same graph. */
interface Source {
  readonly key: string;
  readonly object: unknown;
  readonly note?: string;
  /** Only its steps are known: what the rules would say of it means nothing. */
  readonly isPartial?: boolean;
}

/**
 * Follows what the page has selected. The function it returns says what has changed since it was last called: the first
 * time everything. Calls must not overlap.
 */
export function followSelection(cluster: Cluster, selected: EntryKey, kubectl: KubectlContext) {
  let shownKey = '';
  let shownSteps: readonly string[] = [];
  /** What was found of the snapshot of the run with this uid; it never changes. */
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
    const suffix = 'this is the Orchestration as it is now, which may not be what runs.';
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

/** A snapshot holds the decoded Orchestration; somebody may have edited it, so it is read like any other. */
function openSnapshot({ metadata }: KubeObject, found: unknown): unknown {
  const { name, entrypoint, policies, steps } = asRecord(found);
  return { metadata: { ...metadata, name }, spec: { entrypoint, policies, steps } };
}

/** What is left of a run whose graph is nowhere: its steps, side by side. */
function listSteps({ metadata }: KubeObject, { stepStatuses }: RunStatus, note: string): Source {
  const steps = stepStatuses.map(({ name, kind }) => ({ name, kind, dependsOn: [] }));
  return {
    key: `steps ${metadata.uid} ${JSON.stringify(stepStatuses.map(({ name }) => name))}`,
    object: { metadata, spec: { steps } },
    isPartial: true,
    note: stepStatuses.length > 0 ? `${note}: these are the steps that the status of the run tells of.` : `${note}.`,
  };
}
