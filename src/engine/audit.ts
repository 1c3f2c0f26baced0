import type { AuditCounts } from '../audit/tally.ts';
import { createTally } from '../audit/tally.ts';
import { judgeStored } from '../audit/verdict.ts';
import type { KubeClient } from '../kube/client.ts';
import { ifFound } from '../kube/errors.ts';
import type { RecordEvent } from '../kube/events.ts';
import { ORCHESTRATIONS } from '../kube/kinds.ts';
import { createQueue, type Queue } from '../kube/queue.ts';
import { type Reflector, startReflector } from '../kube/reflector.ts';
import type { ReflectorObserver } from '../kube/reflector-options.ts';
import { createStore, type Store } from '../kube/store.ts';
import { type KubeObject, keyOf, type StoredObject } from '../objects/object.ts';
import type { ReconcileResult } from '../objects/outcomes.ts';
import type { Settings } from '../orchestration/settings.ts';
import { EventReason } from '../orchestration/vocabulary/event-reasons.ts';
import type { WorkOptions } from './runs.ts';

/** Judging takes about a millisecond, and after a change of the settings each object is read again. */
const AUDIT_WORKERS = 2;

export interface AuditOptions extends Pick<WorkOptions, 'timing' | 'onError' | 'observer' | 'guard'> {
  readonly client: KubeClient;
  /** Where to judge stored Orchestrations; `*` is every namespace. */
  readonly namespaces: readonly string[];
  /** The current settings of the gate. */
  readonly settings: () => Pick<Settings, 'mode' | 'policy'>;
  readonly record: RecordEvent;
  /** While this returns a pending promise, no object is taken. */
  readonly pause: () => Promise<unknown> | undefined;
  /** Called after the Orchestrations of a namespace are listed. Must not throw. */
  readonly onListed: () => void;
  readonly log: Parameters<typeof createStore>[0]['log'];
  readonly reflectorObserver: ReflectorObserver;
  /** The keys of the objects that were quarantined at the start. */
  readonly quarantined: readonly string[];
  /** Whether this replica reports on the Orchestration of this key. After a change, call `divide`. */
  readonly isMine: (key: string) => boolean;
}

/** Judges the stored Orchestrations, whether runs are executed or not. */
export interface Audit {
  readonly queue: Queue;
  /** Reads these Orchestrations, so that they can be judged, and found, before any other. */
  readonly readAhead: (keys: readonly string[]) => Promise<void>;
  /** Starts to follow the Orchestrations. */
  readonly start: () => void;
  /** Judges every Orchestration again, because the settings have changed. Reads each from the API server. */
  readonly judgeAgain: () => void;
  /** Judges the Orchestrations that this replica reports on from now on, and forgets those that another one reports on. */
  readonly divide: () => void;
  /** The metadata of an Orchestration, as far as it is kept. */
  readonly find: (key: string) => StoredObject | undefined;
  readonly count: () => AuditCounts;
  /** Why the counts are incomplete, one sentence for each namespace that cannot be listed. */
  readonly unlisted: () => readonly string[];
  /** The time since the last message for each copy, as in `FollowedCluster`. */
  readonly ages: () => Generator<{ readonly resource: string; readonly ageMs: number }>;
  readonly stop: () => Promise<void>;
}

/**
 * Creates an audit that has not started. It keeps no whole Orchestration: the store has only the metadata, and an
 * object that arrives waits outside the store until it is judged. The store takes no other object before that, so at
 * most two pages of each namespace are in memory: the page that is being judged, and the next one.
 */
export function createAudit(options: AuditOptions): Audit {
  const { client, namespaces, settings, record, pause, timing, log, quarantined, isMine } = options;
  const tally = createTally();
  const copies: { readonly namespace: string | undefined; readonly store: Store; readonly reflector: Reflector }[] = [];
  /** The objects that arrived and are not judged yet. */
  const arrived = new Map<string, StoredObject>();
  let emptied = Promise.withResolvers<void>();
  let isStopping = false;

  function take(object: KubeObject): KubeObject {
    const { apiVersion, kind, metadata } = object;
    const { namespace = '', name, uid, generation, resourceVersion } = metadata;
    if (isMine(keyOf(metadata)) && !isStopping) {
      arrived.set(keyOf(metadata), object as StoredObject);
      queue.add(keyOf(metadata));
    }
    return {
      apiVersion,
      kind,
      metadata: { namespace, name, uid, generation, resourceVersion } as KubeObject['metadata'],
    };
  }

  const copyOf = (key: string) => copies.find(({ namespace }) => isIn(namespace, key));

  function isGone(key: string): boolean {
    const copy = copyOf(key);
    return copy?.reflector.isSynced() === true && copy.store.get(key) === undefined;
  }

  /** The object to judge; undefined if it is gone, or another replica reports on it. */
  async function read(key: string): Promise<StoredObject | undefined> {
    const waiting = arrived.get(key);
    if (waiting !== undefined) return waiting;
    const [namespace = '', name = ''] = key.split('/');
    if (isGone(key) || !isMine(key)) return undefined;
    return (await ifFound(client.get(ORCHESTRATIONS, { namespace, name }))) as StoredObject | undefined;
  }

  async function judge(key: string): Promise<ReconcileResult> {
    const object = await read(key);
    if (object === undefined) {
      tally.remove(key);
      return 'done';
    }
    const verdict = judgeStored(object, settings());
    const isNews = tally.set(key, verdict);
    if (isNews && verdict.notice) {
      const { message, identity } = verdict.notice;
      await record(ORCHESTRATIONS, object.metadata, 'Warning', EventReason.WouldBeDenied, message, identity);
    }
    return 'done';
  }

  function* listKeys(): Generator<string> {
    for (const { store } of copies) for (const { metadata } of store.values()) yield keyOf(metadata);
  }

  function resume(): void {
    emptied.resolve();
    emptied = Promise.withResolvers();
  }

  const guarded = options.guard(judge);
  const process = async (key: string): Promise<ReconcileResult> => {
    try {
      return await guarded(key);
    } finally {
      arrived.delete(key);
      if (arrived.size === 0) resume();
    }
  };
  const queue = createQueue({ ...options, workers: AUDIT_WORKERS, process });

  function follow(namespace: string | undefined): void {
    const store = createStore({
      log,
      transform: take,
      onChange: ({ type, object }) => {
        if (type === 'deleted') queue.add(keyOf(object.metadata));
      },
    });
    const reflector = startReflector({
      ...{ client, resource: ORCHESTRATIONS, store, timing, log, observer: options.reflectorObserver },
      ...(namespace !== undefined && { namespace }),
      pause: () => pause() ?? (arrived.size > 0 ? emptied.promise : undefined),
      onListed: () => {
        // Objects from an interrupted list may be gone.
        tally.retain((key) => !isIn(namespace, key) || store.get(key) !== undefined);
        // There is no watch event for an object that was deleted earlier, and only its turn ends its quarantine.
        for (const key of quarantined) if (isIn(namespace, key)) queue.add(key);
        options.onListed();
      },
    });
    copies.push({ namespace, store, reflector });
  }

  return {
    queue,
    async readAhead(keys) {
      for (const key of keys) {
        const object = await read(key).catch((error: unknown) => {
          options.onError(key, error);
          return undefined;
        });
        if (object === undefined) continue;
        arrived.set(key, object);
        queue.add(key);
      }
    },
    start() {
      queue.start();
      for (const namespace of namespaces.includes('*') ? [undefined] : namespaces) follow(namespace);
    },
    judgeAgain() {
      for (const key of listKeys()) queue.add(key);
    },
    divide() {
      for (const key of listKeys()) if (isMine(key) !== tally.has(key)) queue.add(key);
    },
    find: (key) => arrived.get(key) ?? (copyOf(key)?.store.get(key) as StoredObject | undefined),
    count: () => tally.count(),
    unlisted: () =>
      copies.flatMap(({ namespace, reflector }) => {
        const words = reflector.failure();
        return words === undefined ? [] : [`cannot audit Orchestrations of ${namespace ?? 'all namespaces'}: ${words}`];
      }),
    *ages() {
      for (const { reflector } of copies) {
        const heardMs = reflector.lastHeardMs();
        if (heardMs !== undefined) yield { resource: ORCHESTRATIONS.plural, ageMs: timing.now() - heardMs };
      }
    },
    async stop() {
      isStopping = true;
      await queue.stop();
      // Objects that were not judged would block the reflectors for ever.
      arrived.clear();
      resume();
      await Promise.all(copies.map(({ reflector }) => reflector.stop()));
    },
  };
}

function isIn(namespace: string | undefined, key: string): boolean {
  return namespace === undefined || key.startsWith(`${namespace}/`);
}
