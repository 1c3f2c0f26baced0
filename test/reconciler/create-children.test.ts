import { expect, test } from 'vitest';
import { createChildren, MOST_CREATES } from '../../src/reconciler/create-children.ts';
import type { Action } from '../../src/reconciler/observation.ts';
import type { Requeue } from '../../src/reconciler/requeue.ts';
import { createSlots, type Slots } from '../../src/reconciler/slots.ts';

type CreateChild = Extract<Action, { type: 'CreateChild' }>;

const settle = () => new Promise((resolve) => setImmediate(resolve));
const kinds: Readonly<Record<string, string>> = { t: 'ToolRun', a: 'AgentRun' };
/** The creates of children with these names, whose first letter says their kind. */
const createsOf = (names: readonly string[]) =>
  names.map((name) => ({ type: 'CreateChild', ref: { kind: kinds[name.charAt(0)], name } }) as CreateChild);
const namesOf = (letter: string, count: number) => Array.from({ length: count }, (_, index) => `${letter}${index}`);

/** Begins the creates of a run. Calls answer only when the test says so. */
function begin(names: readonly string[], slots: Slots = createSlots(MOST_CREATES), waiting: readonly string[] = []) {
  const open = new Map<string, (answer: Requeue) => void>();
  const issued: string[] = [];
  const run = { isWanted: true, nowMs: 0, results: undefined as readonly Requeue[] | undefined };
  const create = ({ ref }: CreateChild) =>
    new Promise<Requeue>((resolve) => {
      issued.push(ref.name);
      open.set(ref.name, resolve);
    });
  const creating = { slots, waiting, create, isWanted: () => run.isWanted, elapsed: () => run.nowMs };
  const ended = createChildren(creating, createsOf(names)).then((results) => {
    run.results = results;
  });
  const answer = async (name: string, result: Requeue = {}) => {
    open.get(name)?.(result);
    open.delete(name);
    await settle();
  };
  /** Answers all calls that are open. Returns how many there were. */
  const answerAll = async (result: Requeue = {}) => {
    const names = [...open.keys()];
    for (const name of names) open.get(name)?.(result);
    for (const name of names) open.delete(name);
    await settle();
    return names.length;
  };
  return { run, issued, open, ended, answer, answerAll };
}

test('makes more creates at the same time with each success, in declaration order, and no more than the slots', async () => {
  const names = namesOf('t', 60);
  const { issued, answerAll, ended } = begin(names);
  const widths: number[] = [];
  await settle();
  while (issued.length < names.length) widths.push(await answerAll());
  await answerAll();
  await ended;
  expect(widths.slice(0, 6)).toEqual([1, 2, 4, MOST_CREATES, MOST_CREATES, MOST_CREATES]);
  expect(issued).toEqual(names);
});

test('makes no more creates once the run is not wanted, and ends after those in flight', async () => {
  const { run, issued, open, answer, answerAll, ended } = begin(namesOf('t', 60));
  await settle();
  await answerAll();
  await answerAll();
  const before = issued.length;
  run.isWanted = false;
  await answer(issued.at(-1) ?? '');
  expect([issued.length, run.results]).toEqual([before, undefined]);
  expect(open.size).toBeGreaterThan(0);
  await answerAll();
  await ended;
  expect(issued).toHaveLength(before);
  expect(run.results).toContainEqual({ isOutdated: true });
});

test('tries one child of a kind that fails at a time, and skips those that waited before', async () => {
  const names = ['t0', ...namesOf('a', 4)];
  const error = new Error('exceeded quota');
  const { issued, answer, answerAll, ended } = begin(names, undefined, ['a2', 'a0', 'a1', 'a3']);
  await settle();
  expect(issued).toEqual(['t0', 'a2']);
  await answer('a2', { errors: [error] });
  await answerAll();
  await ended;
  expect(issued).toEqual(['t0', 'a2']);
});

test('holds one slot for a kind that does not answer, and ends ten seconds after a failure', async () => {
  const { run, issued, open, answer, ended } = begin([...namesOf('t', 3), ...namesOf('a', 9)]);
  await settle();
  for (const name of namesOf('t', 3)) await answer(name);
  expect([...open.keys()]).toEqual(['a0']);
  run.nowMs = 10_001;
  await answer('a0', { errors: [new Error('no answer')] });
  await ended;
  expect(issued).toEqual(['t0', 't1', 't2', 'a0']);
});

test('shares the slots of the engine between runs in turn', async () => {
  const slots = createSlots(2);
  const big = begin(namesOf('t', 20), slots);
  await settle();
  await big.answerAll();
  const small = begin(namesOf('t', 2), slots);
  await settle();
  expect([big.issued, small.issued]).toEqual([['t0', 't1', 't2'], []]);
  await big.answer('t1');
  expect([big.issued, small.issued]).toEqual([['t0', 't1', 't2'], ['t0']]);
  await small.answer('t0');
  await big.answer('t2');
  await big.answer('t3');
  expect([big.issued, small.issued]).toEqual([
    ['t0', 't1', 't2', 't3', 't4'],
    ['t0', 't1'],
  ]);
});
