import { expect, test } from 'vitest';
import { createHistories, LISTED_MS } from '../../src/engine/histories.ts';
import type { StoredObject } from '../../src/objects/object.ts';
import { type Division, WHOLE } from '../../src/orchestration/buckets.ts';
import { API_VERSION } from '../../src/orchestration/schema.ts';

const PART: Division = { holds: () => false, isWhole: () => false };

function run(name: string, orchestration = 'nightly', phase = 'Succeeded'): StoredObject {
  return {
    apiVersion: API_VERSION,
    kind: 'OrchestrationRun',
    metadata: { namespace: 'ci', name, uid: `uid of ${name}` },
    spec: { orchestrationRef: { name: orchestration }, parameters: { large: 'text' } },
    status: { phase, finishedAt: '2026-01-01T00:00:00Z', stepStatuses: [] },
  };
}

/** The histories of a replica. Its copy has one run, and the API server has these pages of runs. */
function follow(pages: readonly (readonly StoredObject[])[], division: Division) {
  const world = { nowMs: 0, lists: 0, isBroken: false };
  const histories = createHistories({
    division,
    timing: { now: () => world.nowMs },
    followed: {
      listObjects: () => [run('kept')],
      statusWriters: ({ metadata }: StoredObject) => ({
        isOurs: metadata.name !== 'foreign',
        isForeign: metadata.name === 'foreign',
        others: [],
      }),
      async *listAll() {
        world.lists++;
        if (world.isBroken) throw new Error('no answer');
        yield* await Promise.resolve(pages);
      },
    } as unknown as Parameters<typeof createHistories>[0]['followed'],
  });
  const names = async (of = 'ci/nightly') => (await histories.list(of)).map(({ metadata }) => metadata.name);
  return { world, histories, names };
}

const pages = [
  [run('here'), run('live', 'nightly', 'Running'), run('foreign')],
  [run('there'), run('other', 'weekly')],
];

test('the finished runs of all replicas come from the API server if the copy has a part, reduced', async () => {
  const { names, histories } = follow(pages, PART);
  expect(await names()).toEqual(['here', 'there']);
  expect(await names('ci/weekly')).toEqual(['other']);
  expect((await histories.list('ci/nightly'))[0]).toEqual({
    ...{ apiVersion: API_VERSION, kind: 'OrchestrationRun' },
    metadata: { namespace: 'ci', name: 'here', uid: 'uid of here' },
    status: { finishedAt: '2026-01-01T00:00:00Z' },
  });
});

test('they come from the copy if it has all, and the API server is not asked', async () => {
  const { names, world } = follow(pages, WHOLE);
  expect(await names()).toEqual(['kept']);
  expect(world.lists).toBe(0);
});

test('one list serves all Orchestrations of a namespace for a minute, without the runs that were deleted', async () => {
  const { names, histories, world } = follow(pages, PART);
  await Promise.all([names(), names('ci/weekly'), names()]);
  await histories.forget(run('here'));
  world.nowMs = LISTED_MS - 1;
  expect(await names()).toEqual(['there']);
  expect(world.lists).toBe(1);
  world.nowMs = LISTED_MS;
  expect(await names()).toEqual(['here', 'there']);
  expect(world.lists).toBe(2);
});

test('a list that fails is tried again at once', async () => {
  const { names, world } = follow(pages, PART);
  world.isBroken = true;
  await expect(names()).rejects.toThrow('no answer');
  world.isBroken = false;
  expect(await names()).toEqual(['here', 'there']);
});
