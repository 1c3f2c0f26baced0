import type { KubeClient, WatchEvent } from '../../../src/kube/client.ts';
import { KubeError } from '../../../src/kube/errors.ts';
import type { KubeObject } from '../../../src/objects/object.ts';
import type { Model } from './model.ts';

/** A model as a client that reflectors can follow. */
export interface ModelClient extends KubeClient {
  /** Sends watches what has happened on the model since: call it after a change that was not made through this client. */
  readonly tell: () => void;
}

/** `show` changes each object that is listed or watched. */
export function connectModel(model: Model, show: (object: KubeObject) => KubeObject = (object) => object): ModelClient {
  let told = Promise.withResolvers<void>();
  const tell = () => {
    told.resolve();
    told = Promise.withResolvers();
  };
  const ask = async <T>(question: () => T): Promise<T> => {
    await Promise.resolve();
    return question();
  };
  const write = <T>(change: () => T): Promise<T> => ask(change).finally(tell);
  return {
    tell,
    get: (resource, name) => ask(() => model.get(resource, name)),
    list: (resource, { namespace, labelSelector, limit = Number.POSITIVE_INFINITY, continue: from = '0' } = {}) =>
      ask(() => {
        const { items, resourceVersion } = model.list(resource, {
          ...(namespace !== undefined && { namespace }),
          ...(labelSelector !== undefined && { labelSelector }),
        });
        const end = Number(from) + limit;
        const more = end < items.length ? { continue: String(end) } : {};
        return { items: items.slice(Number(from), end).map(show), bytes: 0, resourceVersion, ...more };
      }),
    create: (resource, object) => write(() => model.create(resource, object)),
    patch: (resource, name, patch, options) =>
      write(() => {
        if (patch.type !== 'merge') throw new Error('the model knows merge patches only');
        return model.patch(resource, name, { type: 'merge', body: patch.body }, options);
      }),
    delete: (resource, name, options = {}) => {
      const { propagationPolicy, preconditions } = options;
      const asked = propagationPolicy === 'Orphan' || propagationPolicy === undefined ? {} : { propagationPolicy };
      return write(() => model.delete(resource, name, { ...asked, ...(preconditions && { preconditions }) }));
    },
    async *watch(resource, { namespace, resourceVersion, signal }): AsyncGenerator<WatchEvent, void> {
      const ended = new Promise<never>((_, reject) => {
        const end = () => reject(new KubeError('Aborted', 'called off'));
        if (signal?.aborted) end();
        signal?.addEventListener('abort', end);
      });
      ended.catch(() => {});
      for (let version = resourceVersion; ; ) {
        const next = told.promise;
        const events = model.watch(resource, {
          ...(namespace !== undefined && { namespace }),
          resourceVersion: version,
        });
        for (const { type, object } of events) {
          version = object.metadata.resourceVersion ?? version;
          yield { type, object: show(object) };
        }
        if (events.length === 0) await Promise.race([next, ended]);
      }
    },
  };
}
