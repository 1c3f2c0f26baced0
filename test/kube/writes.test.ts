import { expect, test } from 'vitest';
import { KubeError } from '../../src/kube/errors.ts';
import { createWrites } from '../../src/kube/writes.ts';
import type { KubeErrorReason } from '../../src/orchestration/vocabulary/kube-error-reasons.ts';

const target = { namespace: 'ci', name: 'build', uid: 'uid-build' };
const things = { group: '', version: 'v1', plural: 'things', kind: 'Thing', namespaced: true };

/** Writes to an API server that fails every call for this reason. */
function failFor(reason: KubeErrorReason) {
  const fail = () => Promise.reject(new KubeError(reason, 'as the test wants'));
  const client = { create: fail, patch: fail, delete: fail };
  return createWrites({ client, fieldManager: 'test', resourceOf: () => things, ownWrites: { record: () => {} } });
}

test('an object that is gone needs no deletion, no lifetime and no cancel', async () => {
  const writes = failFor('NotFound');
  expect(await writes.delete('v1', 'Thing', target)).toEqual({ outcome: 'Done' });
  expect(await writes.deleteAtOnce(things, target)).toEqual({ outcome: 'Done' });
  expect(await writes.merge('v1', 'Thing', target, { spec: { ttlSecondsAfterFinished: 60 } })).toEqual({
    outcome: 'Done',
  });
});

test('finalizers of an object that is gone or has changed are decided again', async () => {
  for (const reason of ['NotFound', 'Conflict'] as const)
    expect(await failFor(reason).setFinalizers('v1', 'Thing', target, [], 'ci/run')).toEqual({ outcome: 'Outdated' });
});

test('a write that the API server cannot take now throws', async () => {
  const writes = failFor('Unavailable');
  await expect(writes.merge('v1', 'Thing', target, {})).rejects.toThrow('as the test wants');
  await expect(writes.delete('v1', 'Thing', target)).rejects.toThrow('as the test wants');
});
