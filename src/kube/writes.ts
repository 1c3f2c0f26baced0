import type { KubeObject } from '../objects/object.ts';
import type { WriteOutcome } from '../objects/outcomes.ts';
import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import type { KubeClient } from './client.ts';
import { KubeError } from './errors.ts';
import type { OwnWrites } from './own-writes.ts';
import type { Resource } from './resources.ts';
import { isVerdict, shortenDenial } from './verdict.ts';

export interface WritesOptions {
  readonly client: Pick<KubeClient, 'create' | 'patch' | 'delete'>;
  /** The field manager of our writes. */
  readonly fieldManager: string;
  readonly resourceOf: (apiVersion: string, kind: string) => Resource;
  /** Records each write. */
  readonly ownWrites: Pick<OwnWrites, 'record'>;
}

/** The metadata of an object to annotate, with its annotations as last read (undefined if it has none). */
interface AnnotatedMetadata {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Creates the writes of a controller. Each makes one API call. */
export function createWrites({ client, fieldManager, resourceOf, ownWrites }: WritesOptions) {
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

  return {
    create: (resource: Resource | undefined, object: object, forRun: string) => {
      const created = object as KubeObject;
      return attempt(
        () => client.create(resource ?? resourceOf(created.apiVersion, created.kind), created, { fieldManager }),
        forRun,
      );
    },
    /** Returns what the API server would store, after defaults and webhooks, if the object had another name. */
    dryRunCreate: (object: object) => {
      const { metadata, ...created } = object as KubeObject;
      const { name, ...rest } = metadata;
      const nameless = { ...created, metadata: { ...rest, generateName: `${name.slice(0, 57)}-` } };
      const resource = resourceOf(created.apiVersion, created.kind);
      return client.create(resource, nameless as unknown as KubeObject, { fieldManager, dryRun: true });
    },
    /**
     * Sets an annotation if its value still is the one in `metadata`, or if there are still no annotations at all.
     * Other changes to the object do not matter.
     */
    annotate: (resource: Resource, metadata: AnnotatedMetadata, annotation: string, text: string, forKey: string) => {
      const { namespace, name } = metadata;
      const patch = { type: 'json', body: replaceAnnotation(metadata, annotation, text) } as const;
      return attempt(() => client.patch(resource, { namespace, name }, patch, { fieldManager }), forKey);
    },
    /** Patches the status. If a resourceVersion is given, patches only that version. */
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
    /** Merges these fields into the object with this uid. An object that is gone counts as done. */
    merge: (
      apiVersion: string,
      kind: string,
      target: { namespace: string; name: string; uid: string },
      { metadata, ...fields }: { readonly metadata?: object; readonly spec?: object },
    ) =>
      attempt(() => {
        const { namespace, name, uid } = target;
        const body = { metadata: { ...metadata, uid }, ...fields };
        const patch = { type: 'merge', body } as const;
        return client
          .patch(resourceOf(apiVersion, kind), { namespace, name }, patch, { fieldManager })
          .catch(ignoreAbsence);
      }),
    /** Merges labels into the object only if it has this resourceVersion. */
    label: (
      resource: Resource,
      target: { namespace: string; name: string; uid: string; resourceVersion: string },
      labels: Readonly<Record<string, string>>,
      forKey: string,
    ) => {
      const { namespace, name, uid, resourceVersion } = target;
      const patch = { type: 'merge', body: { metadata: { uid, resourceVersion, labels } } } as const;
      return attempt(() => client.patch(resource, { namespace, name }, patch, { fieldManager }), forKey);
    },
    /**
     * Sets the finalizers only if the object has this resourceVersion, so that no other finalizer is lost. The outcome
     * for a missing object is Outdated too, because its kind may be absent only for a while.
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
    /** Deletes an object that owns nothing, so that its name is free at once. */
    deleteAtOnce: (resource: Resource, { namespace, name, uid }: { namespace: string; name: string; uid: string }) =>
      attempt(
        () =>
          client
            .delete(resource, { namespace, name }, { propagationPolicy: 'Background', preconditions: { uid } })
            .catch(ignoreAbsence) as Promise<undefined>,
      ),
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

/**
 * The JSON Patch that replaces an annotation if it is unchanged. A test for null succeeds if the path does not exist.
 */
function replaceAnnotation({ uid, annotations }: AnnotatedMetadata, annotation: string, text: string): object[] {
  const all = '/metadata/annotations';
  const path = `${all}/${annotation.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const isSame = { op: 'test', path: '/metadata/uid', value: uid };
  const write = { op: 'add', path, value: text };
  if (annotations === undefined)
    return [isSame, { op: 'test', path: all, value: null }, { op: 'add', path: all, value: {} }, write];
  return [isSame, { op: 'test', path, value: annotations[annotation] ?? null }, write];
}

/** Converts errors that decide the write to an outcome. Throws all others. */
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
