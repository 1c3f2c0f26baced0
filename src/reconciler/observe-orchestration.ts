import type { StoredObject } from '../objects/object.ts';
import { wordsOf } from '../objects/outcomes.ts';
import { decodeOrchestration } from '../orchestration/decode.ts';
import { isEqual } from '../orchestration/equality.ts';
import { judgeOrchestration, type Policy } from '../orchestration/judge.ts';
import { isRunFinal } from '../orchestration/run-status.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { readSnapshot } from './child-object.ts';
import type { Memory } from './memory.ts';
import { nameSnapshot } from './names.ts';
import type { ObservedOrchestration, ObservedRun, ObservedSource } from './observation.ts';
import { awaitsPlace } from './places.ts';
import type { Cluster } from './ports.ts';

/**
 * Reads the Orchestration of a run: its snapshot or, if it has none yet, what it would store. That is the snapshot of
 * the run that it continues, or else the current Orchestration.
 */
export async function observeOrchestration(
  cluster: Cluster,
  run: ObservedRun,
  { snapshots, latest, created }: Memory,
  policy: Policy,
  source: ObservedSource | undefined,
): Promise<ObservedOrchestration> {
  const known = snapshots.get(run.uid);
  if (known !== undefined) return { state: 'Snapshotted', orchestration: known };
  let revision: StoredObject | undefined;
  try {
    revision = await cluster.readSnapshot(run.namespace, nameSnapshot(run.uid));
  } catch (error) {
    return { state: 'SnapshotUnreadable', words: wordsOf(error), error };
  }
  if (revision === undefined) return judgeWanted(cluster, run, policy, source);
  const read = readSnapshot(revision, run.uid);
  if (read === undefined) return { state: 'Foreign' };
  const isOurs = created.get(run.uid)?.get(revision.metadata.name) === revision.metadata.uid;
  const isTrusted = isOurs || awaitsPlace(run.status);
  if (run.status.runId === undefined && !isRunFinal(run.status) && !isTrusted) {
    // Others may have stored it, and the run has neither begun nor recorded that it waits for a place. The snapshot
    // counts if it holds what we would store.
    const wanted = judgeWanted(cluster, run, policy, source);
    if (wanted.state !== 'Found' || wanted.denial !== undefined) return wanted;
    if (!isEqual(JSON.parse(JSON.stringify(wanted.orchestration)), read)) return { state: 'Foreign' };
  }
  const name = `${run.namespace}/${run.orchestration}`;
  const last = latest.get(name)?.deref();
  const orchestration = last !== undefined && isEqual(last, read) ? last : read;
  if (orchestration !== last) latest.set(name, new WeakRef(orchestration));
  snapshots.set(run.uid, orchestration);
  return { state: 'Snapshotted', orchestration };
}

function judgeWanted(
  cluster: Cluster,
  run: ObservedRun,
  policy: Policy,
  source: ObservedSource | undefined,
): ObservedOrchestration {
  const continued = source?.state === 'Found' && !run.resumption?.isLatest ? source.source.orchestration : undefined;
  return continued === undefined ? judgeCurrent(cluster, run, policy) : { state: 'Found', orchestration: continued };
}

function judgeCurrent(
  cluster: Cluster,
  { namespace, name, orchestration }: ObservedRun,
  policy: Policy,
): ObservedOrchestration {
  const words = cluster.unreadable(API_VERSION, 'Orchestration', namespace, `${namespace}/${name}`);
  if (words !== undefined) return { state: 'Unreadable', words };
  const object = cluster.getOrchestration(namespace, orchestration, `${namespace}/${name}`);
  if (object === undefined) return { state: 'Missing' };
  const [denial] = judgeOrchestration(object, policy).denials;
  const decoded = decodeOrchestration(object);
  if (denial === undefined) return { state: 'Found', orchestration: decoded.orchestration };
  const { code, field, message } = denial;
  return { state: 'Found', orchestration: decoded.orchestration, denial: { code, message: `${field}: ${message}` } };
}
