import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient } from '../../src/kube/client.ts';
import { KubeError } from '../../src/kube/errors.ts';
import type { Resource } from '../../src/kube/resources.ts';
import { compareVersions } from '../../src/kube/resources.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import { REVISIONS, RUNS, resourceOf, TOOL_RUNS } from '../support/model/engine.ts';

/** Something that happened to an object, as the API server told it. */
export interface Entry {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

/** All that happened in a namespace, by an undisturbed watcher: every version of every object, if the API server lives. */
export interface Journal {
  /** In the order of their versions for each kind; kinds may be a little apart. */
  readonly entries: readonly Entry[];
  /** Objects as they are now. */
  readonly current: (kind: string) => readonly KubeObject[];
  readonly onEntry: (listener: (entry: Entry) => void) => void;
  readonly stop: () => Promise<void>;
}

const KINDS = [RUNS, TOOL_RUNS, resourceOf('AgentRun'), REVISIONS];

/** Begins with what happens from now on: the namespace must be empty. Survives an API server that is away. */
export async function keepJournal(client: KubeClient, namespace: string): Promise<Journal> {
  const entries: Entry[] = [];
  const objects = new Map<string, KubeObject>();
  const listeners: ((entry: Entry) => void)[] = [];
  const ending = new AbortController();
  const { signal } = ending;

  function enter(type: Entry['type'], object: KubeObject): void {
    const key = `${object.kind} ${object.metadata.name}`;
    if (type === 'DELETED') objects.delete(key);
    else objects.set(key, object);
    entries.push({ type, object });
    for (const listener of listeners) listener({ type, object });
  }

  async function follow(resource: Resource, from: string): Promise<void> {
    for (let version = from; !signal.aborted; ) {
      try {
        version = await watch(resource, version);
      } catch (error) {
        if (!(error instanceof KubeError)) throw error;
        version = error.reason === 'Expired' ? await catchUp(resource).catch(() => version) : newest(resource, version);
        await delay(100);
      }
    }
  }

  async function watch(resource: Resource, from: string): Promise<string> {
    const options = { namespace, resourceVersion: from, timeoutSeconds: 600, idleTimeoutMs: 120_000, signal };
    let version = from;
    for await (const { type, object } of client.watch(resource, options)) {
      version = object.metadata.resourceVersion ?? version;
      if (type !== 'BOOKMARK') enter(type, object);
    }
    return version;
  }

  /** How far a watch had come before it broke. */
  function newest({ kind }: Resource, from: string): string {
    const last = entries.findLast(({ object }) => object.kind === kind)?.object.metadata.resourceVersion ?? from;
    return compareVersions(last, from) > 0 ? last : from;
  }

  /** Enters what has changed meanwhile, if the API server no longer has the single events. */
  async function catchUp(resource: Resource): Promise<string> {
    const { items, resourceVersion } = await client.list(resource, { namespace });
    const known = [...objects.values()].filter(({ kind }) => kind === resource.kind);
    for (const before of known)
      if (!items.some(({ metadata }) => metadata.uid === before.metadata.uid)) enter('DELETED', before);
    for (const item of items) {
      const before = known.find(({ metadata }) => metadata.uid === item.metadata.uid);
      if (before === undefined) enter('ADDED', item);
      else if (compareVersions(before.metadata.resourceVersion ?? '', item.metadata.resourceVersion ?? '') < 0)
        enter('MODIFIED', item);
    }
    return resourceVersion;
  }

  const starts = await Promise.all(KINDS.map((resource) => client.list(resource, { namespace, limit: 1 })));
  const following = KINDS.map((resource, index) => follow(resource, starts[index]?.resourceVersion ?? '0'));
  return {
    entries,
    current: (kind) => [...objects.values()].filter((object) => object.kind === kind),
    onEntry: (listener) => listeners.push(listener),
    async stop() {
      ending.abort();
      await Promise.all(following);
    },
  };
}
