import type { KubeObject } from '../objects/object.ts';
import type { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import type { KubeClient, Selection } from './client.ts';
import type { Log, Timing } from './ports.ts';
import type { Resource } from './resources.ts';
import type { Backoff } from './retry.ts';
import type { Store } from './store.ts';

/** What a reflector follows: the objects with matching labels, or nothing. For nothing, it makes no requests. */
export type Followed = Pick<Selection, 'labelSelector'> | 'nothing';

/** A change of what a reflector follows. */
export interface Reselection {
  readonly to: Followed;
  /** Selects the objects of `to` that were not followed before. Undefined if there are none. */
  readonly gained: string | undefined;
  /** Whether an object is not followed any more. The store drops it without a call of `onChange`. */
  readonly isLost: (object: KubeObject) => boolean;
}

/** `periodic`: a regular check. `recovery`: the watch cannot continue. `gained`: more objects are followed. */
export type ListCause = 'start' | 'periodic' | 'recovery' | 'gained';

/** Must not throw. */
export interface ReflectorObserver {
  countList(resource: string, cause: ListCause): void;
  /** A list or a watch failed and is retried. */
  countFailure(resource: string, reason: KubeErrorReason): void;
  /** A periodic list found this many changes that the watch did not send. 0 in normal operation. */
  countRepairs(resource: string, changes: number): void;
}

export interface ReflectorOptions extends Selection {
  /** Follows nothing until the first `reselect`. */
  readonly startsEmpty?: boolean;
  readonly client: Pick<KubeClient, 'list' | 'watch'>;
  readonly resource: Resource;
  readonly store: Store;
  readonly timing: Timing;
  readonly log: Log;
  readonly observer?: ReflectorObserver;
  /** Called after the store contains a list. `failure` is undefined from then on. Must not throw. */
  readonly onListed?: () => void;
  /** While this returns a pending promise, the store does not change and events wait. */
  readonly pause?: () => Promise<unknown> | undefined;
  readonly settings?: Partial<ReflectorSettings>;
}

export interface ReflectorSettings {
  /** The most items of a page. Pages of large or slow objects have fewer. */
  readonly pageSize: number;
  /**
   * The shortest lifetime of a watch. The longest is twice as much, so that the watches of many clients do not end
   * together.
   */
  readonly watchMs: number;
  /** The longest time without an event: twice the interval of bookmarks, which is a minute and up to a quarter more. */
  readonly idleTimeoutMs: number;
  /**
   * How often to list everything again in case a watch lost changes. Up to a tenth is added at random. If a list takes
   * more than a twentieth of this, the next one is later.
   */
  readonly relistMs: number;
  /** The waits between attempts, as in client-go. */
  readonly backoff: Backoff;
}

export const REFLECTOR_DEFAULTS: ReflectorSettings = {
  pageSize: 500,
  watchMs: 5 * 60_000,
  idleTimeoutMs: 150_000,
  relistMs: 10 * 60_000,
  backoff: { baseMs: 800, capMs: 30_000 },
};
