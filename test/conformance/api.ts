import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient, WatchEvent } from '../../src/kube/client.ts';
import type { KubeObject, ObjectName, Resource } from '../../src/kube/resources.ts';
import type { Model } from '../support/model/model.ts';

/** An API server, or what stands in for one, as the conformance suite needs it. Calls throw KubeError. */
export interface Api extends Pick<KubeClient, 'get' | 'list' | 'create' | 'patch' | 'delete'> {
  readonly namespace: string;
  /** What happened to a kind in our namespace after a version, up to now. */
  readonly changesSince: (resource: Resource, resourceVersion: string) => Promise<readonly WatchEvent[]>;
  /** A version from which on nothing is known any more. */
  readonly forget: (resource: Resource) => Promise<string>;
  /** Waits until controllers have made it so. */
  readonly eventually: (what: string, isSo: () => Promise<boolean>) => Promise<void>;
  /** Gives controllers the time they would need to do what they must not do. */
  readonly rest: () => Promise<void>;
}

/** The garbage collector looks every 30 s for kinds that are new to it. */
const patienceMs = 45_000;

/** The model: nothing happens in it but by a call, so that garbage is collected where the suite waits for that. */
export function apiOfModel(model: Model, namespace: string): Api {
  const collect = () => {
    while (model.collectGarbage());
  };
  const answer = <T>(call: () => T) => new Promise<T>((resolve) => resolve(call()));
  return {
    namespace,
    get: (resource, name) => answer(() => model.get(resource, name)),
    list: (resource, selection) => answer(() => model.list(resource, selection)),
    create: (resource, object) => answer(() => model.create(resource, object)),
    patch: (resource, name, { type, body }, options) => {
      if (type !== 'merge') throw new Error(`the model knows no ${type} patch`);
      return answer(() => model.patch(resource, name, { type, body }, options));
    },
    delete: (resource, name, { propagationPolicy, preconditions } = {}) => {
      if (propagationPolicy === 'Orphan') throw new Error('the model knows no orphans');
      const policy = propagationPolicy === undefined ? {} : { propagationPolicy };
      return answer(() => model.delete(resource, name, { ...policy, ...(preconditions && { preconditions }) }));
    },
    changesSince: (resource, resourceVersion) => answer(() => model.watch(resource, { namespace, resourceVersion })),
    forget: (resource) => {
      const { resourceVersion } = model.list(resource);
      model.create(resource, sentinel(resource, namespace, 'forgotten'));
      model.compact();
      return Promise.resolve(resourceVersion);
    },
    async eventually(what, isSo) {
      collect();
      if (!(await isSo())) throw new Error(`the model never comes to this: ${what}`);
    },
    rest: () => answer(collect),
  };
}

let sentinels = 0;

/** A real API server. Its watches tell what has happened in order: an object made now ends what happened before. */
export function apiOfClient(client: KubeClient, namespace: string): Api {
  return {
    ...client,
    namespace,
    async changesSince(resource, resourceVersion) {
      const name = `sentinel-${++sentinels}`;
      await client.create(resource, sentinel(resource, namespace, name));
      const events: WatchEvent[] = [];
      const options = { namespace, resourceVersion, timeoutSeconds: 30, idleTimeoutMs: patienceMs };
      for await (const event of client.watch(resource, options)) {
        if (event.object.metadata.name === name) break;
        if (event.type !== 'BOOKMARK' && !event.object.metadata.name.startsWith('sentinel-')) events.push(event);
      }
      await client.delete(resource, { namespace, name });
      return events;
    },
    forget: () => Promise.resolve('1'), // etcd's first version, from before the kind was known
    async eventually(what, isSo) {
      const deadline = performance.now() + patienceMs;
      while (!(await isSo())) {
        if (performance.now() > deadline) throw new Error(`waited ${patienceMs / 1000} s for this: ${what}`);
        await delay(50);
      }
    },
    rest: () => delay(500),
  };
}

function sentinel({ group, version, kind }: Resource, namespace: string, name: string): KubeObject {
  return { apiVersion: `${group}/${version}`, kind, metadata: { namespace, name }, spec: { toolRef: { name } } };
}

/** Whether there is such an object. */
export async function exists(api: Api, resource: Resource, name: ObjectName): Promise<boolean> {
  return api.get(resource, name).then(
    () => true,
    () => false,
  );
}
