import { StringDecoder } from 'node:string_decoder';
import type { KubeObject } from '../objects/object.ts';
import { type CallerOptions, createCaller } from './calls.ts';
import { errorFromStatus, KubeError } from './errors.ts';

import { apiVersionOf, type ObjectName, type Resource } from './resources.ts';
import { errorFromFailure } from './transport.ts';

export interface CallOptions {
  /** Calls it off: the call then fails as Aborted. */
  readonly signal?: AbortSignal;
}

export interface WriteOptions extends CallOptions {
  /** Judged and answered as if it were done, and not done. */
  readonly dryRun?: boolean;
  /** Who owns the fields that are written; by default the API server takes the user agent. */
  readonly fieldManager?: string;
  /** Told each warning that comes with the answer, also with a refusal. */
  readonly onWarning?: (warning: string) => void;
}

export interface PatchOptions extends WriteOptions {
  readonly subresource?: 'status';
  /** Of an apply patch: takes over fields that others own. */
  readonly force?: boolean;
}

export interface DeleteOptions extends CallOptions {
  readonly dryRun?: boolean;
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  /** Deletes only the object that is this one; else the call fails as Conflict. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/** Which objects of a kind; without a namespace those of all namespaces. */
export interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListOptions extends Selection, CallOptions {
  /** At most so many in this page. */
  readonly limit?: number;
  /** The page after the one that returned this. */
  readonly continue?: string;
  /** A page of more bytes fails as TooLarge. */
  readonly mostBytes?: number;
  /** Exactly as things were at this version; without it as they are now, never from a cache that lags. */
  readonly at?: string;
}

export interface Page {
  readonly items: readonly KubeObject[];
  /** Of the answer, as JSON. */
  readonly bytes: number;
  /** The version that the whole list, all its pages, shows. */
  readonly resourceVersion: string;
  /** Set if there are more pages. */
  readonly continue?: string;
}

/** The three patch types that custom resources know; `apply` is server-side apply. */
export type Patch =
  | { readonly type: 'merge' | 'apply'; readonly body: object }
  | { readonly type: 'json'; readonly body: readonly object[] };

export interface WatchOptions extends Selection, CallOptions {
  /** Every change after this version. */
  readonly resourceVersion: string;
  /** When the API server ends the watch. */
  readonly timeoutSeconds: number;
  /** The longest silence before the connection is taken for dead. */
  readonly idleTimeoutMs: number;
}

/** A bookmark's object has nothing but a resourceVersion: all changes up to it have been told. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: KubeObject;
}

/**
 * The API server, for any kind of object. Every function throws KubeError and nothing else, within the client's deadline
 * (a watch: to its first byte, 10 s).
 *
 * What is repeated here, until the deadline, with jitter and not before Retry-After: reads whose error is transient, and
 * writes that surely were not carried out (429, no connection). A write whose outcome is unknown is never sent again from
 * here: it throws with `isOutcomeUnknown`, for the caller to decide anew from what it then sees. Deciding to send the same
 * again is safe for a create with a fixed name (AlreadyExists: tell by the owner's uid whether it is ours), for a patch
 * that carries a resourceVersion (Conflict: it, or another's, was carried out), for a delete that carries the uid, and for
 * an apply.
 */
export interface KubeClient {
  get(resource: Resource, name: ObjectName, options?: CallOptions): Promise<KubeObject>;
  list(resource: Resource, options?: ListOptions): Promise<Page>;
  /** Creates the object in the namespace that its metadata names. */
  create(resource: Resource, object: KubeObject, options?: WriteOptions): Promise<KubeObject>;
  /**
   * A merge or apply patch whose body has `metadata.resourceVersion` is carried out only on that very version, and else
   * fails as Conflict, also when the object has been made anew: no version is given twice. A uid in the body adds nothing.
   */
  patch(resource: Resource, name: ObjectName, patch: Patch, options?: PatchOptions): Promise<KubeObject>;
  /** Resolves when the deletion is accepted, which with finalizers or in the foreground is before the object is gone. */
  delete(resource: Resource, name: ObjectName, options?: DeleteOptions): Promise<void>;
  /** Yields changes until the API server ends the watch, and bookmarks. The connection ends with the iteration. */
  watch(resource: Resource, options: WatchOptions): AsyncGenerator<WatchEvent, void>;
}

const CONTENT_TYPE = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml', // JSON is YAML
} as const;

/** A client over a transport. Every call has a deadline, and throws KubeError. */
export function createKubeClient(options: CallerOptions): KubeClient {
  const { send, stream } = createCaller(options);
  // A single object is passed on as it is: whoever knows its kind decodes it.
  const sendForObject = send as unknown as (...call: Parameters<typeof send>) => Promise<KubeObject>;

  return {
    get: (resource, target, { signal } = {}) => sendForObject({ verb: 'get', resource, target, signal }),
    async list(resource, { limit, continue: next, at, mostBytes, signal, ...selection } = {}) {
      // A `continue` already says which version it is a page of.
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

/** The collection of a namespace, or of all. */
function within({ namespace }: { readonly namespace?: string }): { readonly namespace?: string } {
  return namespace === undefined ? {} : { namespace };
}

function selectorsOf({ labelSelector, fieldSelector }: Selection) {
  return { labelSelector, fieldSelector };
}

/** Items of built-in kinds come without apiVersion and kind. */
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

/** Throws what an ERROR event says. */
function readEvent(line: string): WatchEvent {
  const event = parseEvent(line);
  if (event.type === 'ERROR') throw errorFromStatus(event.object);
  return event;
}

type ErrorEvent = { readonly type: 'ERROR'; readonly object: Readonly<Record<string, unknown>> };

/** A line that cannot be read may have been a change, and only a new list can tell what it was. */
function parseEvent(line: string): WatchEvent | ErrorEvent {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new KubeError('Expired', 'a line of the watch cannot be read', { cause });
  }
}

/** The lines of a stream of UTF-8, without their ends. What follows the last line end is left out: the stream was cut. */
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
