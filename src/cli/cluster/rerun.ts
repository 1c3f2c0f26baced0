import { displayText, listNames, quoteName } from '../../dag/display.ts';
import { suggestName } from '../../dag/suggest.ts';
import type { StoredObject } from '../../objects/object.ts';
import { decodeOrchestration, type Orchestration } from '../../orchestration/decode.ts';
import { stepKinds } from '../../orchestration/kinds/table.ts';
import { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';
import { readSnapshot } from '../../reconciler/child-object.ts';
import type { Source } from '../../reconciler/inherit.ts';
import { nameChild, nameSnapshot } from '../../reconciler/names.ts';
import { readRun as readObserved, trustRun } from '../../reconciler/read-run.ts';
import { judgeSource } from '../../reconciler/source.ts';
import { readExisting } from './failure.ts';
import { type Cluster, isApiFailure } from './port.ts';
import { readRun } from './run.ts';

/** A finished run, and what a rerun of it would follow. */
export interface RerunSource {
  readonly source: Source;
  readonly parameters: Readonly<Record<string, string>>;
  /** Undefined if you may not read it. */
  readonly followed: Orchestration | undefined;
  /** Why a rerun is impossible, one sentence each. Empty if it is possible. */
  readonly mistakes: readonly string[];
  /** What you may not read of this, one sentence each. The reconciler may read it. */
  readonly forbidden: readonly string[];
}

/**
 * Reads a run and what a rerun of it would follow. Makes at most three reads. Throws ApiFailure, or CommandError if
 * there is no such run.
 */
export async function readRerun(
  cluster: Cluster,
  name: string,
  { from, isLatest }: { readonly from: readonly string[]; readonly isLatest?: true | undefined },
): Promise<RerunSource> {
  const object = (await readExisting(cluster, 'OrchestrationRun', name)) as StoredObject;
  const read = readObserved(object, readRun(object).leftTo !== undefined);
  const snapshot = await ifReadable(cluster.getSnapshot(nameSnapshot(read.uid)));
  const orchestration = typeof snapshot === 'object' ? readSnapshot(snapshot as StoredObject, read.uid) : undefined;
  const followed = orchestration ? ({ state: 'Snapshotted', orchestration } as const) : ({ state: 'Unread' } as const);
  const run = trustRun(read, followed, nameChild, stepKinds);
  const current = isLatest ? await ifReadable(cluster.get('Orchestration', run.orchestration)) : undefined;
  // A user who may not read the snapshot may still create the rerun. The reconciler decides.
  const resumption = { run: name, steps: from, isLatest: isLatest === true || snapshot === 'Forbidden', mistakes: [] };
  const judged = judgeSource({ run, orchestration }, resumption, run.orchestration);
  const wanted = isLatest
    ? typeof current === 'object'
      ? decodeOrchestration(current).orchestration
      : undefined
    : orchestration;
  const known = (wanted?.steps ?? run.status.stepStatuses).map((step) => step.name);
  const absence = `no Orchestration is named ${quoteName(run.orchestration)} now, so there is no latest one to follow`;
  return {
    source: { run, orchestration },
    parameters: read.parameters,
    followed: wanted,
    mistakes: [
      ...('refusal' in judged ? [displayText(judged.refusal)] : []),
      ...(current === 'NotFound' ? [absence] : []),
      ...from.filter((step) => !known.includes(step)).map((step) => describeUnknown(step, known)),
    ],
    forbidden: [
      ...(snapshot === 'Forbidden' ? [forbid(`the snapshot of ${quoteName(name)}`, 'controllerrevisions (apps)')] : []),
      ...(current === 'Forbidden' ? [forbid(`Orchestration ${quoteName(run.orchestration)}`, 'orchestrations')] : []),
    ],
  };
}

function forbid(what: string, resource: string): string {
  return `you may not read ${what}, which shows what a rerun inherits: ask for the verb get on ${resource}`;
}

function describeUnknown(step: string, known: readonly string[]): string {
  const meant = suggestName(step, known);
  const guess = meant === undefined ? `there are ${listNames(known)}` : `did you mean ${quoteName(meant)}?`;
  return `no step is named ${quoteName(step)}${known.length === 0 ? '' : `; ${guess}`}`;
}

/** Returns what was read, or why nothing was. Throws other failures. */
async function ifReadable<T extends object>(reading: Promise<T>): Promise<T | 'Forbidden' | 'NotFound'> {
  try {
    return await reading;
  } catch (error) {
    const reason = isApiFailure(error) ? error.reason : undefined;
    if (reason === KubeErrorReason.Forbidden || reason === KubeErrorReason.NotFound) return reason;
    throw error;
  }
}
