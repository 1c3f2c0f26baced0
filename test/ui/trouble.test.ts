import { beforeEach, describe, expect, test } from 'vitest';
import type { KubeErrorReason } from '../../src/orchestration/vocabulary/kube-error-reasons.ts';
import { createTroubles } from '../../src/ui/trouble.ts';

let nowMs = 0;
let said: string[];
let troubles: ReturnType<typeof createTroubles>;

beforeEach(() => {
  nowMs = 0;
  said = [];
  troubles = createTroubles({
    namespace: 'ci',
    complain: (sentence) => said.push(sentence),
    onChange: () => {},
    now: () => nowMs,
  });
});

const fail = (resource: string, reason: KubeErrorReason, message = 'no') => troubles.add({ resource, reason, message });

describe('the state of the connection to the cluster', () => {
  test('says since when the API server does not answer, however often it is tried', () => {
    fail('orchestrations', 'Unavailable', 'cannot connect');
    nowMs = 5_000;
    fail('orchestrations', 'Unavailable', 'timed out');
    fail('orchestrationruns', 'Unavailable', 'timed out');
    expect(troubles.current()).toEqual({
      state: 'Unreachable',
      since: '1970-01-01T00:00:00.000Z',
      sentences: ['The API server does not answer; trying again. (timed out)'],
    });
    troubles.clear('orchestrations');
    troubles.clear('orchestrationruns');
    expect(troubles.current()).toBeUndefined();
    expect(said.at(-1)).toBe('The API server answers again.');
  });

  test('has the worst of several problems, and a sentence for each', () => {
    fail('orchestrations', 'Forbidden');
    expect(troubles.current()?.state).toBe('Forbidden');
    nowMs = 1_000;
    fail('orchestrationruns', 'Unavailable');
    expect(troubles.current()).toMatchObject({ state: 'Unreachable', since: '1970-01-01T00:00:01.000Z' });
    expect(troubles.current()?.sentences).toHaveLength(2);
    troubles.clear('orchestrationruns');
    fail('orchestrationruns', 'NotFound');
    expect(troubles.current()?.state).toBe('Forbidden');
  });

  test('is not affected by what is part of normal operation', () => {
    fail('orchestrations', 'Expired');
    fail('orchestrations', 'Aborted');
    expect([troubles.current(), said]).toEqual([undefined, []]);
  });
});
