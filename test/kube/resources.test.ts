import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareVersions, pathOf, type Resource } from '../../src/kube/resources.ts';
import { keyOf } from '../../src/objects/object.ts';

const runs: Resource = {
  group: 'orchestration.proompteng.ai',
  version: 'v1alpha1',
  plural: 'orchestrationruns',
  kind: 'OrchestrationRun',
  namespaced: true,
};
const namespaces: Resource = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };

test('paths lead to an object, its status, a namespace or all namespaces', () => {
  const base = '/apis/orchestration.proompteng.ai/v1alpha1';
  expect(pathOf(runs)).toBe(`${base}/orchestrationruns`);
  expect(pathOf(runs, { namespace: 'a' })).toBe(`${base}/namespaces/a/orchestrationruns`);
  expect(pathOf(runs, { namespace: 'a', name: 'b' }, 'status')).toBe(`${base}/namespaces/a/orchestrationruns/b/status`);
  expect(pathOf(namespaces, { name: 'a' })).toBe('/api/v1/namespaces/a');
});

test('a name cannot change the path', () => {
  expect(pathOf(namespaces, { name: '../secrets?watch=1#' })).toBe('/api/v1/namespaces/..%2Fsecrets%3Fwatch%3D1%23');
});

test('keys differ between namespaces', () => {
  expect([keyOf({ namespace: 'a', name: 'b' }), keyOf({ name: 'b' })]).toEqual(['a/b', 'b']);
});

test('versions are ordered as numbers of any size', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 80n }), fc.bigInt({ min: 0n, max: 2n ** 80n }), (a, b) => {
      expect(Math.sign(compareVersions(`${a}`, `${b}`))).toBe(a < b ? -1 : Number(a > b));
    }),
  );
  expect(compareVersions('99', '100')).toBeLessThan(0);
});
