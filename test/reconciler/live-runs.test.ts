import { expect, test } from 'vitest';
import type { StoredObject } from '../../src/objects/object.ts';
import { countLiveRuns } from '../../src/reconciler/live-runs.ts';

const place = (reason: string) => ({ type: 'HoldsPlace', status: reason === 'PlaceTaken' ? 'True' : 'False', reason });
const run = (status?: object) => ({ status }) as unknown as StoredObject;

test('counts each run that has not ended in one state', () => {
  const runs = [
    run(),
    run({ phase: 'Pending', conditions: [] }),
    run({ phase: 'Pending', conditions: [place('PlaceAwaited')] }),
    run({ phase: 'Running', conditions: [place('PlaceTaken')] }),
    run({ phase: 'Running' }),
    run({ phase: 'Succeeded' }),
    run({ phase: 'Failed', conditions: [place('PlaceAwaited')] }),
  ];
  expect(countLiveRuns(runs)).toEqual({ Pending: 2, Queued: 1, Running: 2 });
});
