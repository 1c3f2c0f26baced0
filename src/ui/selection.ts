import { quoteName } from '../dag/display.ts';
import { KubeError } from '../kube/errors.ts';
import type { KubeObject } from '../objects/object.ts';
import { decodeOrchestration } from '../orchestration/decode.ts';
import { decodeRunStatus } from '../orchestration/decode-status.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';
import type { Cluster } from './cluster.ts';
import type { KubectlContext } from './command.ts';
import { viewOrchestration, viewRun } from './object-view.ts';
import type { EntryKey, Message, StepView } from './page/protocol.ts';
import { drawPicture } from './picture.ts';
import { createSourceReader } from './source.ts';
import { viewSteps } from './steps.ts';

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
  const readSource = createSourceReader(cluster);

  async function showRun(run: KubeObject): Promise<readonly Message[]> {
    const status = decodeRunStatus(run['status']);
    const { key, object, note, isPartial } = await readSource(run);
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
        // The page keeps what it shows. It is out of date, and the state of the connection says so.
        return shownKey === '' ? showAbsence(`${selected.kind} cannot be read: ${error.message}`) : [];
      }
    },
    shown: () => shown,
  };
}
