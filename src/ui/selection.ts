import { quoteName } from '../dag/display.ts';
import { KubeError } from '../kube/errors.ts';
import type { KubeObject } from '../objects/object.ts';
import { asRecord, decodeOrchestration, decodeOrchestrationRun } from '../orchestration/decode.ts';
import { decodeRunStatus } from '../orchestration/decode-status.ts';
import type { RunStatus } from '../orchestration/run-status.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';
import type { Cluster } from './cluster.ts';
import type { KubectlContext } from './command.ts';
import { viewOrchestration, viewRun } from './object-view.ts';
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

export interface Selection {
  /** Returns the changes since the last call. The first call returns everything. Calls must not overlap. */
  readonly next: () => Promise<readonly Message[]>;
  /** The object as it was shown last. Undefined if there is none. */
  readonly shown: () => KubeObject | undefined;
}

/** Follows the object that the page has selected. */
export function followSelection(cluster: Cluster, selected: EntryKey, kubectl: KubectlContext): Selection {
  let shown: KubeObject | undefined;
  let shownKey = '';
  let shownSteps: readonly string[] = [];
  /** The versions of the objects that were shown last. */
  let shownVersions = '';
  /** The result of reading the snapshot of the run with this uid. A snapshot never changes. */
  let kept: { readonly uid: string; readonly found: unknown } | undefined;

  async function readSource(run: KubeObject, status: RunStatus): Promise<Source> {
    const { uid = '' } = run.metadata;
    if (status.runId !== undefined && kept?.uid !== uid) kept = { uid, found: await cluster.readSnapshot(uid) };
    const found = kept?.uid === uid ? kept.found : undefined;
    if (found !== undefined && typeof found !== 'string')
      return { key: `snapshot ${uid}`, object: openSnapshot(run, found) };
    const { name } = decodeOrchestrationRun(run).run.spec.orchestrationRef;
    const current = await cluster.read({ kind: 'Orchestration', name });
    if (current === undefined) return listSteps(run, status, `There is no Orchestration ${quoteName(name)}`);
    const key = `current ${uid} ${current.metadata.uid} ${current.metadata.generation} ${found ?? ''}`;
    const note = found ?? (status.runId === undefined ? undefined : 'The run has no snapshot');
    const suffix = 'this is the current Orchestration, which can differ from the one that runs.';
    return { key, object: current, ...(note !== undefined && { note: `${note}: ${suffix}` }) };
  }

  async function showRun(run: KubeObject): Promise<readonly Message[]> {
    const status = decodeRunStatus(run['status']);
    const { key, object, note, isPartial } = await readSource(run, status);
    const messages: Message[] = [{ type: 'Run', run: viewRun(run, kubectl) }];
    const isNew = key !== shownKey;
    if (isNew) {
      const picture = drawPicture(object, note);
      messages.push({ type: 'Picture', picture: isPartial ? { ...picture, problems: [] } : picture });
      shownKey = key;
      shownSteps = [];
    }
    const isSuspended = run.metadata.annotations?.[Annotation.Suspend] === 'true';
    const { orchestration } = decodeOrchestration(object);
    const views = viewSteps({ orchestration, status, isSuspended, kubectl, namespace: cluster.namespace });
    const texts = views.map((view) => JSON.stringify(view));
    const changed: StepView[] = views.filter((_, index) => texts[index] !== shownSteps[index]);
    shownSteps = texts;
    if (changed.length > 0 || isNew) messages.push({ type: 'Steps', changed });
    return messages;
  }

  function showOrchestration(object: KubeObject): readonly Message[] {
    const view: Message = { type: 'Orchestration', orchestration: viewOrchestration(object, kubectl) };
    const key = `orchestration ${object.metadata.uid} ${object.metadata.generation}`;
    if (key === shownKey) return [view];
    shownKey = key;
    return [view, { type: 'Picture', picture: drawPicture(object) }];
  }

  function showAbsence(sentence: string): readonly Message[] {
    shown = undefined;
    if (shownKey === sentence) return [];
    shownKey = sentence;
    shownVersions = '';
    return [{ type: 'Absent', sentence }];
  }

  /** The versions of the object and of the Orchestration whose graph it may have. Undefined before they are listed. */
  function findVersions(): string | undefined {
    const stub = cluster.find(selected);
    if (stub === undefined) return undefined;
    const { entry, metadata } = stub;
    const name = entry.kind === 'OrchestrationRun' ? entry.orchestration : '';
    const current = cluster.find({ kind: 'Orchestration', name })?.metadata;
    return [metadata, current].map((one) => `${one?.uid} ${one?.resourceVersion}`).join(' ');
  }

  async function next(): Promise<readonly Message[]> {
    const absence = `There is no ${selected.kind} ${quoteName(selected.name)} in namespace ${quoteName(cluster.namespace)}.`;
    const versions = findVersions();
    if (versions === undefined && cluster.isListed(selected.kind)) return showAbsence(absence);
    if (versions !== undefined && versions === shownVersions) return [];
    const object = await cluster.read(selected);
    if (object === undefined) return showAbsence(absence);
    shown = object;
    const messages = await (selected.kind === 'OrchestrationRun' ? showRun(object) : showOrchestration(object));
    shownVersions = versions ?? '';
    return messages;
  }

  return {
    next: async () => {
      try {
        return await next();
      } catch (error) {
        if (!(error instanceof KubeError)) throw error;
        // What is shown stays: it is old, and the state of the connection says so.
        return shownKey === '' ? showAbsence(`${selected.kind} cannot be read: ${error.message}`) : [];
      }
    },
    shown: () => shown,
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
