import { KubeError } from '../../../src/kube/errors.ts';
import { LEASES } from '../../../src/kube/lease.ts';
import type { Resource } from '../../../src/kube/resources.ts';
import { isVerdict } from '../../../src/kube/verdict.ts';
import type { KubeObject, StoredObject } from '../../../src/objects/object.ts';
import type { WriteOutcome } from '../../../src/objects/outcomes.ts';
import { bucketLabel, type Division, follows, WHOLE } from '../../../src/orchestration/buckets.ts';
import { Annotation, Finalizer } from '../../../src/orchestration/vocabulary/metadata.ts';
import type { Cluster } from '../../../src/reconciler/ports.ts';
import {
  groupTopic,
  heldTopic,
  topicOf,
  topicsOf,
  unsettledTopic,
  untriedTopic,
} from '../../../src/reconciler/topics.ts';
import { createBegun, ORCHESTRATIONS, POLICIES, REVISIONS, RUNS, resourceOf } from './engine.ts';
import type { Model } from './model.ts';

/** One call that changes something: `create ToolRun nightly-a-…`. */
export type Call =
  `${'create' | 'label' | 'list' | 'patch' | 'limit' | 'cancel' | 'hold' | 'release' | 'delete' | 'event'} ${string} ${string}`;

export interface Circumstances {
  /** Asked before each call: throws what the API server answers instead of carrying it out. */
  fail: (call: Call) => void;
  /** Asked after each call that was carried out. */
  after: (call: Call) => void;
  /** Why a kind cannot be listed. */
  readonly unreadable: Map<string, string>;
  /** Why objects of a kind cannot be read one by one. */
  readonly unreads: Map<string, string>;
  /** Which runs want to hear of which others. */
  readonly heard: string[];
  /** Which buckets the copy follows. */
  division: Division;
  /** Which runs depend on something that the copy does not follow. */
  readonly polls: string[];
  /** Children wait for somebody to start them; otherwise their work begins with their creation. */
  startsLate: boolean;
  /** All that was tried. */
  readonly calls: Call[];
}

/**
 * The model as the reconciler's own engine knows a cluster: a copy that is never behind, and calls that can fail one by one.
 */
export function connectModel(api: Model): Cluster & { readonly circumstances: Circumstances } {
  const circumstances: Circumstances = {
    ...{
      fail: () => {},
      after: () => {},
      unreadable: new Map(),
      unreads: new Map(),
      calls: [],
      heard: [],
      division: WHOLE,
      polls: [],
      startsLate: false,
    },
  };
  const kinds = new Map(
    [RUNS, ORCHESTRATIONS, REVISIONS, POLICIES, LEASES].map((resource) => [resource.kind, resource]),
  );
  const of = (kind: string) => kinds.get(kind) ?? resourceOf(kind);

  function find(kind: string, namespace: string, name: string): StoredObject | undefined {
    const isIt = (object: KubeObject) =>
      object.kind === kind && object.metadata.namespace === namespace && object.metadata.name === name;
    return api.all().find(isIt) as StoredObject | undefined;
  }

  function findByKey(kind: string, key: string): StoredObject | undefined {
    const words = circumstances.unreadable.get(kind);
    if (words !== undefined) throw new KubeError('Unavailable', `${kind} has not been listed yet`);
    const [namespace = '', name = ''] = key.split('/');
    const found = find(kind, namespace, name);
    return found && isFollowed(found) ? found : undefined;
  }

  /** Orchestrations, and what gates wait for, are not divided. */
  function isFollowed(object: StoredObject): boolean {
    return follows(circumstances.division, object);
  }

  function about(topic: string): readonly StoredObject[] {
    return (api.all() as StoredObject[]).filter((object) => topicsOf(object).includes(topic) && isFollowed(object));
  }

  async function read(kind: string, namespace: string, name: string): Promise<StoredObject | undefined> {
    await Promise.resolve();
    const words = circumstances.unreads.get(kind);
    if (words !== undefined) throw new KubeError('Forbidden', words, { code: 403 });
    return find(kind, namespace, name);
  }

  async function attempt(call: Call, write: () => KubeObject | undefined): Promise<WriteOutcome> {
    await Promise.resolve();
    circumstances.calls.push(call);
    try {
      circumstances.fail(call);
      const { metadata } = write() ?? {};
      circumstances.after(call);
      return { outcome: 'Done', ...(metadata?.uid !== undefined && { uid: metadata.uid }) };
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (error.reason === 'Conflict' || error.reason === 'AlreadyExists') return { outcome: 'Outdated' };
      if (!isVerdict(error)) throw error;
      return { outcome: 'Refused', message: error.message };
    }
  }

  return {
    circumstances,
    get division() {
      return circumstances.division;
    },
    poll: (key) => void circumstances.polls.push(key),
    getRun: (key, forRun) => {
      if (forRun !== undefined) circumstances.heard.push(`${forRun} of ${key}`);
      return findByKey('OrchestrationRun', key);
    },
    getOrchestration: (namespace, name) => findByKey('Orchestration', `${namespace}/${name}`),
    getObject: (_, kind, key) => findByKey(kind, key),
    listOffers: ({ kind }, namespace, text) => {
      findByKey(kind, '');
      const topic = topicOf(kind, namespace, text);
      return (api.all() as StoredObject[]).filter((object) => topicsOf(object).includes(topic));
    },
    unreadable: (_, kind) => circumstances.unreadable.get(kind),
    listUnsettledChildren: (uid) => about(unsettledTopic(uid)),
    listHeldChildren: (key) => about(heldTopic(key)),
    listGroup: (namespace, name) => about(groupTopic(namespace, name)),
    listUntried: (namespace) => about(untriedTopic(namespace)),
    async listPlaces(namespace, label, value) {
      await Promise.resolve();
      circumstances.calls.push(`list Lease ${value}`);
      const words = circumstances.unreads.get(LEASES.kind);
      if (words !== undefined) throw new KubeError('Forbidden', words, { code: 403 });
      return api.list(LEASES, { namespace, labelSelector: `${label}=${value}` }).items as readonly StoredObject[];
    },
    deletePlace: (namespace, name, uid) =>
      attempt(`delete Lease ${name}`, () => {
        if (find(LEASES.kind, namespace, name) !== undefined)
          api.delete(LEASES, { namespace, name }, { preconditions: { uid } });
        return undefined;
      }),
    statusWriters: () => ({ isOurs: true, isForeign: false }),
    rivalOf: () => undefined,
    untilOwnWritesSeenMs: () => 0,
    readObject: (_, kind, namespace, name) => read(kind, namespace, name),
    readSnapshot: (namespace, name) => read('ControllerRevision', namespace, name),
    create(object) {
      const { kind, metadata } = object as unknown as KubeObject;
      const create = (kind: Resource, child: KubeObject) =>
        circumstances.startsLate ? api.create(kind, child) : createBegun(api, kind, child);
      return attempt(`create ${String(kind)} ${metadata.name}`, () =>
        create(of(kind), object as unknown as KubeObject),
      );
    },
    dryRunCreate: (object) => Promise.resolve(object as unknown as StoredObject),
    labelRun: ({ namespace, name, uid, resourceVersion }, bucket) =>
      attempt(`label OrchestrationRun ${name}`, () => {
        const body = { metadata: { uid, resourceVersion, labels: bucketLabel(bucket) } };
        return api.patch(RUNS, { namespace, name }, { type: 'merge', body });
      }),
    patchRunStatus: ({ namespace, name, uid, resourceVersion }, status) =>
      attempt(`patch OrchestrationRun ${name}`, () => {
        const body = { metadata: { uid, resourceVersion }, status };
        return api.patch(RUNS, { namespace, name }, { type: 'merge', body }, { subresource: 'status' });
      }),
    setChildTtl: (_, kind, namespace, name, uid, seconds) =>
      attempt(`limit ${kind} ${name}`, () => {
        const body = { metadata: { uid }, spec: { ttlSecondsAfterFinished: seconds } };
        return api.patch(of(kind), { namespace, name }, { type: 'merge', body });
      }),
    cancelChild: (_, kind, namespace, name, uid) =>
      attempt(`cancel ${kind} ${name}`, () => {
        const body = { metadata: { uid, annotations: { [Annotation.Cancel]: 'true' } } };
        return api.patch(of(kind), { namespace, name }, { type: 'merge', body });
      }),
    setFinalizers: ({ kind, metadata }, finalizers) =>
      attempt(`${finalizers.includes(Finalizer.Outcome) ? 'hold' : 'release'} ${kind} ${metadata.name}`, () => {
        const { namespace, name, resourceVersion } = metadata;
        const body = { metadata: { resourceVersion, finalizers } };
        return find(kind, namespace, name) && api.patch(of(kind), { namespace, name }, { type: 'merge', body });
      }),
    delete: (_, kind, namespace, name, uid) =>
      attempt(`delete ${kind} ${name}`, () => {
        if (find(kind, namespace, name) === undefined) return undefined;
        api.delete(of(kind), { namespace, name }, { propagationPolicy: 'Foreground', preconditions: { uid } });
        return undefined;
      }),
    emitEvent: (_, __, reason) => {
      circumstances.calls.push(`event OrchestrationRun ${reason}`);
      return Promise.resolve();
    },
  };
}
