import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient } from '../../../src/kube/client.ts';
import { KubeError } from '../../../src/kube/errors.ts';
import type { Resource } from '../../../src/kube/resources.ts';
import type { Stored } from './kinds.ts';

export interface FollowOptions {
  readonly client: Pick<KubeClient, 'list' | 'watch'>;
  /** A kind that the API server does not serve is passed over. */
  readonly resources: readonly Resource[];
  readonly namespaces: readonly string[];
  /** Called with the object of each event, also of a deletion. None is kept, so nobody can look up a newer version. */
  readonly onEvent: (object: Stored) => void;
}

export interface Following {
  /** The objects that existed at the start, in the order of the kinds. */
  readonly listed: readonly Stored[];
  readonly stop: () => Promise<void>;
}

const watchSeconds = 300;
const pauseMs = 250;

/** Lists, then watches. A watch that breaks begins with a list, each object of which counts as an event. */
export async function follow({ client, resources, namespaces, onEvent }: FollowOptions): Promise<Following> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const watches: Promise<void>[] = [];

  async function watchOn(resource: Resource, namespace: string, version: string): Promise<void> {
    let resourceVersion: string | undefined = version;
    while (!signal.aborted) {
      try {
        resourceVersion ??= await listAnew(resource, namespace);
        const times = { timeoutSeconds: watchSeconds, idleTimeoutMs: 2 * watchSeconds * 1000 };
        for await (const event of client.watch(resource, { namespace, resourceVersion, signal, ...times })) {
          resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion;
          if (event.type !== 'BOOKMARK') onEvent(event.object as Stored);
        }
      } catch {
        resourceVersion = undefined;
        await delay(pauseMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  async function listAnew(resource: Resource, namespace: string): Promise<string> {
    const { items, resourceVersion } = await client.list(resource, { namespace, signal });
    for (const item of items) onEvent(item as Stored);
    return resourceVersion;
  }

  async function begin(resource: Resource, namespace: string): Promise<readonly Stored[]> {
    const page = await client.list(resource, { namespace }).catch(ignoreAbsence);
    if (page === undefined) return [];
    watches.push(watchOn(resource, namespace, page.resourceVersion));
    return page.items as readonly Stored[];
  }

  const lists = resources.flatMap((resource) => namespaces.map((namespace) => begin(resource, namespace)));
  const listed = (await Promise.all(lists)).flat();
  return {
    listed,
    stop: async () => {
      stopping.abort();
      await Promise.all(watches);
    },
  };
}

/** Ignores that an object does not exist, or no longer exists. Throws any other error. */
export function ignoreAbsence(error: unknown): undefined {
  if (!(error instanceof KubeError) || error.reason !== 'NotFound') throw error;
}
