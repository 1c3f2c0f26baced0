import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import type { KubeClient, Selection } from './client.ts';
import { KubeError } from './errors.ts';
import { createOwnWrites } from './own-writes.ts';
import type { Log, Timing } from './ports.ts';
import { type Reflector, type ReflectorObserver, startReflector } from './reflector.ts';
import { apiVersionOf, type KubeObject, type Resource } from './resources.ts';
import { createStore, type Store } from './store.ts';
import { isVerdict, shortenDenial } from './verdict.ts';

export interface ClusterOptions {
  readonly client: KubeClient;
  /** Every kind that is read from the copy; those that are created need not be among them. */
  readonly resources: readonly Resource[];
  /** The namespaces that are followed; undefined: all. */
  readonly namespaces: readonly string[] | undefined;
  /** The name under which we write. */
  readonly fieldManager: string;
  /** Called after each change is in the copy. */
  readonly onChange: (object: KubeObject) => void;
  /** Called after each list of a kind is in the copy, of one namespace or (undefined) of all. Must not throw. */
  readonly onListed?: (kind: string, namespace: string | undefined) => void;
  /** Another manager of fields: of objects of these kinds, when it last wrote the status is kept too. */
  readonly rival?: { readonly fieldManager: string; readonly kinds: readonly string[] };
  /** What is kept of an object, whose managed fields are gone already; everything unless given. */
  readonly keep?: (object: KubeObject) => KubeObject;
  /** What objects are found by in `listObjects`. */
  readonly topicsOf?: (object: KubeObject) => readonly string[];
  /** As long as it returns a promise, and that is not settled, no change gets into the copy. */
  readonly pause?: () => Promise<unknown> | undefined;
  readonly timing: Timing;
  readonly log: Log;
  readonly observer?: ReflectorObserver;
}

/** What became of a write that could be told apart; everything else throws KubeError. */
export type WriteOutcome =
  /** With the uid of what was created or patched. */
  | { readonly outcome: 'Done'; readonly uid?: string }
  | { readonly outcome: 'Outdated' }
  | { readonly outcome: 'Refused'; readonly message: string };

/** A KubeObject that has a namespace and, since it is stored, a uid. */
type StoredObject = KubeObject & { readonly metadata: { readonly namespace: string; readonly uid: string } };

/** Of an object that is annotated: its annotations as they are known, undefined where there are none. */
interface AnnotatedMetadata {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Which controllers have written the status, kept where the store drops the rest of `managedFields`. */
const STATUS_WRITERS = 'statusWriters';
/** When the rival last wrote the status, if it has: milliseconds since 1970, on the API server's clock. */
const RIVAL_WROTE = 'rivalWroteMs';

/**
 * A copy of some kinds of objects, kept by reflectors, and the writes of a controller that decides on it. Reading a kind
 * that has not been listed yet throws: nothing may be taken for absent before that.
 */
export function followCluster(options: ClusterOptions) {
  const { client, resources, namespaces, fieldManager, onChange, onListed, pause, timing, log, observer } = options;
  const { keep = (object) => object, topicsOf, rival } = options;
  const ownWrites = createOwnWrites();
  const scopes = namespaces ?? [undefined];
  const copies = resources.flatMap((resource) =>
    scopes.map((namespace) => ({ resource, namespace, ...follow(resource, namespace) })),
  );

  function follow(resource: Resource, namespace: string | undefined): { store: Store; reflector: Reflector } {
    const store = createStore({
      log,
      transform: (object) => keepStatusWriters(object, keep, rival),
      onChange: ({ object }) => onChange(object),
      ...(topicsOf && { topicsOf }),
    });
    const scope = namespace === undefined ? {} : { namespace };
    const listed = () => onListed?.(resource.kind, namespace);
    const seen = { onListed: listed, ...(pause && { pause }), ...(observer && { observer }) };
    return { store, reflector: startReflector({ client, resource, store, timing, log, ...scope, ...seen }) };
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

  function resourceOf(apiVersion: string, kind: string): Resource {
    const found = resources.find((resource) => resource.kind === kind && apiVersionOf(resource) === apiVersion);
    if (found === undefined) throw new Error(`${apiVersion} ${kind} is not among the kinds that are followed`);
    return found;
  }

  async function attempt(write: () => Promise<KubeObject | undefined>, forKey?: string): Promise<WriteOutcome> {
    try {
      const written = await write();
      const version = written?.metadata.resourceVersion;
      if (written && version !== undefined && forKey !== undefined) ownWrites.record(forKey, written.kind, version);
      return { outcome: 'Done', ...(written?.metadata.uid !== undefined && { uid: written.metadata.uid }) };
    } catch (error) {
      return judgeFailure(error);
    }
  }

  /** As it is now; undefined where there is none. */
  async function read(resource: Resource, namespace: string, name: string): Promise<StoredObject | undefined> {
    return client.get(resource, { namespace, name }).then(
      (object) => object as StoredObject,
      (error: unknown) => {
        if (error instanceof KubeError && error.reason === KubeErrorReason.NotFound) return undefined;
        throw error;
      },
    );
  }

  return {
    /** Resolves when each of these kinds has been listed. */
    whenSynced: (kinds: readonly string[]) =>
      Promise.all(
        copies.filter(({ resource }) => kinds.includes(resource.kind)).map(({ reflector }) => reflector.whenSynced()),
      ),
    /** Resolves when each of these kinds has been listed, or could not be, in each namespace. */
    whenTried: (kinds: readonly string[]) =>
      Promise.all(
        copies.filter(({ resource }) => kinds.includes(resource.kind)).map(({ reflector }) => reflector.whenTried()),
      ),
    /** Which of these kinds are not known in which namespaces, and why, a sentence each. */
    unlisted: (kinds: readonly string[]): readonly string[] =>
      copies.flatMap(({ resource: { kind }, namespace, reflector }) => {
        const words = reflector.failure() ?? (reflector.isSynced() ? undefined : 'the first list is under way');
        if (words === undefined || !kinds.includes(kind)) return [];
        const where = namespace === undefined ? 'all namespaces' : `namespace ${namespace}`;
        return [`cannot list ${kind} of ${where}: ${words}`];
      }),
    stop: () => Promise.all(copies.map(({ reflector }) => reflector.stop())),
    /** Of each copy that has heard anything: how long ago that was. Resources repeat where several namespaces are followed. */
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
    getObject: (apiVersion: string, kind: string, key: string) =>
      storeOf(apiVersion, kind, key.split('/')[0] ?? '').get(key) as StoredObject | undefined,
    /**
     * Why the copy may not hold the objects of this kind in this namespace, in the API server's words; undefined where it
     * does, and as long as the first list is under way.
     */
    unreadable,
    /** The objects about this topic, of any kind and as far as kinds have been listed. */
    about: (topic: string) => copies.flatMap(({ store }) => store.about(topic)) as readonly StoredObject[],
    /** Those of a topic that names the namespace too. */
    listObjects: (apiVersion: string, kind: string, namespace: string, topic: string) =>
      storeOf(apiVersion, kind, namespace).about(topic) as readonly StoredObject[],
    statusWriters: (object: object) => {
      const writers = ((object as Record<string, unknown>)[STATUS_WRITERS] ?? []) as readonly string[];
      const others = writers.filter((writer) => writer !== fieldManager);
      return { isOurs: writers.includes(fieldManager), isForeign: others.length > 0, others };
    },
    /** When the rival last wrote the status, to the second; undefined where it has not, or owns nothing of it any more. */
    rivalWroteMs: (object: object) => (object as Record<string, unknown>)[RIVAL_WROTE] as number | undefined,
    untilOwnWritesSeenMs: (key: string): number => {
      const namespace = key.split('/')[0] ?? '';
      // What is not followed, or not any more, is never heard of: nobody waits for that.
      const versionOf = (kind: string) => {
        const copy = copies.find(
          ({ resource, ...one }) => resource.kind === kind && (one.namespace ?? namespace) === namespace,
        );
        return copy?.reflector.failure() === undefined ? copy?.store.version : undefined;
      };
      return ownWrites.untilSeenMs(key, (kind) => versionOf(kind) ?? String(Number.MAX_SAFE_INTEGER));
    },
    read,
    /** As they are now, the first 500 at most. */
    list: async (resource: Resource, selection: Selection): Promise<readonly KubeObject[]> =>
      (await client.list(resource, { ...selection, limit: 500 })).items,
    readObject: (apiVersion: string, kind: string, namespace: string, name: string) =>
      read(resourceOf(apiVersion, kind), namespace, name),
    create: (resource: Resource | undefined, object: object, forRun: string) => {
      const created = object as KubeObject;
      return attempt(
        () => client.create(resource ?? resourceOf(created.apiVersion, created.kind), created, { fieldManager }),
        forRun,
      );
    },
    /** What the API server would store, with all its defaults and webhooks, if the object had another name. */
    dryRunCreate: (object: object) => {
      const { metadata, ...created } = object as KubeObject;
      const { name, ...rest } = metadata;
      const nameless = { ...created, metadata: { ...rest, generateName: `${name.slice(0, 57)}-` } };
      const resource = resourceOf(created.apiVersion, created.kind);
      return client.create(resource, nameless as unknown as KubeObject, { fieldManager, dryRun: true });
    },
    /** Whatever else has changed: if the annotation, and where there was none at all that too, is as in `metadata`. */
    annotate: (resource: Resource, metadata: AnnotatedMetadata, annotation: string, text: string, forKey: string) => {
      const { namespace, name } = metadata;
      const patch = { type: 'json', body: replaceAnnotation(metadata, annotation, text) } as const;
      return attempt(() => client.patch(resource, { namespace, name }, patch, { fieldManager }), forKey);
    },
    /** Carried out only on the very version of the object that is named, if one is. */
    patchStatus: (
      resource: Resource,
      {
        namespace,
        name,
        uid,
        resourceVersion,
      }: { namespace: string; name: string; uid: string; resourceVersion?: string },
      status: object,
      forKey: string,
    ) => {
      const patch = { type: 'merge', body: { metadata: { uid, resourceVersion }, status } } as const;
      return attempt(
        () => client.patch(resource, { namespace, name }, patch, { subresource: 'status', fieldManager }),
        forKey,
      );
    },
    patchSpec: (
      apiVersion: string,
      kind: string,
      target: { namespace: string; name: string; uid: string },
      spec: object,
    ) =>
      attempt(() => {
        const { namespace, name, uid } = target;
        const body = { metadata: { uid }, spec };
        return client.patch(
          resourceOf(apiVersion, kind),
          { namespace, name },
          { type: 'merge', body },
          { fieldManager },
        );
      }),
    /**
     * Carried out only on the very version of the object that is named, so that nobody's finalizer is lost. One that is not
     * there is outdated too: its kind may be back in a while, and with it the object.
     */
    setFinalizers: (
      apiVersion: string,
      kind: string,
      { namespace, name, resourceVersion }: { namespace: string; name: string; resourceVersion?: string },
      finalizers: readonly string[],
      forKey: string,
    ) => {
      const patch = { type: 'merge', body: { metadata: { resourceVersion, finalizers } } } as const;
      return attempt(
        () => client.patch(resourceOf(apiVersion, kind), { namespace, name }, patch, { fieldManager }),
        forKey,
      ).catch((error: unknown): WriteOutcome => {
        ignoreAbsence(error);
        return { outcome: 'Outdated' };
      });
    },
    delete: (apiVersion: string, kind: string, target: { namespace: string; name: string; uid: string }) =>
      attempt(async () => {
        const { namespace, name, uid } = target;
        await client
          .delete(
            resourceOf(apiVersion, kind),
            { namespace, name },
            { propagationPolicy: 'Foreground', preconditions: { uid } },
          )
          .catch(ignoreAbsence);
        return undefined;
      }),
  };
}

/** The operations that replace an annotation where it is still as it was. A test for null passes where there is nothing. */
function replaceAnnotation({ uid, annotations }: AnnotatedMetadata, annotation: string, text: string): object[] {
  const all = '/metadata/annotations';
  const path = `${all}/${annotation.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const isSame = { op: 'test', path: '/metadata/uid', value: uid };
  const write = { op: 'add', path, value: text };
  if (annotations === undefined)
    return [isSame, { op: 'test', path: all, value: null }, { op: 'add', path: all, value: {} }, write];
  return [isSame, { op: 'test', path, value: annotations[annotation] ?? null }, write];
}

/** Sorts the errors that decide from those that are merely in the way, which are thrown on. */
function judgeFailure(error: unknown): WriteOutcome {
  if (!(error instanceof KubeError)) throw error;
  if (error.reason === KubeErrorReason.Conflict || error.reason === KubeErrorReason.AlreadyExists)
    return { outcome: 'Outdated' };
  if (!isVerdict(error)) throw error;
  return { outcome: 'Refused', message: shortenDenial(error.message) };
}

function ignoreAbsence(error: unknown): undefined {
  if (!(error instanceof KubeError) || error.reason !== KubeErrorReason.NotFound) throw error;
}

/** managedFields are two thirds of an object; of them only this is decided on. */
function keepStatusWriters(
  object: KubeObject,
  keep: (object: KubeObject) => KubeObject,
  rival: ClusterOptions['rival'],
): KubeObject {
  const { managedFields, ...metadata } = object.metadata;
  const entries = Array.isArray(managedFields) ? (managedFields as readonly Record<string, unknown>[]) : [];
  const ofStatus = entries.filter(({ subresource }) => subresource === 'status');
  const writers = new Set(ofStatus.map(({ manager }) => String(manager)));
  const times = rival?.kinds.includes(object.kind)
    ? ofStatus.filter(({ manager }) => manager === rival.fieldManager).map(({ time }) => Date.parse(String(time)))
    : [];
  return {
    ...keep({ ...object, metadata }),
    [STATUS_WRITERS]: [...writers],
    ...(times.length > 0 && { [RIVAL_WROTE]: Math.max(...times) }),
  };
}

export type FollowedCluster = ReturnType<typeof followCluster>;
