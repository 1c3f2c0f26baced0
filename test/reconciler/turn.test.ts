import { describe, expect, test } from 'vitest';
import type { StoredObject } from '../../src/objects/object.ts';
import { API_VERSION } from '../../src/orchestration/schema.ts';
import { Annotation } from '../../src/orchestration/vocabulary/metadata.ts';
import type { ObservedGroup, ObservedPlaces } from '../../src/reconciler/observation.ts';
import { nameGroup, namePlace } from '../../src/reconciler/places.ts';
import { decideTurn, precedes } from '../../src/reconciler/turn.ts';

const group = nameGroup('deploy');

/** A run of the group that is this many seconds old at noon. */
function runOf(name: string, ageSeconds: number, annotations: Readonly<Record<string, string>> = {}): StoredObject {
  const creationTimestamp = new Date(Date.parse('2026-01-01T12:00:00Z') - ageSeconds * 1000).toISOString();
  const metadata = { name, namespace: 'agents', uid: name, creationTimestamp, annotations };
  return { apiVersion: API_VERSION, kind: 'OrchestrationRun', metadata, status: { phase: 'Running' } };
}

function hold(index: number, run: StoredObject): ObservedPlaces['held'][number] {
  const { name, uid } = run.metadata;
  const holder = { apiVersion: API_VERSION, kind: 'OrchestrationRun', name, uid, controller: true };
  return { name: namePlace(group, index), uid: `lease of ${name}`, holder, run };
}

const self = { name: 'self', creationTimestamp: runOf('self', 10).metadata.creationTimestamp ?? '' };

interface Sight extends Partial<Omit<ObservedGroup, 'places'>> {
  readonly max?: number;
  readonly whenFull?: ObservedGroup['policy']['whenFull'];
  readonly places?: Partial<ObservedPlaces>;
  readonly waits?: ReadonlyMap<string, string>;
}

function decide({ max = 1, whenFull = 'Queue', places = {}, waits = new Map(), ...more }: Sight) {
  const all = { isShared: false, held: [], abandoned: [], ...places };
  return decideTurn(self, { group, policy: { max, whenFull }, ahead: [], holders: [], places: all, ...more }, waits);
}

describe('a run with a group', () => {
  test('takes the first free place if no older run waits', () => {
    const places = { held: [hold(0, runOf('a', 60))] };
    expect(decide({ max: 3, places })).toEqual({ type: 'Take', actions: [{ type: 'CreatePlace', group, index: 1 }] });
  });

  test('deletes the places that their runs have abandoned before it takes one', () => {
    const gone = { name: namePlace(group, 0), uid: 'old' };
    expect(decide({ places: { abandoned: [gone] } })).toMatchObject({
      type: 'Take',
      actions: [
        { type: 'DeletePlace', place: gone },
        { type: 'CreatePlace', index: 0 },
      ],
    });
  });

  test('waits behind older runs although a place is free', () => {
    const ahead = ['b', 'c', 'd', 'e', 'f'].map((name, index) => runOf(name, 100 - index));
    expect(decide({ ahead, max: 2, places: { held: [hold(0, runOf('a', 200))] } })).toEqual({
      type: 'Wait',
      position: 5,
      actions: [],
      message:
        'waits for a place in the group "deploy": held by "a"; ahead of it in the queue: "b", "c", "d" and 2 more',
    });
  });

  test('starts with a place of its own, and with that of a run that owns it', () => {
    expect(decide({ places: { own: { name: namePlace(group, 0), uid: 'x' } } })).toEqual({ type: 'Start' });
    expect(decide({ places: { isShared: true, held: [hold(0, runOf('outer', 60))] } })).toEqual({ type: 'Start' });
  });

  test('counts places above its maximum, as after the maximum was lowered', () => {
    expect(decide({ max: 1, places: { held: [hold(2, runOf('a', 60))] } })).toMatchObject({ type: 'Wait' });
  });

  test('counts a Lease of its place that no run owns as held, and names it', () => {
    const { holder: _, run: __, ...foreign } = hold(0, runOf('a', 60));
    expect(decide({ places: { held: [foreign] } })).toMatchObject({
      type: 'Wait',
      message: `waits for a place in the group "deploy": held by "${namePlace(group, 0)}"`,
    });
  });

  test('says why its places cannot be listed, and why it cannot take a free one', () => {
    const { places: _, ...seen } = {
      group,
      policy: { max: 1, whenFull: 'Fail' },
      ahead: [],
      holders: [],
    } as ObservedGroup;
    expect(decideTurn(self, { ...seen, words: 'forbidden' }, new Map())).toMatchObject({
      type: 'Wait',
      message: 'waits for a place in the group "deploy": cannot list its places: forbidden',
    });
    expect(decide({ waits: new Map([[namePlace(group, 0), 'exceeded quota']]) })).toMatchObject({
      type: 'Take',
      message: 'waits for a place in the group "deploy": cannot take a free one yet: exceeded quota',
    });
  });
});

describe('whenFull: Fail', () => {
  test('fails a run if no place is free, and names the holders', () => {
    expect(decide({ whenFull: 'Fail', places: { held: [hold(0, runOf('a', 60))] } })).toEqual({
      type: 'Fail',
      message: 'no place is free in the group "deploy": held by "a"',
    });
  });

  test('fails a run if older runs need the free places, and not if there are enough', () => {
    const ahead = [runOf('b', 60)];
    expect(decide({ whenFull: 'Fail', ahead, max: 1 })).toMatchObject({ type: 'Fail' });
    expect(decide({ whenFull: 'Fail', ahead, max: 2 })).toMatchObject({ type: 'Wait' });
  });
});

describe('whenFull: Replace', () => {
  const cancels = (turn: ReturnType<typeof decide>) =>
    'actions' in turn
      ? turn.actions.map((action) => (action.type === 'CancelChild' ? action.ref.name : action.type))
      : [];

  test('cancels the oldest holder and the older runs that wait', () => {
    const places = { held: [hold(0, runOf('young', 20)), hold(1, runOf('old', 60))] };
    expect(cancels(decide({ whenFull: 'Replace', max: 2, places, ahead: [runOf('b', 15)] }))).toEqual(['b', 'old']);
  });

  test('cancels no holder while one is ending, or while a place is free', () => {
    const ending = { held: [hold(0, runOf('a', 60, { [Annotation.Cancel]: 'true' })), hold(1, runOf('b', 90))] };
    expect(cancels(decide({ whenFull: 'Replace', max: 2, places: ending }))).toEqual([]);
    const free = { held: [hold(0, runOf('a', 60))] };
    expect(cancels(decide({ whenFull: 'Replace', max: 2, places: free, ahead: [runOf('b', 15)] }))).toEqual(['b']);
  });

  test('never cancels a younger run', () => {
    expect(decide({ whenFull: 'Replace', places: { held: [hold(0, runOf('new', 5))] } })).toMatchObject({
      type: 'Wait',
      actions: [],
    });
  });
});

test('runs of the same second are in the order of their names', () => {
  const [a, b, older] = [runOf('a', 5), runOf('b', 5), runOf('z', 6)].map(({ metadata }) => metadata);
  if (a === undefined || b === undefined || older === undefined) throw new Error('three runs');
  expect([precedes(a, b), precedes(b, a), precedes(older, a), precedes(a, older)]).toEqual([true, false, true, false]);
});

test('a group of any text has places with valid names, and only the same text has the same', () => {
  const texts = ['', 'a', 'A', 'deploy/production', '🚀'.repeat(30_000), 'x'.repeat(60_000), 'a b', 'a-b', '"; --'];
  const names = texts.map((text) => namePlace(nameGroup(text), 499));
  for (const name of names) expect(name).toMatch(/^[a-z0-9]([-a-z0-9]{0,65}[a-z0-9])?$/);
  for (const text of texts) expect(nameGroup(text).name.length).toBeLessThanOrEqual(63);
  expect(new Set(names).size).toBe(texts.length);
});
