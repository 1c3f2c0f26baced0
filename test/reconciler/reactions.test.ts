import { describe, expect, test } from 'vitest';
import type { StoredObject } from '../../src/objects/object.ts';
import { createReactions, isUnrecordedEnd } from '../../src/reconciler/reactions.ts';

const child = (phase: string | undefined, owner: object = { kind: 'OrchestrationRun', name: 'r', controller: true }) =>
  ({
    apiVersion: 'agents.proompteng.ai/v1alpha1',
    kind: 'AgentRun',
    metadata: { namespace: 'ns', name: 'c', uid: 'u', ownerReferences: [{ uid: 'o', ...owner }] },
    status: { phase },
  }) as unknown as StoredObject;

describe('a reaction', () => {
  test('lasts from the observation of the first child that ended to the next create, and counts once', () => {
    const reactions = createReactions();
    reactions.see(child('Succeeded'), 100);
    reactions.see(child('Failed'), 120);
    expect([reactions.create('ns/r', 150), reactions.create('ns/r', 160)]).toEqual([50, undefined]);
  });

  test.each([
    ['still runs', child('Running')],
    ['has no status yet', child(undefined)],
    ['belongs to no run', child('Succeeded', { kind: 'Job', name: 'r', controller: true })],
    ['only refers to the run', child('Succeeded', { kind: 'OrchestrationRun', name: 'r' })],
  ])('does not begin with a child that %s', (_, seen) => {
    const reactions = createReactions();
    reactions.see(seen, 100);
    expect(reactions.create('ns/r', 150)).toBeUndefined();
  });

  test('continues while a write is delayed, and ends if the next reconcile is far off', () => {
    const reactions = createReactions();
    reactions.see(child('Succeeded'), 0);
    reactions.settle('ns/r', 200);
    expect(reactions.create('ns/r', 250)).toBe(250);
    reactions.see(child('Succeeded'), 1_000);
    reactions.settle('ns/r', Infinity);
    expect(reactions.create('ns/r', 2_000)).toBeUndefined();
  });
});

describe('the end of a child', () => {
  const run = (phase: string, name = 'c') =>
    ({ status: { stepStatuses: [{ phase: 'Pending' }, { phase, resourceRef: { name } }] } }) as unknown as StoredObject;

  test.each<[string, boolean, StoredObject, StoredObject | undefined]>([
    ['is to be recorded', true, child('Failed'), run('Running')],
    ['is recorded', false, child('Failed'), run('Retrying')],
    ['is of another attempt', false, child('Failed'), run('Running', 'c2')],
    ['is not there yet', false, child('Running'), run('Running')],
    ['has no run that waits for it', false, child('Failed'), undefined],
  ])('that %s makes its run urgent: %s', (_, isUrgent, seen, owner) => {
    expect(isUnrecordedEnd(seen, () => owner)).toBe(isUrgent);
  });
});
