import { createKubeClient, type KubeClient } from '../kube/client.ts';
import { followCluster } from '../kube/cluster.ts';
import { KubeError } from '../kube/errors.ts';
import type { UserContext } from '../kube/kubeconfig.ts';
import type { Log, Timing } from '../kube/ports.ts';
import { namespacedResource } from '../kube/resources.ts';
import { createTransport } from '../kube/transport.ts';
import type { KubeObject } from '../objects/object.ts';
import { asRecord } from '../orchestration/decode.ts';
import { GROUP, VERSION } from '../orchestration/schema.ts';
import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import { FieldManager } from '../orchestration/vocabulary/metadata.ts';
import { nameSnapshot } from '../reconciler/names.ts';
import type { Cluster } from './cluster.ts';
import { createTroubles, type Failure, type Troubles } from './trouble.ts';

const FOLLOWED = [
  namespacedResource(GROUP, VERSION, 'Orchestration', 'orchestrations'),
  namespacedResource(GROUP, VERSION, 'OrchestrationRun', 'orchestrationruns'),
];
const REVISIONS = namespacedResource('apps', 'v1', 'ControllerRevision', 'controllerrevisions');

export interface NamespaceOptions {
  readonly user: UserContext;
  readonly namespace: string;
  readonly timing: Timing;
  /** Called with a sentence when a problem begins, and when the last one ends. */
  readonly complain: (sentence: string) => void;
}

/** Follows a namespace as this user, until `stop`. It reads nothing before the first turn of the event loop. */
export function followNamespace({ user, namespace, timing, complain }: NamespaceOptions): {
  readonly cluster: Cluster;
  readonly stop: () => Promise<void>;
} {
  const listeners = new Set<(object: KubeObject | undefined) => void>();
  let isSynced = false;
  const notify = (object?: KubeObject) => {
    for (const listener of listeners) listener(object);
  };
  const troubles = createTroubles(namespace, complain, notify);
  const log = logTo(troubles);
  const transport = createTransport({ load: user.load, timing, log, watches: FOLLOWED.length });
  const client = createKubeClient({
    transport,
    timing,
    observer: {
      finishRequest: ({ resource, outcome }) => outcome === 'ok' && troubles.clear(resource),
      countRetry: () => {},
    },
  });
  const copy = followCluster({
    ...{ client, timing, log, resources: FOLLOWED, namespaces: [namespace] },
    fieldManager: FieldManager.Page,
    onChange: notify,
  });
  void copy.whenSynced(FOLLOWED.map(({ kind }) => kind)).then(() => {
    isSynced = true;
    notify();
  });
  const cluster: Cluster = {
    *objects() {
      for (const { kind } of FOLLOWED) yield* copy.values(kind);
    },
    get: (kind, name) => copy.values(kind).find(({ metadata }) => metadata.name === name),
    isSynced: () => isSynced,
    troubles: troubles.sentences,
    readSnapshot: (uid) => readSnapshot(client, namespace, uid),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const stop = async () => {
    await copy.stop();
    await transport.close();
  };
  return { cluster, stop };
}

/** Creates a log that records the failures as troubles. */
function logTo({ add }: Troubles): Log {
  const note = (fields: object) => {
    const { resource, error } = asRecord(fields);
    if (typeof resource === 'string' && error !== undefined) add(describeFailure(resource, error));
  };
  return { info: note, warn: note, error: note };
}

function describeFailure(resource: string, error: unknown): Failure {
  const { reason, message } =
    error instanceof KubeError ? error : { reason: KubeErrorReason.Unknown, message: String(error) };
  return { resource, reason, message };
}

/**
 * Implements the port. A user who can read runs is not always allowed to read controllerrevisions, so the result
 * explains that.
 */
async function readSnapshot(client: KubeClient, namespace: string, uid: string): Promise<unknown> {
  try {
    const revision = await client.get(REVISIONS, { namespace, name: nameSnapshot(uid) });
    const isOurs = revision.metadata.ownerReferences?.some((owner) => owner.uid === uid);
    return isOurs ? asRecord(revision['data'])['orchestration'] : undefined;
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    if (error.reason === KubeErrorReason.NotFound) return undefined;
    if (error.reason === KubeErrorReason.Forbidden)
      return 'You may not read controllerrevisions, where the run’s own graph is kept';
    return `The run’s own graph cannot be read (${error.message})`;
  }
}
