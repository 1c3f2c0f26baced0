import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WatchEvent } from '../../src/kube/client.ts';
import { type Change, createStore } from '../../src/kube/store.ts';
import type { KubeObject, ObjectMeta } from '../../src/objects/object.ts';
import { silentLog } from '../support/timing.ts';

/** An object named `a` by default. */
function object(resourceVersion: string, metadata: Partial<ObjectMeta> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'a', uid: 'one', ...metadata, resourceVersion } };
}

const event = (type: WatchEvent['type'], ...of: Parameters<typeof object>): WatchEvent => ({
  type,
  object: object(...of),
});

/** A store and the changes that it reported, as `type version`. */
function observedStore() {
  const reported: string[] = [];
  const onChange = (change: Change) => reported.push(`${change.type} ${change.object.metadata.resourceVersion}`);
  return { store: createStore({ onChange, log: silentLog }), reported };
}

describe('events', () => {
  test('that are late or repeated change nothing', () => {
    const { store, reported } = observedStore();
    for (const version of ['5', '10', '9', '10']) store.apply(event('MODIFIED', version));
    expect(store.get('a')).toEqual(object('10'));
    expect(reported).toEqual(['added 5', 'updated 10']);
  });

  test('of an object that was deleted and created again report both', () => {
    const { store, reported } = observedStore();
    store.apply(event('ADDED', '5'));
    store.apply(event('ADDED', '8', { uid: 'two' }));
    store.apply(event('DELETED', '7'));
    expect(store.get('a')?.metadata.uid).toBe('two');
    expect(reported).toEqual(['added 5', 'deleted 5', 'added 8']);
  });

  test('lead to the same state in any order and any number', () => {
    // The history of an object. Each step is a change, or a deletion after which the next object with the same name has
    // another uid.
    const lives = fc.array(fc.boolean(), { minLength: 1, maxLength: 8 });
    const orders = fc.array(fc.nat(), { maxLength: 24 });
    fc.assert(
      fc.property(lives, orders, (isDeleted, order) => {
        let uid = 0;
        const events = isDeleted.map((isEnd, step) =>
          event(isEnd ? 'DELETED' : 'MODIFIED', String(step + 5), { uid: String(isEnd ? uid++ : uid) }),
        );
        const all = [...order.map((at) => events[at % events.length]), ...events.toReversed()] as WatchEvent[];
        const { store } = observedStore();
        for (const each of all) store.apply(each);
        const last = events.at(-1);
        expect(store.get('a')).toEqual(last?.type === 'DELETED' ? undefined : last?.object);
        expect(store.version).toBe(String(events.length + 4));
      }),
    );
  });

  test('with only a version advance the version, and never set it back', () => {
    const { store, reported } = observedStore();
    store.apply(event('BOOKMARK', '120'));
    store.apply(event('BOOKMARK', '99'));
    expect([store.version, store.size, reported]).toEqual(['120', 0, []]);
  });
});

describe('a list', () => {
  test('deletes the objects that it lacks, with their last state, and counts the changes', () => {
    const { store, reported } = observedStore();
    const listed = [object('5'), object('6', { name: 'b' }), object('7', { name: 'c' })];
    expect(store.replace(listed, '10')).toBe(3);
    expect(store.replace(listed, '10')).toBe(0);
    reported.length = 0;
    const now = [object('5'), object('12', { name: 'b' }), object('13', { name: 'd' })];
    expect(store.replace(now, '15')).toBe(3);
    expect(reported.toSorted()).toEqual(['added 13', 'deleted 7', 'updated 12']);
    expect([...store.values()].map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'd']);
    expect(store.version).toBe('15');
  });
});

describe('the index', () => {
  const owned = (...uids: string[]) => ({ labels: Object.fromEntries(uids.map((uid) => [uid, ''])) });
  const namesOf = (objects: readonly KubeObject[]) => objects.map(({ metadata }) => metadata.name).toSorted();

  test('finds the objects with a topic after additions, changes, deletions and lists', () => {
    const topicsOf = ({ metadata: { labels = {} } }: KubeObject) => Object.keys(labels);
    const store = createStore({ onChange: () => {}, log: silentLog, topicsOf });
    store.apply(event('ADDED', '5', owned('x', 'y')));
    store.apply(event('ADDED', '6', { name: 'b', ...owned('x') }));
    expect([namesOf(store.about('x')), namesOf(store.about('y'))]).toEqual([['a', 'b'], ['a']]);
    store.apply(event('MODIFIED', '7', owned('y')));
    expect([namesOf(store.about('x')), namesOf(store.about('y'))]).toEqual([['b'], ['a']]);
    store.apply(event('DELETED', '8', owned('y')));
    store.replace([object('9', { name: 'c', ...owned('z') })], '10');
    expect(['x', 'y', 'z'].map((uid) => namesOf(store.about(uid)))).toEqual([[], [], ['c']]);
  });
});

test('managed fields are dropped by default', () => {
  const managed = object('5', { managedFields: [{ manager: 'kubectl' }] });
  const { store } = observedStore();
  store.replace([store.keep(managed)], '5');
  expect(store.get('a')).toEqual(object('5'));
  const whole = createStore({ onChange: () => {}, log: silentLog, transform: (given) => given });
  whole.replace([whole.keep(managed)], '5');
  expect(whole.get('a')).toEqual(managed);
});

test('an error of the handler is logged, and the handler still gets the other changes', () => {
  const reported: string[] = [];
  const errors: object[] = [];
  const store = createStore({
    onChange({ object: { metadata } }) {
      if (metadata.name === 'a') throw new Error('odd');
      reported.push(metadata.name);
    },
    log: { ...silentLog, error: (fields) => errors.push(fields) },
  });
  store.replace([object('5'), object('6', { name: 'b' })], '7');
  expect(reported).toEqual(['b']);
  expect(errors).toEqual([{ error: new Error('odd'), kind: 'Thing', key: 'a' }]);
  expect(store.size).toBe(2);
});
