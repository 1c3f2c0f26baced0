import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient, WatchEvent } from '../../src/kube/client.ts';
import type { ObjectName, Resource } from '../../src/kube/resources.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import type { Cluster } from '../support/controlplane/cluster.ts';
import { connectKube } from '../support/kube.ts';
import type { Model } from '../support/model/model.ts';
import type { Obstacle } from './obstacles.ts';

/** An API server, or the model of one, as the conformance suite needs it. Calls throw KubeError. */
export interface Api extends Pick<KubeClient, 'get' | 'list' | 'create' | 'patch' | 'delete'> {
  readonly namespace: string;
  /** What happened to a kind in our namespace after a version, up to now. */
  readonly changesSince: (resource: Resource, resourceVersion: string) => Promise<readonly WatchEvent[]>;
  /** Returns a version that is too old: what changed after it is no longer known. */
  readonly forget: (resource: Resource) => Promise<string>;
  /** Waits until controllers have made this true. */
  readonly eventually: (what: string, isSo: () => Promise<boolean>) => Promise<void>;
  /** Gives controllers the time they would need to do what they must not do. */
  readonly rest: () => Promise<void>;
  /** Puts an obstacle in the way of creates, in a namespace of its own. */
  readonly obstruct: (obstacle: Obstacle) => Promise<Obstructed>;
}

/** The namespace with an obstacle, as a caller that meets the obstacle sees it. */
export interface Obstructed extends Pick<KubeClient, 'list' | 'create'> {
  readonly namespace: string;
  /** Removes the obstacle. */
  readonly clear: () => Promise<void>;
}

/** The garbage collector looks every 30 s for kinds that are new to it. */
const patienceMs = 45_000;

/** Connects the model. Nothing happens in it without a call, so garbage is collected when the suite waits for that. */
export function apiOfModel(model: Model, own: string): Api {
  const namespace = own;
  let obstructed = 0;
  const collect = () => {
    while (model.collectGarbage());
  };
  const answer = <T>(call: () => T) => new Promise<T>((resolve) => resolve(call()));
  const calls: Pick<Api, 'list' | 'create'> = {
    list: (resource, selection) => answer(() => model.list(resource, selection)),
    create: (resource, object) => answer(() => model.create(resource, object)),
  };
  return {
    ...calls,
    namespace,
    get: (resource, name) => answer(() => model.get(resource, name)),
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
    obstruct(obstacle) {
      const namespace = `${own}-${++obstructed}`;
      model.govern([obstacle.law(namespace)]);
      return Promise.resolve({ ...calls, namespace, clear: () => answer(() => model.govern([])) });
    },
  };
}

let sentinels = 0;

/** Connects a real API server. Its watches keep order, so the event of an object made now ends what happened before. */
export function apiOfClient(client: KubeClient, namespace: string, cluster: Cluster): Api {
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
    async obstruct({ raise }) {
      const own = `${namespace}-${randomBytes(3).toString('hex')}`;
      await cluster.kubectl(['create', 'namespace', own]);
      const { kubeconfig, isNamespaceMissing = false, clear } = await raise(own, cluster);
      const caller = kubeconfig === undefined ? undefined : connectKube(kubeconfig);
      return {
        ...client,
        ...caller,
        namespace: isNamespaceMissing ? `${own}-absent` : own,
        async clear() {
          await clear?.();
          await caller?.close();
          await cluster.kubectl(['delete', 'namespace', own, '--wait=false', '--ignore-not-found']);
        },
      };
    },
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
