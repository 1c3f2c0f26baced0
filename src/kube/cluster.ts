import type { KubeObject, StoredObject } from '../objects/object.ts';
import { reselectBuckets } from './bucket-selection.ts';
import type { KubeClient, Selection } from './client.ts';
import { ifFound, KubeError } from './errors.ts';
import { createOwnWrites } from './own-writes.ts';
import { listPages } from './pages.ts';
import type { Log, Timing } from './ports.ts';
import { type Reflector, startReflector } from './reflector.ts';
import type { ReflectorObserver } from './reflector-options.ts';
import { apiVersionOf, type Resource } from './resources.ts';
import { keepStatusWriters, type RivalWriter, rivalWroteMs, statusWriters } from './status-writers.ts';
import { createStore, type Store } from './store.ts';
import { createWrites } from './writes.ts';

export interface ClusterOptions {
  readonly client: KubeClient;
  /** The namespaced kinds to keep a copy of. Kinds that are only created need not be listed. */
  readonly resources: readonly Resource[];
  /** The namespaces to follow. Undefined means all. */
  readonly namespaces: readonly string[] | undefined;
  /**
   * The kinds of which only the objects of some buckets are followed. Until `followBuckets`, no object of them is
   * followed. By default, every object of every kind is followed.
   */
  readonly divided?: readonly Resource[];
  /** The field manager of our writes. */
  readonly fieldManager: string;
  /** Called after the copy contains a change. */
  readonly onChange: (object: StoredObject) => void;
  /**
   * Called after the copy contains a list of a kind, with the namespace of the list (undefined for all). Must not
   * throw.
   */
  readonly onListed?: (kind: string, namespace: string | undefined) => void;
  readonly rival?: RivalWriter;
  /** Reduces an object to what the copy keeps. The managed fields are already removed. The default keeps everything. */
  readonly keep?: (object: StoredObject) => KubeObject;
  /** The topics that `listObjects` and `about` find an object by. */
  readonly topicsOf?: (object: StoredObject) => readonly string[];
  /** While this returns a pending promise, the copy does not change. */
  readonly pause?: () => Promise<unknown> | undefined;
  readonly timing: Timing;
  readonly log: Log;
  readonly observer?: ReflectorObserver;
}

/** The most objects in a page of a list that is not kept. */
const MOST_LISTED = 500;

/**
 * Keeps a copy of some kinds of objects with reflectors, and makes the writes of a controller that decides on that
 * copy. Reading a kind throws if it has not been listed yet, because the copy cannot show that an object is absent.
 */
export function followCluster(options: ClusterOptions) {
  const { client, resources, namespaces, fieldManager, onChange, onListed, pause, timing, log, observer } = options;
  const { keep = (object) => object, topicsOf, rival, divided = [] } = options;
  const ownWrites = createOwnWrites();
  let followedBuckets: ReadonlySet<number> = new Set();
  const resourceOf = (apiVersion: string, kind: string) => findResource(resources, apiVersion, kind);
  const scopes = namespaces ?? [undefined];
  const copies = resources.flatMap((resource) =>
    scopes.map((namespace) => ({ resource, namespace, ...follow(resource, namespace) })),
  );

  function follow(resource: Resource, namespace: string | undefined): { store: Store; reflector: Reflector } {
    const store = createStore({
      log,
      transform: (object) => keepStatusWriters(object as StoredObject, keep, rival),
      onChange: ({ object }) => onChange(object as StoredObject),
      ...(topicsOf && { topicsOf: (object) => topicsOf(object as StoredObject) }),
    });
    const scope = namespace === undefined ? {} : { namespace };
    const listed = () => onListed?.(resource.kind, namespace);
    const seen = { onListed: listed, ...(pause && { pause }), ...(observer && { observer }) };
    const startsEmpty = divided.includes(resource);
    const reflector = startReflector({ client, resource, store, timing, log, startsEmpty, ...scope, ...seen });
    return { store, reflector };
  }

  function copyOf(apiVersion: string, kind: string, namespace: string) {
    return copies.find(
      (copy) =>
        copy.resource.kind === kind &&
        apiVersionOf(copy.resource) === apiVersion &&
        (copy.namespace ?? namespace) === namespace,
    );
  }

  function storeOf(apiVersion: string, kind: string, namespace: string): Store {
    const copy = copyOf(apiVersion, kind, namespace);
    if (!copy?.reflector.isSynced())
      throw new KubeError('Unavailable', `${kind} of ${namespace} has not been listed yet`);
    return copy.store;
  }

  function unreadable(apiVersion: string, kind: string, namespace: string): string | undefined {
    const copy = copyOf(apiVersion, kind, namespace);
    return copy === undefined ? `${kind} of ${namespace} is not followed` : copy.reflector.failure();
  }

  /** Reads an object from the API server. Undefined if it does not exist. */
  async function read(resource: Resource, namespace: string, name: string): Promise<StoredObject | undefined> {
    return (await ifFound(client.get(resource, { namespace, name }))) as StoredObject | undefined;
  }

  return {
    /** Resolves when each of these kinds is listed. */
    whenSynced: (kinds: readonly string[]) =>
      Promise.all(
        copies.filter(({ resource }) => kinds.includes(resource.kind)).map(({ reflector }) => reflector.whenSynced()),
      ),
    /** Resolves when each of these kinds is listed, or its first list failed, in each namespace. */
    whenTried: (kinds: readonly string[]) =>
      Promise.all(
        copies.filter(({ resource }) => kinds.includes(resource.kind)).map(({ reflector }) => reflector.whenTried()),
      ),
    /** Says which of these kinds cannot be read in which namespaces, and why. One sentence each. */
    unlisted: (kinds: readonly string[]): readonly string[] =>
      copies.flatMap(({ resource: { kind }, namespace, reflector }) => {
        const words = reflector.failure();
        if (words === undefined || !kinds.includes(kind)) return [];
        const where = namespace === undefined ? 'all namespaces' : `namespace ${namespace}`;
        return [`cannot list ${kind} of ${where}: ${words}`];
      }),
    /**
     * Follows the objects of these buckets, of the kinds that are divided. Before the first call, it follows no bucket.
     * Resolves when each kind is listed, or its first list failed, in each namespace. Call it again only after that.
     */
    followBuckets: async (buckets: ReadonlySet<number>): Promise<void> => {
      const change = reselectBuckets(followedBuckets, buckets);
      followedBuckets = buckets;
      const concerned = copies.filter(({ resource }) => divided.includes(resource));
      await Promise.all(concerned.map(({ reflector }) => reflector.reselect(change)));
    },
    stop: () => Promise.all(copies.map(({ reflector }) => reflector.stop())),
    /**
     * The time since the last message from the API server, for each copy that received one. If several namespaces are
     * followed, a resource occurs several times.
     */
    *ages(): Generator<{ resource: string; ageMs: number }> {
      for (const { resource, reflector } of copies) {
        const heardMs = reflector.lastHeardMs();
        if (heardMs !== undefined) yield { resource: resource.plural, ageMs: timing.now() - heardMs };
      }
    },
    *values(kind: string): Generator<StoredObject> {
      for (const { resource, store } of copies)
        if (resource.kind === kind) yield* store.values() as Iterable<StoredObject>;
    },
    /** All objects of the copy, of every kind. */
    *all(): Generator<StoredObject> {
      for (const { store } of copies) yield* store.values() as Iterable<StoredObject>;
    },
    /** The object in the copy. Undefined if the copy lacks it, has not listed its kind, or does not follow its kind. */
    peek: (apiVersion: string, kind: string, key: string) =>
      copyOf(apiVersion, kind, key.split('/')[0] ?? '')?.store.get(key) as StoredObject | undefined,
    getObject: (apiVersion: string, kind: string, key: string) =>
      storeOf(apiVersion, kind, key.split('/')[0] ?? '').get(key) as StoredObject | undefined,
    /**
     * Why the copy may lack objects of this kind in this namespace, in the API server's words. Undefined if the copy is
     * complete, and while the first list is in progress.
     */
    unreadable,
    /** The objects with this topic, of all kinds that have been listed. */
    about: (topic: string) => copies.flatMap(({ store }) => store.about(topic)) as readonly StoredObject[],
    /** The objects of one kind with this topic. The topic must include the namespace. */
    listObjects: (apiVersion: string, kind: string, namespace: string, topic: string) =>
      storeOf(apiVersion, kind, namespace).about(topic) as readonly StoredObject[],
    untilOwnWritesSeenMs: (key: string): number => {
      const namespace = key.split('/')[0] ?? '';
      // No events arrive for a kind that is not followed, or that cannot be followed any more, so do not wait for them.
      const versionOf = (kind: string) => {
        const copy = copies.find(
          ({ resource, ...one }) => resource.kind === kind && (one.namespace ?? namespace) === namespace,
        );
        return copy?.reflector.failure() === undefined ? copy?.store.version : undefined;
      };
      return ownWrites.untilSeenMs(key, (kind) => versionOf(kind) ?? String(Number.MAX_SAFE_INTEGER));
    },
    ...createWrites({ client, fieldManager, resourceOf, ownWrites }),
    statusWriters: (object: object) => statusWriters(object, fieldManager),
    rivalWroteMs,
    read,
    /** Reads the present objects from the API server, at most the first 500. */
    list: async (resource: Resource, selection: Selection): Promise<readonly KubeObject[]> =>
      (await client.list(resource, { ...selection, limit: 500 })).items,
    /** Lists all present objects from the API server, a page at a time, so that the caller need not keep all. */
    listAll: (resource: Resource, selection: Pick<Selection, 'namespace' | 'labelSelector'>) =>
      listPages({ client, resource, timing, most: MOST_LISTED }, selection),
    readObject: (apiVersion: string, kind: string, namespace: string, name: string) =>
      read(resourceOf(apiVersion, kind), namespace, name),
  };
}

function findResource(resources: readonly Resource[], apiVersion: string, kind: string): Resource {
  const found = resources.find((resource) => resource.kind === kind && apiVersionOf(resource) === apiVersion);
  if (found === undefined) throw new Error(`${apiVersion} ${kind} is not among the kinds that are followed`);
  return found;
}

export type FollowedCluster = ReturnType<typeof followCluster>;
