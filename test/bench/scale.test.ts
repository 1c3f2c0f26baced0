import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import type { Child, Scene } from '../../bench/engines/stand-in.ts';
import { sumCalls } from '../../bench/scale/calls.ts';
import { listRunning, reactionsTo } from '../../bench/scale/load.ts';

const USER = 'engine';

it('counts each call once, a watch when it begins, and no watch or Lease as work', async () => {
  const entry = (verb: string, stage: string, username = USER, resource = 'agentruns') => ({
    ...{ verb, stage, user: { username }, objectRef: { resource } },
  });
  const entries = [
    entry('watch', 'ResponseStarted'),
    entry('watch', 'ResponseComplete'),
    entry('patch', 'ResponseComplete'),
    entry('patch', 'ResponseComplete', USER, 'leases'),
    entry('patch', 'ResponseComplete', 'somebody'),
  ];
  expect(await sumCalls(Readable.from(entries.map((one) => JSON.stringify(one))), USER)).toEqual({
    byVerb: { watch: 1, patch: 2 },
    work: 1,
  });
});

const child = (run: string, step: string, seenMs: number, endedMs?: number): Child => ({
  ...{ run, step, name: `${run}-${step}`, seenMs },
  ...(endedMs !== undefined && { endedMs }),
});
const sceneOf = (children: readonly Child[]): Scene => ({
  children: new Map(children.map((one) => [one.name, one])),
  endedRuns: new Map(),
});

it('ends the newest child of each run, in the order in which they appeared', () => {
  const scene = sceneOf([child('a', 'one', 1, 5), child('b', 'one', 2), child('c', 'one', 3, 9), child('a', 'two', 6)]);
  expect(listRunning(scene).map(({ name }) => name)).toEqual(['b-one', 'a-two']);
});

it('measures what followed the ended children, and only that', () => {
  const ended = [child('a', 'two', 10, 20), child('b', 'one', 10, 30), child('c', 'one', 10, 40)];
  const before = [child('a', 'one', 1, 5)];
  const after = [child('a', 'three', 26), child('c', 'two', 140), child('c', 'three', 900), child('d', 'one', 50)];
  expect(reactionsTo(ended, sceneOf([...before, ...ended, ...after]))).toEqual([6, 100]);
});
