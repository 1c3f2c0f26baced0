import type { Verb } from '../../../src/kube/calls.ts';
import type { KubeClient, Page, WatchEvent } from '../../../src/kube/client.ts';
import { KubeError } from '../../../src/kube/errors.ts';
import type { Timing } from '../../../src/kube/ports.ts';
import type { ObjectName, Resource } from '../../../src/kube/resources.ts';
import type { KubeObject } from '../../../src/objects/object.ts';
import type { Model } from './model.ts';

/** A call on its way to the API server. Watches and Events are not among them. */
export interface OnItsWay {
  /** In the order in which they arrive, from 1. */
  readonly number: number;
  readonly verb: Exclude<Verb, 'watch'>;
  readonly resource: Resource;
  readonly name: Partial<ObjectName>;
  readonly body?: object;
}

/**
 * What can happen to a call, apart from the answer of the API server: it is not carried out, its answer is lost, or its
 * caller dies before or after it is carried out.
 */
export type Fate = 'fails' | 'answer is lost' | 'caller dies before' | 'caller dies after';

export interface ModelClientOptions {
  readonly model: Model;
  readonly timing: Timing;
  /** Asked of each call as it arrives; may also change the world before the call is carried out. */
  readonly decide: (call: Omit<OnItsWay, 'number'>) => Fate | undefined;
  /** Called after each call that changed something. */
  readonly onCommit: () => void;
  /** The API server's clock. `onDate` is told with each answer what it shows, and when the call was sent. */
  readonly serverNow: () => number;
  readonly onDate: (date: string, sentMs: number) => void;
  /** Ends the calling process. */
  readonly die: () => void;
  readonly isDead: () => boolean;
}

/** How long a call is on its way, so that other things may happen meanwhile. */
const TRAVEL_MS = 2;

/** The calls of one process, over a network that obeys `decide`. After `die` no call is carried out or answered. */
export function createModelClient(options: ModelClientOptions): KubeClient & { readonly wake: () => void } {
  const { model, timing, decide, onCommit, serverNow, onDate, die, isDead } = options;
  const watches = new Set<() => void>();
  const travel = () => new Promise<void>((resolve) => void timing.schedule(TRAVEL_MS, resolve));
  const never = () => new Promise<never>(() => {});

  function attempt<T>(carryOut: () => T): { readonly value: T } | { readonly error: unknown } {
    try {
      const value = carryOut();
      onCommit();
      return { value };
    } catch (error) {
      return { error };
    }
  }

  /** Resolves after the travel time, or never if the caller is dead by then. */
  async function outlive(): Promise<void> {
    await travel();
    if (isDead()) await never();
  }

  async function send<T>(call: Omit<OnItsWay, 'number'>, carryOut: () => T): Promise<T> {
    const sentMs = timing.now();
    await outlive();
    const date = new Date(serverNow()).toUTCString();
    const fate = decide(call);
    if (fate === 'caller dies before') die();
    const lost = new KubeError('Unavailable', 'the connection broke', { isOutcomeUnknown: true });
    const result = isDead() || fate === 'fails' ? { error: lost } : attempt(carryOut);
    if (fate === 'caller dies after') die();
    await outlive();
    if (fate === 'fails' || fate === 'answer is lost') throw lost;
    onDate(date, sentMs);
    if ('error' in result) throw result.error;
    return result.value;
  }

  return {
    wake: () => {
      for (const wake of watches) wake();
    },
    get: (resource, name) => send({ verb: 'get', resource, name }, () => model.get(resource, name)),
    list: (resource, { namespace, labelSelector } = {}) => {
      const selection = namespace === undefined ? {} : { namespace };
      const selected = { ...selection, ...(labelSelector !== undefined && { labelSelector }) };
      return send<Page>({ verb: 'list', resource, name: selection }, () => model.list(resource, selected));
    },
    create: (resource, object, { dryRun = false } = {}) =>
      dryRun
        ? outlive().then(() => ({ ...object, metadata: { ...object.metadata, uid: 'dry' } }))
        : send({ verb: 'create', resource, name: nameOf(object), body: object }, () => model.create(resource, object)),
    patch: (resource, name, { type, body }, { subresource, fieldManager } = {}) => {
      if (type !== 'merge') throw new Error(`the model knows no ${type} patch`);
      const more = { ...(subresource && { subresource }), ...(fieldManager !== undefined && { fieldManager }) };
      return send({ verb: 'patch', resource, name, body }, () => model.patch(resource, name, { type, body }, more));
    },
    delete: (resource, name, { propagationPolicy, preconditions } = {}) => {
      if (propagationPolicy === 'Orphan') throw new Error('the model knows no orphans');
      const more = { ...(propagationPolicy && { propagationPolicy }), ...(preconditions && { preconditions }) };
      return send({ verb: 'delete', resource, name }, () => model.delete(resource, name, more));
    },
    async *watch(resource, { namespace, resourceVersion, timeoutSeconds, signal }): AsyncGenerator<WatchEvent, void> {
      const selection = namespace === undefined ? {} : { namespace };
      let version = resourceVersion;
      let isOver = false;
      let wake = Promise.withResolvers<void>();
      const end = () => {
        isOver = true;
        wake.resolve();
      };
      const hear = () => wake.resolve();
      const cancel = timing.schedule(timeoutSeconds * 1000, end);
      signal?.addEventListener('abort', end);
      watches.add(hear);
      try {
        while (!isOver) {
          await travel();
          if (isDead()) await never();
          for (const event of model.watch(resource, { ...selection, resourceVersion: version })) {
            version = event.object.metadata.resourceVersion ?? version;
            yield event;
          }
          await wake.promise;
          wake = Promise.withResolvers();
        }
      } finally {
        cancel();
        watches.delete(hear);
      }
    },
  };
}

function nameOf({ metadata: { namespace, name } }: KubeObject): ObjectName {
  return namespace === undefined ? { name } : { namespace, name };
}
