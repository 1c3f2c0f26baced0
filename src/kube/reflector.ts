import type { KubeObject } from '../objects/object.ts';
import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import type { KubeClient, Selection } from './client.ts';
import { KubeError } from './errors.ts';
import { createPageReader } from './pages.ts';
import { type Log, sleep, type Timing } from './ports.ts';
import { compareVersions, type Resource } from './resources.ts';
import { type Backoff, retryDelayMs } from './retry.ts';
import type { Store } from './store.ts';

/** Keeps a store equal to the state of the API server, across interruptions. */
export interface Reflector {
  /**
   * Whether the store has received a complete list. It stays true, because an outage makes the store old but not wrong.
   */
  isSynced(): boolean;
  /** Resolves with true when the store is synced, or with false if the reflector stops before that. */
  whenSynced(): Promise<boolean>;
  /**
   * Resolves with true when the store is synced or the first list fails, or with false if the reflector stops before
   * that.
   */
  whenTried(): Promise<boolean>;
  /**
   * Why the store may be incomplete, in the API server's words: the kind was never listed, does not exist any more, or
   * may not be read any more. Otherwise undefined, also during an outage, which only makes the store old.
   */
  failure(): string | undefined;
  /** When the API server last sent something, on `timing`'s clock. Undefined before the first time. */
  lastHeardMs(): number | undefined;
  /** Resolves when all requests have ended. The store does not change after that. */
  stop(): Promise<void>;
}

/** `periodic`: a regular check. `recovery`: the watch cannot continue. */
export type ListCause = 'start' | 'periodic' | 'recovery';

/** Must not throw. */
export interface ReflectorObserver {
  countList(resource: string, cause: ListCause): void;
  /** A list or a watch failed and is retried. */
  countFailure(resource: string, reason: KubeErrorReason): void;
  /** A periodic list found this many changes that the watch did not send. 0 in normal operation. */
  countRepairs(resource: string, changes: number): void;
}

export interface ReflectorOptions extends Selection {
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
  /** How often to list everything again in case a watch lost changes. Up to a tenth is added at random. */
  readonly relistMs: number;
  /** The waits between attempts, as in client-go. */
  readonly backoff: Backoff;
}

const DEFAULTS: ReflectorSettings = {
  pageSize: 500,
  watchMs: 5 * 60_000,
  idleTimeoutMs: 150_000,
  relistMs: 10 * 60_000,
  backoff: { baseMs: 800, capMs: 30_000 },
};

/**
 * Many events can arrive in one chunk. After this time the reflector lets timers run, so that the process does not look
 * dead.
 */
const LONGEST_TURN_MS = 100;

/**
 * A watch that ends sooner and without an event counts as failed. Without a wait, it would be reopened in a tight loop.
 */
const SHORT_WATCH_MS = 1_000;

/** Starts at once and runs until `stop`. */
export function startReflector(options: ReflectorOptions): Reflector {
  const { client, resource, store, timing, log, observer, onListed, pause, settings, ...selection } = options;
  const { pageSize, watchMs, idleTimeoutMs, relistMs, backoff } = { ...DEFAULTS, ...settings };
  const stopping = new AbortController();
  const { signal } = stopping;
  const readPage = createPageReader({ client, resource, timing, most: pageSize });
  const synced = Promise.withResolvers<boolean>();
  const tried = Promise.withResolvers<boolean>();
  let isSynced = false;
  let lastHeardMs: number | undefined;
  let words: string | undefined;
  let relistAt = 0;
  let failures = 0;
  /** Why the next step is a list and not a watch. */
  let listCause: Exclude<ListCause, 'periodic'> | undefined = 'start';

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        await follow();
      } catch (error) {
        if (!signal.aborted) await recover(error);
      }
    }
    synced.resolve(false);
    tried.resolve(false);
  }

  /** Lists if necessary, then watches until the watch ends. */
  async function follow(): Promise<void> {
    if (listCause !== undefined) await listNow(listCause);
    else if (timing.now() >= relistAt) await relist().catch(listInstead);
    const startedAt = timing.now();
    const hasHeard = await watch();
    if (!hasHeard && timing.now() - startedAt < SHORT_WATCH_MS && !signal.aborted) {
      throw new KubeError('Unavailable', 'the API server ended the watch as soon as it opened');
    }
  }

  async function recover(error: unknown): Promise<void> {
    const failure = error instanceof KubeError ? error : new KubeError('Unknown', String(error), { cause: error });
    if (!failure.isTransient) listCause ??= 'recovery';
    if (!isSynced || isRefusal(failure)) words = failure.message;
    const delayMs = retryDelayMs(failure, backoff, failures++, timing);
    tried.resolve(true);
    observer?.countFailure(resource.plural, failure.reason);
    const fields = { resource: resource.plural, reason: failure.reason, delayMs: Math.round(delayMs), error: failure };
    // An expired version is normal, and so is a single restart of the API server.
    if (failure.reason === KubeErrorReason.Expired || failures === 1) log.info(fields, 'watch interrupted, retrying');
    else log.warn(fields, 'cannot follow the API server, retrying');
    await sleep(timing, delayMs, signal);
  }

  async function listNow(cause: ListCause): Promise<void> {
    const { items, version } = await list();
    // Only a restored or lagging etcd lists an older version. Replacing the store with it would undo changes that
    // decisions used.
    if (compareVersions(version, store.version) < 0) {
      const message = `the API server lists version ${version} after it sent ${store.version}: if etcd was restored from a backup, restart this process`;
      throw new KubeError('Unavailable', message);
    }
    await unpaused(() => store.replace(items, version));
    finishList(cause);
  }

  /** Lists exactly the version that the watch has reached. Any difference is a change that the watch lost. */
  async function relist(): Promise<void> {
    const { items, version } = await list(store.version);
    const changes = await unpaused(() => store.replace(items, version));
    if (changes > 0)
      log.error({ resource: resource.plural, changes }, 'a periodic list found changes that the watch had lost');
    observer?.countRepairs(resource.plural, changes);
    finishList('periodic');
  }

  /** The version may have expired, or not exist in an etcd that was restored from a backup. */
  function listInstead(error: unknown): never {
    listCause = 'recovery';
    throw error;
  }

  function finishList(cause: ListCause): void {
    lastHeardMs = timing.now();
    relistAt = lastHeardMs + relistMs * (1 + timing.random() / 10);
    listCause = undefined;
    isSynced = true;
    words = undefined;
    synced.resolve(true);
    tried.resolve(true);
    observer?.countList(resource.plural, cause);
    onListed?.();
  }

  async function list(at?: string): Promise<{ items: readonly KubeObject[]; version: string }> {
    const items: KubeObject[] = [];
    let next: { continue?: string } = {};
    for (;;) {
      const exactly = at === undefined ? {} : { at };
      const page = await readPage({ ...selection, ...exactly, ...next, signal });
      // Only the reduced objects are collected. The complete list is never in memory as received.
      await unpaused(() => {
        for (const item of page.items) items.push(store.keep(item));
      });
      if (page.continue === undefined) return { items, version: page.resourceVersion };
      next = { continue: page.continue };
    }
  }

  async function unpaused<Result>(change: () => Result): Promise<Result> {
    for (let pausing = pause?.(); pausing !== undefined; pausing = pause?.()) await pausing;
    return change();
  }

  /** Watches until the watch ends. Returns whether an event arrived. */
  async function watch(): Promise<boolean> {
    const lifeMs = Math.min(watchMs * (1 + timing.random()), relistAt - timing.now());
    const timeoutSeconds = Math.max(1, Math.ceil(lifeMs / 1_000));
    const resourceVersion = store.version;
    let hasHeard = false;
    let turnMs = timing.now();
    for await (const event of client.watch(resource, {
      ...selection,
      resourceVersion,
      timeoutSeconds,
      idleTimeoutMs,
      signal,
    })) {
      hasHeard = true;
      failures = 0;
      lastHeardMs = timing.now();
      await unpaused(() => store.apply(event));
      if (timing.now() - turnMs < LONGEST_TURN_MS) continue;
      await sleep(timing, 0, signal);
      turnMs = timing.now();
    }
    return hasHeard;
  }

  const running = run();
  return {
    isSynced: () => isSynced,
    whenSynced: () => synced.promise,
    whenTried: () => tried.promise,
    failure: () => words,
    lastHeardMs: () => lastHeardMs,
    stop() {
      stopping.abort();
      return running;
    },
  };
}

/** The kind does not exist or may not be read. Waiting does not change that. */
function isRefusal({ reason }: KubeError): boolean {
  return reason === KubeErrorReason.Forbidden || reason === KubeErrorReason.NotFound;
}
