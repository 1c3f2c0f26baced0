import { describe, expect, test } from 'vitest';
import { NAMESPACE, POLICIES } from '../../support/model/engine.ts';
import {
  annotate,
  begin,
  childOf,
  createdBy,
  end,
  pass,
  phasesOf,
  requeuedIn,
  type Story,
  settle,
  statusOf,
  tool,
} from '../../support/model/play.ts';

describe('a failed attempt', () => {
  test('is retried as often as the step says, each time after the back-off', () => {
    const story = begin([tool('a', [], { retries: 2, retryBackoffSeconds: 30 }), tool('b', ['a'])]);
    end(story, 'a', 'Failed', 'exit 1');
    expect(statusOf(story, 'a')).toMatchObject({
      phase: 'Retrying',
      attempt: 1,
      message: 'exit 1; attempt 2 starts at 2026-01-01T00:00:30.000Z',
      nextRetryAt: '2026-01-01T00:00:30.000Z',
    });
    expect(phasesOf(story)).toBe('a: Retrying, b: Pending');
    expect(requeuedIn(story)).toBe(30);
    pass(story, 29);
    expect(statusOf(story, 'a').phase).toBe('Retrying');
    pass(story, 1);
    expect(statusOf(story, 'a')).toMatchObject({ phase: 'Running', attempt: 2 });
    expect(statusOf(story, 'a').nextRetryAt).toBeUndefined();
    end(story, 'a', 'Failed');
    pass(story, 30);
    end(story, 'a', 'Failed', 'exit 3');
    expect(phasesOf(story)).toBe('a: Failed, b: Skipped');
    expect(createdBy(story)).toEqual(['a.1', 'a.2', 'a.3']);
  });

  test('is recorded with its reason, message, times and child, and only if another attempt follows', () => {
    const story = begin([tool('a', [], { retries: 1, retryBackoffSeconds: 30 }), tool('b', [])]);
    expect(statusOf(story, 'a')).not.toHaveProperty('previousAttempts');
    pass(story, 5);
    end(story, 'a', 'Failed', 'exit 1');
    const first = {
      attempt: 1,
      reason: 'ChildFailed',
      message: 'exit 1',
      startedAt: '2026-01-01T00:00:00.000Z',
      finishedAt: '2026-01-01T00:00:05.000Z',
      child: childOf(story, 'a')?.metadata.name,
    };
    expect(statusOf(story, 'a').previousAttempts).toEqual([first]);
    pass(story, 30);
    end(story, 'a', 'Failed', 'exit 2');
    end(story, 'b', 'Failed', 'exit 3');
    expect(statusOf(story, 'a')).toMatchObject({ phase: 'Failed', attempt: 2, previousAttempts: [first] });
    expect(statusOf(story, 'b')).not.toHaveProperty('previousAttempts');
  });

  test('is kept while the next one waits for room, and if the step ends meanwhile', () => {
    const policies = { maxParallel: 1 };
    const story = begin([tool('a', [], { retries: 1, retryBackoffSeconds: 30 }), tool('b', [])], { policies });
    end(story, 'a', 'Failed', 'exit 1');
    pass(story, 30);
    expect(statusOf(story, 'a')).toMatchObject({ phase: 'Retrying', previousAttempts: [{ message: 'exit 1' }] });
    annotate(story, 'cancel');
    expect(statusOf(story, 'a')).toMatchObject({
      phase: 'Cancelled',
      reason: 'RunCancelled',
      attempt: 1,
      previousAttempts: [{ attempt: 1, reason: 'ChildFailed', message: 'exit 1' }],
    });
  });

  test('is one of the last five that are recorded', () => {
    const story = begin([tool('a', [], { retries: 7 })]);
    for (let attempt = 1; attempt <= 8; attempt++) end(story, 'a', 'Failed', 'x'.repeat(1_000));
    const { previousAttempts = [] } = statusOf(story, 'a');
    expect(previousAttempts.map(({ attempt }) => attempt)).toEqual([3, 4, 5, 6, 7]);
    expect(previousAttempts.map(({ message }) => message?.length)).toEqual([256, 256, 256, 256, 256]);
  });

  test('is retried at once without a back-off', () => {
    const story = begin([tool('a', [], { retries: 1 })]);
    end(story, 'a', 'Failed');
    expect(statusOf(story, 'a')).toMatchObject({ phase: 'Running', attempt: 2 });
  });

  test('is retried as the policy says if the step says nothing', () => {
    const policies = { retries: { limit: 1 } };
    const story = begin([tool('a', []), tool('b', [], { retries: 0 })], { policies });
    end(story, 'a', 'Failed');
    end(story, 'b', 'Failed');
    expect(phasesOf(story)).toBe('a: Running, b: Failed');
  });

  test.each([-1, 1.5, '3', null])('is not retried for retries: %j', (retries) => {
    const story = begin([tool('a', [], { retries: retries as number })]);
    end(story, 'a', 'Failed');
    expect(phasesOf(story)).toBe('a: Failed');
  });

  test('is not retried if its child was cancelled', () => {
    const story = begin([tool('a', [], { retries: 5 })]);
    end(story, 'a', 'Cancelled', 'by hand');
    expect(statusOf(story, 'a')).toMatchObject({ phase: 'Failed', reason: 'ChildCancelled', message: 'by hand' });
  });

  test('is not retried if an approval was denied', () => {
    const gate = { name: 'ask', kind: 'ApprovalGate', policyRef: 'board', retries: 5 };
    const story = begin([gate]);
    expect(statusOf(story, 'ask')).toMatchObject({ phase: 'Running', attempt: 1 });
    approve(story, 'Denied');
    expect(statusOf(story, 'ask')).toMatchObject({
      phase: 'Failed',
      reason: 'ApprovalDenied',
      message: 'approval policy board is denied',
    });
  });

  test('is not retried if the step itself is invalid, and no child is created', () => {
    const story = begin([
      { name: 'a', kind: 'ToolRun', retries: 5, dependsOn: [] },
      { name: 'b', kind: 'Toolrun', retries: 5 },
    ]);
    expect(statusOf(story, 'a')).toMatchObject({ phase: 'Failed', reason: 'InvalidStep', attempt: 1 });
    expect(statusOf(story, 'a').message).toBe('toolRef is missing: a ToolRun step names the Tool to run');
    expect(statusOf(story, 'b')).toMatchObject({
      phase: 'Failed',
      reason: 'UnknownStepKind',
      message: 'unknown kind Toolrun',
    });
    expect(createdBy(story)).toEqual([]);
  });

  test('may wait for the longest time that can be stored', () => {
    const endless = {
      retries: 1,
      retryBackoffSeconds: Number.MAX_SAFE_INTEGER,
      timeoutSeconds: Number.MAX_SAFE_INTEGER,
    };
    const policies = { timeouts: { totalSeconds: Number.MAX_SAFE_INTEGER }, ttlSecondsAfterFinished: 1e300 };
    const story = begin([tool('a', [], endless)], { policies });
    end(story, 'a', 'Failed');
    expect(statusOf(story, 'a').nextRetryAt).toBe('2094-01-19T03:14:07.000Z');
  });
});

function approve({ world }: Story, phase: string): void {
  const object = {
    apiVersion: 'approvals.proompteng.ai/v1alpha1',
    kind: 'ApprovalPolicy',
    metadata: { name: 'board', namespace: NAMESPACE },
  };
  world.api.create(POLICIES, object);
  const patch = { type: 'merge', body: { status: { phase } } } as const;
  world.api.patch(POLICIES, object.metadata, patch, { subresource: 'status' });
  settle(world);
}
