import type { KubeObject } from '../objects/object.ts';
import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import type { KubeClient, ListOptions, Page, Selection } from './client.ts';
import { KubeError } from './errors.ts';
import { createPages, MOST_PAGE_BYTES } from './pages.ts';
import { type Log, sleep, type Timing } from './ports.ts';
import { compareVersions, type Resource } from './resources.ts';
import { type Backoff, retryDelayMs } from './retry.ts';
import type { Store } from './store.ts';

/** Keeps a store equal to what the API server has, whatever happens in between. */
export interface Reflector {
  /** Whether the store has held a whole list. It stays true: an outage makes the store old, not wrong. */
  isSynced(): boolean;
  /** Resolves with true when it is synced, with false when it was stopped before. */
  whenSynced(): Promise<boolean>;
  /** Resolves with true when it is synced or its first list has failed, with false when it was stopped before. */
  whenTried(): Promise<boolean>;
  /**
   * Why the store may not hold what there is, in the API server's words: it was never listed, or the right to it or the kind
   * itself is gone. Undefined while it is followed, and also in an outage, which only makes the store old.
   */
  failure(): string | undefined;
  /** When the API server last told something, on `timing`'s clock; undefined before the first time. */
  lastHeardMs(): number | undefined;
  /** Resolves when nothing is under way any more and the store will not change again. */
  stop(): Promise<void>;
}

/** `periodic`: nothing is wrong. `recovery`: the watch cannot go on from where it was. */
export type ListCause = 'start' | 'periodic' | 'recovery';

/** Must not throw. */
export interface ReflectorObserver {
  countList(resource: string, cause: ListCause): void;
  /** A list or a watch failed, and is tried again. */
  countFailure(resource: string, reason: KubeErrorReason): void;
  /** A periodic list found so many changes that the watch had not told: 0 in health. */
  countMended(resource: string, changes: number): void;
}

export interface ReflectorOptions extends Selection {
  readonly client: Pick<KubeClient, 'list' | 'watch'>;
  readonly resource: Resource;
  readonly store: Store;
  readonly timing: Timing;
  readonly log: Log;
  readonly observer?: ReflectorObserver;
  /** Called after each list is in the store: `failure` is undefined from then on. Must not throw. */
  readonly onListed?: () => void;
  /** As long as it returns a promise, and that is not settled, what is heard waits, and the store does not change. */
  readonly pause?: () => Promise<unknown> | undefined;
  readonly settings?: Partial<ReflectorSettings>;
}

export interface ReflectorSettings {
  /** Items of a page at most; fewer where they are large or slow. */
  readonly pageSize: number;
  /** A watch lives at least this long, and at most twice: so the watches of many clients do not end together. */
  readonly watchMs: number;
  /** The longest silence of a watch: twice the spacing of bookmarks, a minute and up to a quarter more. */
  readonly idleTimeoutMs: number;
  /** How often everything is listed to mend what a watch may have lost; up to a tenth is added at random. */
  readonly relistMs: number;
  /** The waits between attempts, as client-go's. */
  readonly backoff: Backoff;
}

const DEFAULTS: ReflectorSettings = {
  pageSize: 500,
  watchMs: 5 * 60_000,
  idleTimeoutMs: 150_000,
  relistMs: 10 * 60_000,
  backoff: { baseMs: 800, capMs: 30_000 },
};

/** A flood of events comes in one piece: so often, timers get their turn, or the process would be taken for dead. */
const LONGEST_TURN_MS = 100;

/** A watch that says nothing and ends sooner is a failure: without a wait it would be reopened without end. */
const SHORT_WATCH_MS = 1_000;

/** Starts at once; ends only by `stop`. */
export function startReflector(options: ReflectorOptions): Reflector {
  const { client, resource, store, timing, log, observer, onListed, pause, settings, ...selection } = options;
  const { pageSize, watchMs, idleTimeoutMs, relistMs, backoff } = { ...DEFAULTS, ...settings };
  const stopping = new AbortController();
  const { signal } = stopping;
  const pages = createPages(pageSize);
  const synced = Promise.withResolvers<boolean>();
  const tried = Promise.withResolvers<boolean>();
  let isSynced = false;
  let lastHeardMs: number | undefined;
  let words: string | undefined;
  let relistAt = 0;
  let failures = 0;
  /** Why the store must be listed before it can be watched. */
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

  /** Lists if need be, then watches until the watch ends. */
  async function follow(): Promise<void> {
    if (listCause !== undefined) await listNow(listCause);
    else if (timing.now() >= relistAt) await mend().catch(listInstead);
    const startedAt = timing.now();
    const hasHeard = await watch();
    if (!hasHeard && timing.now() - startedAt < SHORT_WATCH_MS && !signal.aborted) {
      throw new KubeError('Unavailable', 'the API server ended the watch as soon as it was opened');
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
    // A version that has expired is the way of the world, and so is an API server that restarts once.
    if (failure.reason === KubeErrorReason.Expired || failures === 1)
      log.info(fields, 'watch interrupted, trying again');
    else log.warn(fields, 'cannot follow the API server, trying again');
    await sleep(timing, delayMs, signal);
  }

  async function listNow(cause: ListCause): Promise<void> {
    const { items, version } = await list();
    // Only a restored or a lagging etcd answers so; going back with it would undo what has been acted upon.
    if (compareVersions(version, store.version) < 0) {
      const message = `the API server lists version ${version} after it had told ${store.version}: if etcd was restored from a backup, restart this process`;
      throw new KubeError('Unavailable', message);
    }
    await unpaused(() => store.replace(items, version));
    finishList(cause);
  }

  /** Lists at the very version that the watch has reached, where any difference is something that the watch lost. */
  async function mend(): Promise<void> {
    const { items, version } = await list(store.version);
    const changes = await unpaused(() => store.replace(items, version));
    if (changes > 0) log.error({ resource: resource.plural, changes }, 'the watch had lost changes');
    observer?.countMended(resource.plural, changes);
    finishList('periodic');
  }

  /** That version may be gone, or never have been: an etcd that was restored from a backup does not know it. */
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
      // What is kept is small: a whole list is never held as it came.
      await unpaused(() => {
        for (const item of page.items) items.push(store.keep(item));
      });
      if (page.continue === undefined) return { items, version: page.resourceVersion };
      next = { continue: page.continue };
    }
  }

  /** A page that is too large is asked for again at once, with fewer items; the next list after any failure has fewer, too. */
  async function readPage(options: ListOptions): Promise<Page> {
    const startedAt = timing.now();
    try {
      const page = await client.list(resource, { ...options, limit: pages.limit(), mostBytes: MOST_PAGE_BYTES });
      pages.grow({ items: page.items.length, bytes: page.bytes, durationMs: timing.now() - startedAt });
      return page;
    } catch (error) {
      const hasShrunk = !signal.aborted && pages.shrink();
      if (!hasShrunk || !(error instanceof KubeError) || error.reason !== KubeErrorReason.TooLarge) throw error;
      return readPage(options);
    }
  }

  async function unpaused<Result>(change: () => Result): Promise<Result> {
    for (let pausing = pause?.(); pausing !== undefined; pausing = pause?.()) await pausing;
    return change();
  }

  /** Returns whether anything was heard. */
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

/** The kind is gone, or not for us: not a matter of time. */
function isRefusal({ reason }: KubeError): boolean {
  return reason === KubeErrorReason.Forbidden || reason === KubeErrorReason.NotFound;
}
