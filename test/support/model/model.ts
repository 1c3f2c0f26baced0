import type { DeleteOptions, Page, PatchOptions, Selection, WatchEvent } from '../../../src/kube/client.ts';
import { KubeError } from '../../../src/kube/errors.ts';
import { compareVersions, type ObjectName, type Resource } from '../../../src/kube/resources.ts';
import { type KubeObject, keyOf } from '../../../src/objects/object.ts';
import { isEqual } from '../../../src/orchestration/equality.ts';
import type { KubeErrorReason } from '../../../src/orchestration/vocabulary/kube-error-reasons.ts';
import { mergePatch } from '../patches.ts';
import type { Call, Law } from './laws.ts';

/**
 * An API server with etcd and garbage collector behind it, as far as a controller can tell: it answers like `KubeClient`
 * and throws the same KubeErrors, but at once. Nothing happens by itself, so that a test chooses every order of events.
 * Every kind has a status subresource. What it denies is up to its laws: without any, every kind and every namespace
 * exists, everybody may do everything, and nothing is validated.
 */
export interface Model {
  /** From now on these laws hold, and no others. */
  govern(laws: readonly Law[]): void;
  get(resource: Resource, name: ObjectName): KubeObject;
  /** By namespace and name. */
  list(resource: Resource, selection?: Pick<Selection, 'namespace' | 'labelSelector'>): Page;
  create(resource: Resource, object: KubeObject): KubeObject;
  patch(
    resource: Resource,
    name: ObjectName,
    patch: { readonly type: 'merge'; readonly body: object },
    options?: Pick<PatchOptions, 'subresource' | 'fieldManager'>,
  ): KubeObject;
  delete(
    resource: Resource,
    name: ObjectName,
    options?: { readonly propagationPolicy?: 'Foreground' | 'Background' } & Pick<DeleteOptions, 'preconditions'>,
  ): void;
  /** What has happened after a version, up to now. */
  watch(resource: Resource, from: { readonly namespace?: string; readonly resourceVersion: string }): WatchEvent[];
  /** Forgets what happened until now: a watch from before is Expired. */
  compact(): void;
  /** One round of the garbage collector; false when there was nothing to do. */
  collectGarbage(): boolean;
  /** All objects of all kinds, in the order of their creation. */
  all(): KubeObject[];
  /** How often an object of this name was created: what an audit log would count. */
  countCreates(resource: Resource, name: ObjectName): number;
  /** The same world, which from now on goes its own way, by its own clock. Cost: linear in objects. */
  fork(now: () => number): Model;
}

interface Stored {
  readonly resource: Resource;
  readonly object: KubeObject;
}

/** The history, newest first: forks share it. */
interface Log {
  readonly version: number;
  readonly resource: Resource;
  readonly event: WatchEvent;
  readonly before: Log | undefined;
}

interface State {
  readonly objects: Map<string, Stored>;
  readonly creates: Map<string, number>;
  laws: readonly Law[];
  version: number;
  compacted: number;
  log: Log | undefined;
}

const FOREGROUND = 'foregroundDeletion';

/** An empty model; `now` is its clock, in milliseconds since 1970. */
export function createModel(now: () => number): Model {
  return modelOf({ objects: new Map(), creates: new Map(), laws: [], version: 1, compacted: 0, log: undefined }, now);
}

function modelOf(state: State, now: () => number): Model {
  const { objects, creates } = state;
  const timestamp = () => `${new Date(now()).toISOString().slice(0, 19)}Z`;

  function find(resource: Resource, name: ObjectName): KubeObject {
    const stored = objects.get(keyIn(resource, name));
    if (stored === undefined) throw failure('NotFound', `${resource.plural} "${name.name}" not found`);
    return stored.object;
  }

  /** Throws what the first law that denies a call says. */
  function ask(verb: Call['verb'], resource: Resource, name: Partial<ObjectName>): void {
    const { namespace } = name;
    const count = () => [...objects.values()].filter((stored) => isHeld(stored, resource, namespace)).length;
    for (const law of state.laws) {
      const denial = law({ verb, resource, name, count });
      if (denial !== undefined) throw denial;
    }
  }

  function commit(type: WatchEvent['type'], resource: Resource, changed: KubeObject): KubeObject {
    state.version += 1;
    const object = { ...changed, metadata: { ...changed.metadata, resourceVersion: String(state.version) } };
    const key = keyIn(resource, nameOf(object));
    if (type === 'DELETED') objects.delete(key);
    else objects.set(key, { resource, object });
    state.log = { version: state.version, resource, event: { type, object }, before: state.log };
    return object;
  }

  /** Stores a change, if anything differs. An object that is being deleted goes with its last finalizer. */
  function update(resource: Resource, before: KubeObject, after: KubeObject): KubeObject {
    if (isEqual(before, after)) return before;
    const isGone = after.metadata.deletionTimestamp !== undefined && finalizersOf(after).length === 0;
    return commit(isGone ? 'DELETED' : 'MODIFIED', resource, after);
  }

  function remove(resource: Resource, object: KubeObject, isForeground: boolean): void {
    const { deletionTimestamp = timestamp(), generation = 0, ...metadata } = object.metadata;
    const finalizers = new Set([...finalizersOf(object), ...(isForeground ? [FOREGROUND] : [])]);
    if (finalizers.size === 0) {
      commit('DELETED', resource, object);
      return;
    }
    const isMarked = object.metadata.deletionTimestamp !== undefined;
    const marks = { deletionTimestamp, finalizers: [...finalizers], generation: generation + (isMarked ? 0 : 1) };
    update(resource, object, { ...object, metadata: { ...metadata, ...marks, deletionGracePeriodSeconds: 0 } });
  }

  function collect({ resource, object }: Stored): boolean {
    const owners = object.metadata.ownerReferences ?? [];
    const all = [...objects.values()];
    const isOwned = owners.some(({ uid }) => all.some((stored) => stored.object.metadata.uid === uid));
    if (owners.length > 0 && !isOwned && object.metadata.deletionTimestamp === undefined) {
      remove(resource, object, false);
      return true;
    }
    if (!finalizersOf(object).includes(FOREGROUND)) return false;
    const blocking = all.filter((stored) => isBlocking(stored.object, object.metadata.uid));
    const left = blocking.find((stored) => stored.object.metadata.deletionTimestamp === undefined);
    if (left !== undefined) remove(left.resource, left.object, true);
    else if (blocking.length === 0) {
      const finalizers = finalizersOf(object).filter((finalizer) => finalizer !== FOREGROUND);
      update(resource, object, { ...object, metadata: { ...object.metadata, finalizers } });
    }
    return left !== undefined || blocking.length === 0;
  }

  return {
    govern(laws) {
      state.laws = laws;
    },
    get(resource, name) {
      ask('get', resource, name);
      return find(resource, name);
    },
    list(resource, { namespace, labelSelector } = {}) {
      ask('list', resource, namespace === undefined ? {} : { namespace });
      const found = [...objects.values()].filter(
        (stored) => isOf(resource, stored.resource) && isSelected(stored.object, labelSelector),
      );
      const items = found.map(({ object }) => object).filter(({ metadata }) => isWithin(metadata, namespace));
      items.sort((one, other) => (keyOf(nameOf(one)) < keyOf(nameOf(other)) ? -1 : 1));
      return { items, bytes: 0, resourceVersion: String(state.version) };
    },
    create(resource, { status: _, ...object }) {
      const key = keyIn(resource, nameOf(object as KubeObject));
      const { name } = (object as KubeObject).metadata;
      ask('create', resource, nameOf(object as KubeObject));
      if (objects.has(key)) throw failure('AlreadyExists', `${resource.plural} "${name}" already exists`);
      const count = (creates.get(key) ?? 0) + 1;
      creates.set(key, count);
      const given = { uid: `${resource.plural}/${name}/${count}`, creationTimestamp: timestamp(), generation: 1 };
      const { resourceVersion: __, deletionTimestamp: ___, ...metadata } = (object as KubeObject).metadata;
      return commit('ADDED', resource, { ...(object as KubeObject), metadata: { ...metadata, ...given } });
    },
    patch(resource, name, { body }, { subresource, fieldManager } = {}) {
      ask('patch', resource, name);
      const before = find(resource, name);
      const { metadata = {}, status, ...content } = body as Partial<KubeObject>;
      const { uid, resourceVersion, ...changes } = metadata as Partial<KubeObject['metadata']>;
      const isOfStatus = subresource === 'status';
      if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion)
        throw conflict(resource, name, 'the object has been modified');
      // The API server takes only the status from the body of a status patch: it ignores a uid there.
      if (!isOfStatus && uid !== undefined && uid !== before.metadata.uid)
        throw failure('Invalid', `metadata.uid: Invalid value: "${uid}": field is immutable`);
      const merged = mergePatch(before, isOfStatus ? { status } : { ...content, metadata: changes }) as KubeObject;
      const after = isEqual(before, merged) ? before : signed(merged, fieldManager, subresource);
      const isNewSpec = !isOfStatus && Object.keys(content).some((field) => !isEqual(before[field], after[field]));
      const generation = (before.metadata.generation ?? 0) + (isNewSpec ? 1 : 0);
      refuseNewFinalizers(before, after);
      return update(resource, before, { ...after, metadata: { ...after.metadata, generation } });
    },
    delete(resource, name, { propagationPolicy = 'Background', preconditions = {} } = {}) {
      ask('delete', resource, name);
      const object = find(resource, name);
      const { uid = object.metadata.uid, resourceVersion = object.metadata.resourceVersion } = preconditions;
      if (uid !== object.metadata.uid) throw conflict(resource, name, 'its uid is another');
      if (resourceVersion !== object.metadata.resourceVersion) throw conflict(resource, name, 'it has been modified');
      remove(resource, object, propagationPolicy === 'Foreground');
    },
    watch(resource, { namespace, resourceVersion }) {
      ask('watch', resource, namespace === undefined ? {} : { namespace });
      if (compareVersions(resourceVersion, String(state.compacted)) < 0)
        throw failure('Expired', `too old resource version: ${resourceVersion}`);
      const events: WatchEvent[] = [];
      for (let log = state.log; log && log.version > Number(resourceVersion); log = log.before) {
        if (isOf(resource, log.resource) && isWithin(log.event.object.metadata, namespace)) events.unshift(log.event);
      }
      return events;
    },
    compact() {
      state.compacted = state.version;
      state.log = undefined;
    },
    collectGarbage: () => [...objects.values()].some(collect),
    all: () => Array.from(objects.values(), ({ object }) => object),
    countCreates: (resource, name) => creates.get(keyIn(resource, name)) ?? 0,
    fork: (ownNow) => modelOf({ ...state, objects: new Map(objects), creates: new Map(creates) }, ownNow),
  };
}

function keyIn({ plural, group }: Resource, name: ObjectName): string {
  return `${plural}.${group}/${keyOf(name)}`;
}

function nameOf({ metadata: { namespace, name } }: KubeObject): ObjectName {
  return namespace === undefined ? { name } : { namespace, name };
}

function isOf(wanted: Resource, { group, plural }: Resource): boolean {
  return wanted.group === group && wanted.plural === plural;
}

function isWithin({ namespace }: KubeObject['metadata'], wanted: string | undefined): boolean {
  return wanted === undefined || wanted === namespace;
}

/** The model knows selectors of one label and its value. */
function isSelected({ metadata }: KubeObject, labelSelector: string | undefined): boolean {
  const [label = '', value] = labelSelector?.split('=') ?? [];
  return labelSelector === undefined || metadata.labels?.[label] === value;
}

/** Whether an object is of this kind and namespace, as a quota counts. */
function isHeld({ resource, object }: Stored, wanted: Resource, namespace: string | undefined): boolean {
  return isOf(wanted, resource) && isWithin(object.metadata, namespace);
}

/** The object with its writer among its field managers. Single fields are not distinguished. */
function signed(object: KubeObject, manager: string | undefined, subresource: 'status' | undefined): KubeObject {
  if (manager === undefined) return object;
  const entry = { manager, operation: 'Update', ...(subresource !== undefined && { subresource }) };
  const others = ((object.metadata['managedFields'] ?? []) as readonly object[]).filter(
    (other) => !isEqual(other, entry),
  );
  return { ...object, metadata: { ...object.metadata, managedFields: [...others, entry] } };
}

function isBlocking({ metadata }: KubeObject, owner: string | undefined): boolean {
  const isBlocked = metadata.ownerReferences?.some(
    (reference) => reference.uid === owner && reference.blockOwnerDeletion,
  );
  return isBlocked === true;
}

export function finalizersOf({ metadata }: KubeObject): readonly string[] {
  const finalizers = metadata['finalizers'];
  return Array.isArray(finalizers) ? finalizers : [];
}

function refuseNewFinalizers(before: KubeObject, after: KubeObject): void {
  const known = finalizersOf(before);
  if (before.metadata.deletionTimestamp === undefined || finalizersOf(after).every((name) => known.includes(name)))
    return;
  const why = 'no new finalizers can be added if the object is being deleted';
  throw failure('Invalid', `metadata.finalizers: Forbidden: ${why}`);
}

function failure(reason: KubeErrorReason, message: string): KubeError {
  return new KubeError(reason, message);
}

function conflict({ plural }: Resource, { name }: ObjectName, why: string): KubeError {
  return failure('Conflict', `Operation cannot be fulfilled on ${plural} "${name}": ${why}`);
}
