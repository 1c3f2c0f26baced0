import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Work } from '../../src/quarantine/suspects.ts';
import { beginWork, endWork, idOf, judgeDeath, noSuspicions, type Suspicions } from '../../src/quarantine/suspects.ts';

const work = (key: string, version = '1'): Work => ({ kind: 'OrchestrationRun', key, version });
const [a, b] = [work('ns/a'), work('ns/b')];
const begin = (state: Suspicions, ...works: readonly Work[]) => works.reduce(beginWork, state);
const die = (state: Suspicions, isBlamed = true) => judgeDeath(state, isBlamed, 2);
const quarantinedOf = ({ quarantined }: Suspicions) => [...quarantined.values()].map(({ key }) => key);
const suspectsOf = ({ suspects }: Suspicions) => [...suspects.values()].map(({ work: { key } }) => key);

describe('an object', () => {
  test('is quarantined if it was in work at two crashes, and alone at the last', () => {
    const once = die(begin(noSuspicions, a));
    expect([suspectsOf(once), quarantinedOf(once)]).toEqual([['ns/a'], []]);
    const twice = die(begin(once, a));
    expect([suspectsOf(twice), quarantinedOf(twice)]).toEqual([[], ['ns/a']]);
  });

  test('is not quarantined if it was never alone, because the cause is unknown', () => {
    const once = die(begin(noSuspicions, a, b));
    const twice = die(begin(once, a, b));
    expect([suspectsOf(twice), quarantinedOf(twice)]).toEqual([['ns/a', 'ns/b'], []]);
  });

  test('is cleared if it is processed without a crash', () => {
    const once = die(begin(noSuspicions, a, b));
    const cleared = endWork(begin(once, a), a);
    expect(suspectsOf(cleared)).toEqual(['ns/b']);
    expect(quarantinedOf(die(begin(cleared, a)))).toEqual([]);
  });

  test('is not blamed for a crash with another cause', () => {
    const once = die(begin(noSuspicions, a));
    const thrice = die(begin(die(begin(once, a), false), a), false);
    expect([suspectsOf(thrice), quarantinedOf(thrice)]).toEqual([['ns/a'], []]);
    expect(thrice.inWork.size).toBe(0);
  });

  test('is quarantined only after the configured number of crashes', () => {
    let state = noSuspicions;
    for (let deaths = 1; deaths < 5; deaths++) state = judgeDeath(begin(state, a), true, 5);
    expect(quarantinedOf(state)).toEqual([]);
    expect(quarantinedOf(judgeDeath(begin(state, a), true, 5))).toEqual(['ns/a']);
  });

  test.each([
    ['edited', '2'],
    ['deleted', ''],
  ])('is neither quarantined nor suspected after it is %s', (_, version) => {
    const once = die(begin(noSuspicions, a));
    const quarantined = die(begin(once, a));
    expect(quarantinedOf(begin(quarantined, work('ns/a', version)))).toEqual([]);
    expect(suspectsOf(begin(once, work('ns/a', version)))).toEqual([]);
  });

  test('is not confused with an object of another kind that has the same name', () => {
    const toolRun: Work = { ...a, kind: 'ToolRun' };
    const state = die(begin(die(begin(noSuspicions, toolRun)), toolRun));
    expect(endWork(begin(state, a), a).quarantined.has(idOf(toolRun))).toBe(true);
    expect(state.quarantined.has(idOf(a))).toBe(false);
  });
});

/** One engine: it processes each suspect alone, then everything in batches. Returns whether it crashed. */
function live(state: Suspicions, works: readonly Work[], poison: ReadonlySet<string>, batches: readonly number[]) {
  let now = state;
  for (const { work: suspect } of state.suspects.values()) {
    now = beginWork(now, suspect);
    if (poison.has(suspect.key)) return { state: die(now), isDead: true };
    now = endWork(now, suspect);
  }
  const todo = works.filter((one) => !now.quarantined.has(idOf(one)));
  for (let index = 0, next = 0; index < todo.length; next++) {
    const batch = todo.slice(index, index + (batches[next % batches.length] ?? 1));
    index += batch.length;
    now = begin(now, ...batch);
    if (batch.some(({ key }) => poison.has(key))) return { state: die(now), isDead: true };
    now = batch.reduce(endWork, now);
  }
  return { state: now, isDead: false };
}

test('quarantines exactly the objects that crash engines, after at most two crashes for each', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.nat(39), { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 16 }), { minLength: 1, maxLength: 8 }),
      (count, chosen, batches) => {
        const works = Array.from({ length: count }, (_, index) => work(`ns/${index}`));
        const poison = new Set(chosen.filter((index) => index < count).map((index) => `ns/${index}`));
        let deaths = 0;
        let engine = live(noSuspicions, works, poison, batches);
        for (; engine.isDead && deaths < 100; deaths++) engine = live(engine.state, works, poison, batches);
        expect(new Set(quarantinedOf(engine.state))).toEqual(poison);
        expect(deaths).toBeLessThanOrEqual(2 * poison.size);
      },
    ),
  );
});
