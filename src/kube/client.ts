import { StringDecoder } from 'node:string_decoder';
import type { KubeObject } from '../objects/object.ts';
import { type CallerOptions, createCaller } from './calls.ts';
import { errorFromStatus, KubeError } from './errors.ts';

import { apiVersionOf, type ObjectName, type Resource } from './resources.ts';
import { errorFromFailure } from './transport.ts';

export interface CallOptions {
  /** Cancels the call, which then fails as Aborted. */
  readonly signal?: AbortSignal;
}

export interface WriteOptions extends CallOptions {
  /** The API server validates the write and answers as usual, but stores nothing. */
  readonly dryRun?: boolean;
  /** The manager that owns the written fields. The default is the user agent. */
  readonly fieldManager?: string;
  /** Called with each warning in the answer, also if the API server rejects the write. */
  readonly onWarning?: (warning: string) => void;
}

export interface PatchOptions extends WriteOptions {
  readonly subresource?: 'status';
  /** For an apply patch: takes over fields that other managers own. */
  readonly force?: boolean;
}

export interface DeleteOptions extends CallOptions {
  readonly dryRun?: boolean;
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  /** Deletes the object only if it matches. Otherwise the call fails as Conflict. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/** Selects objects of a kind, in all namespaces if none is given. */
export interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListOptions extends Selection, CallOptions {
  /** The most items in this page. */
  readonly limit?: number;
  /** The `continue` of the previous page. */
  readonly continue?: string;
  /** If the page has more bytes, the call fails as TooLarge. */
  readonly mostBytes?: number;
  /**
   * Lists the objects exactly as of this resourceVersion. Without it, the list shows the present state and never comes
   * from a stale cache.
   */
  readonly at?: string;
}

export interface Page {
  readonly items: readonly KubeObject[];
  /** Size of the answer, which is JSON. */
  readonly bytes: number;
  /** The resourceVersion of the whole list. It is the same on each page. */
  readonly resourceVersion: string;
  /** Set if there are more pages; pass it to the next call. */
  readonly continue?: string;
}

/** The three patch types that custom resources support. `apply` is server-side apply. */
export type Patch =
  | { readonly type: 'merge' | 'apply'; readonly body: object }
  | { readonly type: 'json'; readonly body: readonly object[] };

export interface WatchOptions extends Selection, CallOptions {
  /** The watch yields every change after this resourceVersion. */
  readonly resourceVersion: string;
  /** The API server ends the watch after this time. */
  readonly timeoutSeconds: number;
  /** The longest time without data before the connection counts as dead. */
  readonly idleTimeoutMs: number;
}

/** The object of a bookmark has only a resourceVersion. The watch has sent all changes up to it. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: KubeObject;
}

/**
 * A client of the API server for any kind of object. Every function throws only KubeError, and does so within the
 * client's deadline. For a watch, the deadline is 10 s until the first byte.
 *
 * The client retries reads whose error is transient, and writes that were certainly not carried out (429, no
 * connection). It retries until the deadline, with jitter, and not before Retry-After.
 *
 * The client never retries a write whose outcome is unknown. The write throws with `isOutcomeUnknown`, and the caller
 * has to read the present state and decide again. The caller can safely send the same write again if it is one of
 * these: a create with a fixed name (on AlreadyExists, the owner's uid shows whether the object is ours), a patch with
 * a resourceVersion (Conflict means that this patch or another one was carried out), a delete with a uid, or an apply.
 */
export interface KubeClient {
  get(resource: Resource, name: ObjectName, options?: CallOptions): Promise<KubeObject>;
  list(resource: Resource, options?: ListOptions): Promise<Page>;
  /** Creates the object in the namespace that its metadata names. */
  create(resource: Resource, object: KubeObject, options?: WriteOptions): Promise<KubeObject>;
  /**
   * If the body of a merge or apply patch has `metadata.resourceVersion`, the patch applies only to that version. On
   * any other version it fails as Conflict, even if the object was deleted and created again, because no version is
   * used twice. A status patch ignores a uid in the body. Any other patch fails as Invalid if the uids differ.
   */
  patch(resource: Resource, name: ObjectName, patch: Patch, options?: PatchOptions): Promise<KubeObject>;
  /**
   * Resolves when the API server accepts the deletion. With finalizers or foreground deletion, the object still exists
   * then.
   */
  delete(resource: Resource, name: ObjectName, options?: DeleteOptions): Promise<void>;
  /** Yields changes and bookmarks until the API server ends the watch. Leaving the loop closes the connection. */
  watch(resource: Resource, options: WatchOptions): AsyncGenerator<WatchEvent, void>;
}

const CONTENT_TYPE = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml', // JSON is YAML
} as const;

/** Creates a client over a transport. Every call has a deadline and throws KubeError. */
export function createKubeClient(options: CallerOptions): KubeClient {
  const { send, stream } = createCaller(options);
  // A single object is returned as received. The caller knows its kind and decodes it.
  const sendForObject = send as unknown as (...call: Parameters<typeof send>) => Promise<KubeObject>;

  return {
    get: (resource, target, { signal } = {}) => sendForObject({ verb: 'get', resource, target, signal }),
    async list(resource, { limit, continue: next, at, mostBytes, signal, ...selection } = {}) {
      // A `continue` already contains the version.
      const version = at === undefined || next !== undefined ? {} : exactly(at);
      const query = { ...selectorsOf(selection), limit, continue: next, ...version };
      let bytes = 0;
      const onBytes = (count: number) => {
        bytes = count;
      };
      const call = { verb: 'list', resource, target: within(selection), query, signal, mostBytes, onBytes } as const;
      return { ...readPage(resource, await send(call)), bytes };
    },
    create(resource, body, { dryRun, fieldManager, onWarning, signal } = {}) {
      const query = { dryRun: dryRun ? 'All' : undefined, fieldManager };
      return sendForObject({ verb: 'create', resource, target: within(body.metadata), query, body, signal, onWarning });
    },
    patch(resource, target, { type, body }, { dryRun, fieldManager, force, subresource, signal, onWarning } = {}) {
      const query = { dryRun: dryRun ? 'All' : undefined, fieldManager, force };
      const sent = { query, body, contentType: CONTENT_TYPE[type], signal, onWarning };
      return sendForObject({ verb: 'patch', resource, target, subresource, ...sent });
    },
    async delete(resource, target, { dryRun, propagationPolicy, preconditions, signal } = {}) {
      const body = { propagationPolicy, preconditions, ...(dryRun ? { dryRun: ['All'] } : {}) };
      await send({ verb: 'delete', resource, target, body, signal });
    },
    async *watch(resource, { resourceVersion, timeoutSeconds, idleTimeoutMs, signal, ...selection }) {
      const changes = { watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds };
      const query = { ...selectorsOf(selection), ...changes };
      const body = await stream({ verb: 'watch', resource, target: within(selection), query, signal }, idleTimeoutMs);
      try {
        for await (const line of readLines(body)) yield readEvent(line);
      } catch (error) {
        throw errorFromFailure(error, signal);
      }
    },
  };
}

function exactly(resourceVersion: string) {
  return { resourceVersion, resourceVersionMatch: 'Exact' };
}

/** The target for the collection of one namespace, or of all namespaces. */
function within({ namespace }: { readonly namespace?: string }): { readonly namespace?: string } {
  return namespace === undefined ? {} : { namespace };
}

function selectorsOf({ labelSelector, fieldSelector }: Selection) {
  return { labelSelector, fieldSelector };
}

/** In lists of built-in kinds, the API server leaves out the items' apiVersion and kind. */
function readPage(resource: Resource, list: Record<string, unknown>): Omit<Page, 'bytes'> {
  const { items, metadata } = list as {
    items?: readonly KubeObject[] | null;
    metadata: { resourceVersion: string; continue?: string };
  };
  const type = { apiVersion: apiVersionOf(resource), kind: resource.kind };
  return {
    items: (items ?? []).map((item) => ({ ...item, ...type })),
    resourceVersion: metadata.resourceVersion,
    ...(metadata.continue ? { continue: metadata.continue } : {}),
  };
}

/** Throws a KubeError for an ERROR event. */
function readEvent(line: string): WatchEvent {
  const event = parseEvent(line);
  if (event.type === 'ERROR') throw errorFromStatus(event.object);
  return event;
}

type ErrorEvent = { readonly type: 'ERROR'; readonly object: Readonly<Record<string, unknown>> };

/** A line that cannot be read may be a change. `Expired` makes the caller list again. */
function parseEvent(line: string): WatchEvent | ErrorEvent {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new KubeError('Expired', 'a line of the watch cannot be read', { cause });
  }
}

/**
 * Yields the lines of a UTF-8 stream without their line ends. Drops text after the last line end, because the stream
 * was cut there.
 */
export async function* readLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new StringDecoder('utf8');
  let partial = '';
  for await (const chunk of stream) {
    const [end = '', ...starts] = decoder.write(chunk).split('\n');
    partial += end;
    for (const start of starts) {
      yield partial;
      partial = start;
    }
  }
}
