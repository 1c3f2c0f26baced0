import type { KubeObject } from '../objects/object.ts';
import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import type { Selection } from './client.ts';
import { KubeError } from './errors.ts';
import { createPageReader } from './pages.ts';
import { sleep } from './ports.ts';
import {
  type Followed,
  type ListCause,
  REFLECTOR_DEFAULTS,
  type ReflectorOptions,
  type Reselection,
} from './reflector-options.ts';
import { compareVersions } from './resources.ts';
import { createWaits } from './retry.ts';

/** Keeps a store equal to the state of the API server, across interruptions. */
export interface Reflector {
  /**
   * Whether the store has a complete list of what is followed. It stays true during an outage, which makes the store
   * old but not wrong. `reselect` can make it false until the next list.
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
  /**
   * Changes what the reflector follows. No change of an object that was followed before and is followed afterwards is
   * lost. Resolves when the store has the objects that are gained, or when the first list of them fails; `isSynced` and
   * `failure` then say so, and the reflector tries again. Also resolves if the reflector stops. Call it again only
   * after it has resolved.
   */
  reselect(change: Reselection): Promise<void>;
  /** Resolves when all requests have ended. The store does not change after that. */
  stop(): Promise<void>;
}

/**
 * Many events can arrive in one chunk. After this time the reflector lets timers run, so that the process does not look
 * dead.
 */
const LONGEST_TURN_MS = 100;

/**
 * A watch that ends sooner and without an event counts as failed. Without a wait, it would be reopened in a tight loop.
 */
const SHORT_WATCH_MS = 1_000;

/** Periodic lists take at most this share of the time, so that lists of very many objects do not keep the API server busy. */
const RELIST_SHARE = 1 / 20;

/** Starts at once and runs until `stop`. */
export function startReflector(options: ReflectorOptions): Reflector {
  const { client, resource, store, timing, log, observer, onListed, pause, settings, ...rest } = options;
  const { labelSelector, startsEmpty = false, ...scope } = rest;
  const { pageSize, watchMs, idleTimeoutMs, relistMs, backoff } = { ...REFLECTOR_DEFAULTS, ...settings };
  const stopping = new AbortController();
  const readPage = createPageReader({ client, resource, timing, most: pageSize });
  const synced = Promise.withResolvers<boolean>();
  const tried = Promise.withResolvers<boolean>();
  let isSynced = false;
  let lastHeardMs: number | undefined;
  let words: string | undefined;
  let relistAt = 0;
  const waits = createWaits(backoff, timing);
  /** Why the next step is a list and not a watch. */
  let listCause: Exclude<ListCause, 'gained'> | undefined = 'start';
  let followed: Followed = startsEmpty ? 'nothing' : labelSelector === undefined ? {} : { labelSelector };
  /** Aborted when the reflector changes what it follows. */
  let turn = new AbortController();
  /** The change that starts with the next turn. */
  let change: PendingChange | undefined;
  /** Settles when the objects that are followed now have been listed, or their list has failed. */
  let reselected = Promise.withResolvers<void>();
  let gaining: Promise<unknown> | undefined;
  /** After a change of what is followed, objects of the store can be newer than its version, but not newer than this. */
  let newestVersion = '0';

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const { signal } = turn;
      try {
        await follow(signal);
      } catch (error) {
        if (!signal.aborted) await recover(error, signal);
      }
    }
    synced.resolve(false);
    tried.resolve(false);
    reselected.resolve();
    change?.done.resolve();
  }

  /** Lists if necessary, then watches until the watch ends. */
  async function follow(signal: AbortSignal): Promise<void> {
    if (change !== undefined) await turnTo(change);
    if (followed === 'nothing') return untilAborted(signal);
    const isBehind = compareVersions(store.version, newestVersion) < 0;
    if (listCause === undefined && timing.now() >= relistAt) {
      if (isBehind) listCause = 'periodic';
      else await relist(signal).catch(listInstead);
    }
    if (listCause !== undefined) await listNow(listCause, signal);
    const startedAt = timing.now();
    const hasHeard = await watch(signal);
    if (!hasHeard && timing.now() - startedAt < SHORT_WATCH_MS && !signal.aborted) {
      throw new KubeError('Unavailable', 'the API server ended the watch as soon as it opened', { code: 200 });
    }
  }

  async function recover(error: unknown, signal: AbortSignal): Promise<void> {
    const failure = error instanceof KubeError ? error : new KubeError('Unknown', String(error), { cause: error });
    if (!failure.isTransient) listCause ??= 'recovery';
    if (!isSynced || isRefusal(failure)) words = failure.message;
    const { delayMs, isFirst } = waits.after(failure);
    tried.resolve(true);
    reselected.resolve();
    observer?.countFailure(resource.plural, failure.reason);
    const fields = { resource: resource.plural, reason: failure.reason, delayMs: Math.round(delayMs), error: failure };
    // An expired version is normal, and so is a single restart of the API server.
    if (failure.reason === KubeErrorReason.Expired || isFirst) log.info(fields, 'watch interrupted, retrying');
    else log.warn(fields, 'cannot follow the API server, retrying');
    await sleep(timing, delayMs, signal);
  }

  async function listNow(cause: ListCause, signal: AbortSignal): Promise<void> {
    const startedAt = timing.now();
    const { items, version } = await list(selected(), signal);
    // Only a restored or lagging etcd lists an older version. Replacing the store with it would undo changes that
    // decisions used.
    if (compareVersions(version, store.version) < 0) {
      const message = `the API server lists version ${version} after it sent ${store.version}: if etcd was restored from a backup, restart this process`;
      throw new KubeError('Unavailable', message, { code: 200 });
    }
    await unpaused(() => store.replace(items, version));
    finishList(cause, startedAt);
  }

  /** Lists exactly the version that the watch has reached. Any difference is a change that the watch lost. */
  async function relist(signal: AbortSignal): Promise<void> {
    const startedAt = timing.now();
    const { items, version } = await list({ ...selected(), at: store.version }, signal);
    const changes = await unpaused(() => store.replace(items, version));
    if (changes > 0)
      log.error({ resource: resource.plural, changes }, 'a periodic list found changes that the watch had lost');
    observer?.countRepairs(resource.plural, changes);
    finishList('periodic', startedAt);
  }

  /** The version may have expired, or not exist in an etcd that was restored from a backup. */
  function listInstead(error: unknown): never {
    listCause = 'recovery';
    throw error;
  }

  function finishList(cause: ListCause, startedAt: number): void {
    lastHeardMs = timing.now();
    relistAt = lastHeardMs + Math.max(relistMs * (1 + timing.random() / 10), (lastHeardMs - startedAt) / RELIST_SHARE);
    settleReselection();
    observer?.countList(resource.plural, cause);
    onListed?.();
  }

  function settleReselection(): void {
    listCause = undefined;
    isSynced = true;
    words = undefined;
    synced.resolve(true);
    tried.resolve(true);
    reselected.resolve();
  }

  /**
   * Starts to follow something else. The store can then have objects that are newer than its version. The watch sends
   * their events again, which changes nothing.
   */
  async function turnTo({ to, gained, isLost, listed, done }: PendingChange): Promise<void> {
    change = undefined;
    reselected = done;
    await unpaused(() => {
      newestVersion = [newestVersion, store.version, listed?.version ?? '0'].toSorted(compareVersions).at(-1) ?? '0';
      store.drop(isLost);
      if (listed !== undefined) store.merge(listed.items, listed.version);
    });
    followed = to;
    if (to === 'nothing') {
      lastHeardMs = undefined;
      settleReselection();
    } else if (gained !== undefined && listed === undefined) {
      isSynced = false;
      listCause = 'start';
    } else if (listCause === undefined) {
      reselected.resolve();
      if (listed === undefined) return;
      observer?.countList(resource.plural, 'gained');
      onListed?.();
    }
  }

  /** Lists the gained objects while the watch goes on. Undefined if that fails: everything is then listed again. */
  async function listGained(labelSelector: string): Promise<Listed | undefined> {
    try {
      return await list({ ...scope, labelSelector }, stopping.signal);
    } catch (error) {
      const reason = error instanceof KubeError ? error.reason : KubeErrorReason.Unknown;
      if (stopping.signal.aborted) return undefined;
      observer?.countFailure(resource.plural, reason);
      log.info({ resource: resource.plural, reason, error }, 'cannot list what is gained, listing everything');
      return undefined;
    }
  }

  const selected = (): Selection => ({ ...scope, ...(followed === 'nothing' ? {} : followed) });

  async function list(what: Selection & { readonly at?: string }, signal: AbortSignal): Promise<Listed> {
    const items: KubeObject[] = [];
    let next: { continue?: string } = {};
    for (;;) {
      const page = await readPage({ ...what, ...next, signal });
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
  async function watch(signal: AbortSignal): Promise<boolean> {
    const lifeMs = Math.min(watchMs * (1 + timing.random()), relistAt - timing.now());
    const timeoutSeconds = Math.max(1, Math.ceil(lifeMs / 1_000));
    const resourceVersion = store.version;
    let hasHeard = false;
    let turnMs = timing.now();
    for await (const event of client.watch(resource, {
      ...selected(),
      resourceVersion,
      timeoutSeconds,
      idleTimeoutMs,
      signal,
    })) {
      hasHeard = true;
      waits.reset();
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
    async reselect(asked) {
      const isListable = asked.gained !== undefined && followed !== 'nothing' && listCause === undefined;
      const listed = isListable ? listGained(asked.gained) : undefined;
      gaining = listed;
      const pending = { ...asked, listed: await listed, done: Promise.withResolvers<void>() };
      if (stopping.signal.aborted) return;
      change = pending;
      turn.abort();
      turn = new AbortController();
      await pending.done.promise;
    },
    async stop() {
      stopping.abort();
      turn.abort();
      await Promise.all([running, gaining]);
    },
  };
}

/** A change of what is followed, which starts with the next turn. */
interface PendingChange extends Reselection {
  /** The objects that are gained, if they are listed already. */
  readonly listed: Listed | undefined;
  readonly done: PromiseWithResolvers<void>;
}

/** All objects of a list, as the store keeps them. */
interface Listed {
  readonly items: readonly KubeObject[];
  readonly version: string;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}

/** The kind does not exist or may not be read. Waiting does not change that. */
function isRefusal({ reason }: KubeError): boolean {
  return reason === KubeErrorReason.Forbidden || reason === KubeErrorReason.NotFound;
}
