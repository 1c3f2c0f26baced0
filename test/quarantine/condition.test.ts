import { describe, expect, test } from 'vitest';
import type { StoredObject } from '../../src/objects/object.ts';
import { versionOf, withEngineFault } from '../../src/quarantine/condition.ts';

const NOW = '2026-03-01T00:00:00.000Z';
const run = (metadata: object = {}, status: unknown = {}): StoredObject => ({
  apiVersion: 'orchestration.proompteng.ai/v1alpha1',
  kind: 'OrchestrationRun',
  metadata: { namespace: 'agents', name: 'nightly', uid: 'u1', generation: 1, ...metadata },
  status,
});

describe('the EngineFault condition', () => {
  test('is appended to the stored conditions, which do not change, valid or not', () => {
    const stored = [{ type: 'Ready', status: 'False', odd: { nested: [1] } }, 'not even an object'];
    const conditions = withEngineFault(run({}, { phase: 'Running', conditions: stored }), NOW);
    expect(conditions?.slice(0, 2)).toEqual(stored);
    expect(conditions?.[2]).toMatchObject({
      type: 'EngineFault',
      status: 'True',
      reason: 'EngineFault',
      lastTransitionTime: NOW,
    });
  });

  test.each([[undefined], [null], [{ conditions: 7 }]])('is the only condition if the status is %j', (status) => {
    expect(withEngineFault(run({}, status), NOW)).toHaveLength(1);
  });

  test('is not written twice', () => {
    const conditions = withEngineFault(run(), NOW);
    expect(withEngineFault(run({}, { conditions }), '2026-03-02T00:00:00.000Z')).toBeUndefined();
  });
});

describe('the version that a quarantine applies to', () => {
  test('does not change if only the status, labels and foreign annotations change', () => {
    const changed = run(
      { resourceVersion: '9', labels: { a: 'b' }, annotations: { 'example.com/note': 'x' } },
      { phase: 'Running' },
    );
    expect(versionOf(changed)).toBe(versionOf(run()));
  });

  test.each([
    ['is recreated', { uid: 'u2' }],
    ['is edited', { generation: 2 }],
    ['is cancelled', { annotations: { 'orchestration.proompteng.ai/cancel': 'true' } }],
    ['is suspended', { annotations: { 'orchestration.proompteng.ai/suspend': 'true' } }],
  ])('changes if the run %s', (_, metadata) => {
    expect(versionOf(run(metadata))).not.toBe(versionOf(run()));
  });

  test('is empty if there is no run', () => {
    expect(versionOf(undefined)).toBe('');
  });
});
