import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../src/objects/object.ts';
import { RUNS, storedStatus } from '../../support/model/engine.ts';
import {
  annotate,
  begin,
  cancelled,
  childOf,
  collectGarbage,
  createdBy,
  end,
  pass,
  phasesOf,
  requeuedIn,
  run,
  type Story,
  settle,
  standingOf,
  statusOf,
  tool,
} from '../../support/model/play.ts';

const steps = [tool('up', []), tool('test', ['up']), tool('down', ['test'], { runIf: 'Always' })];

function cleaningUp(story: Story) {
  const { status, reason, message } =
    storedStatus(story.world).conditions.find(({ type }) => type === 'CleaningUp') ?? {};
  return { status, reason, message };
}

describe('a run that is cancelled', () => {
  test('ends everything but its cleanup, which starts when the children of its ancestors are gone', () => {
    const story = begin(steps);
    end(story, 'up', 'Succeeded');
    annotate(story, 'cancel');
    expect(phasesOf(story)).toBe('up: Succeeded, test: Cancelled, down: Pending');
    expect(childOf(story, 'test')?.metadata.deletionTimestamp).toBeDefined();
    expect(standingOf(story)).toBe('Running, CleaningUp: the run was cancelled; cleaning up: 2 of 3 steps done');
    expect(cleaningUp(story)).toEqual({ status: 'True', reason: 'RunCancelled', message: 'the run was cancelled' });
    collectGarbage(story);
    expect(phasesOf(story)).toBe('up: Succeeded, test: Cancelled, down: Running');
    end(story, 'down', 'Succeeded');
    expect(standingOf(story)).toBe('Cancelled, RunCancelled: the run was cancelled: "test"');
    expect(cleaningUp(story).status).toBe('False');
  });

  test('stays cancelled if the annotation is removed, and though its cleanup succeeds', () => {
    const story = begin([tool('up', []), tool('down', ['up'], { runIf: 'Always' })]);
    end(story, 'up', 'Succeeded');
    annotate(story, 'cancel');
    annotate(story, 'cancel', null);
    end(story, 'down', 'Succeeded');
    expect(standingOf(story)).toBe('Cancelled, RunCancelled: the run was cancelled');
  });

  test('records that before its cleanup begins, so that a cleanup that ends at once does not hide the cancel', () => {
    const mark = { ...tool('mark', ['up']), kind: 'Checkpoint', runIf: 'Always' } as const;
    const story = begin([tool('up', []), mark]);
    annotate(story, 'suspend');
    end(story, 'up', 'Succeeded');
    annotate(story, 'cancel');
    expect(phasesOf(story)).toBe('up: Succeeded, mark: Succeeded');
    expect(standingOf(story)).toBe('Cancelled, RunCancelled: the run was cancelled');
  });

  test('is cancelled, although its only step cleans up and takes too long', () => {
    const story = begin([tool('down', [], { runIf: 'Always', timeoutSeconds: 10 })]);
    pass(story, 9);
    story.world.nowMs += 1000;
    annotate(story, 'cancel');
    expect(standingOf(story)).toBe('Cancelled, RunCancelled: the run was cancelled; cleanup failed: "down"');
  });

  test('names the cleanup that failed', () => {
    const story = begin(steps);
    annotate(story, 'cancel');
    collectGarbage(story);
    end(story, 'down', 'Failed', 'exit 1');
    expect(standingOf(story)).toBe(
      'Cancelled, RunCancelled: the run was cancelled: "up", "test"; cleanup failed: "down"',
    );
  });

  test('cleans up although it is suspended', () => {
    const story = begin(steps);
    annotate(story, 'suspend');
    annotate(story, 'cancel');
    collectGarbage(story);
    expect(createdBy(story)).toEqual(['up.1', 'down.1']);
  });

  test('retries its cleanup', () => {
    const story = begin([tool('up', []), tool('down', ['up'], { runIf: 'Always', retries: 1 })]);
    annotate(story, 'cancel');
    collectGarbage(story);
    end(story, 'down', 'Failed', 'exit 1');
    expect(statusOf(story, 'down')).toMatchObject({ phase: 'Running', attempt: 2 });
  });

  test('ends its cleanup when cleanupSeconds are over, counted from the cancel', () => {
    const story = begin(steps, { policies: { timeouts: { cleanupSeconds: 20 } } });
    annotate(story, 'cancel');
    collectGarbage(story);
    pass(story, 5);
    expect(requeuedIn(story)).toBe(15);
    pass(story, 15);
    expect(statusOf(story, 'down')).toMatchObject({
      phase: 'Cancelled',
      reason: 'RunCancelled',
      message: 'the cleanup took longer than 20 s',
    });
    expect(standingOf(story)).toMatch(/^Cancelled, RunCancelled: /);
    expect(childOf(story, 'down')?.metadata.deletionTimestamp).toBeDefined();
  });

  test('with "now" runs no cleanup, and ends one that runs', () => {
    const early = begin(steps);
    annotate(early, 'cancel', 'now');
    expect(phasesOf(early)).toBe('up: Cancelled, test: Cancelled, down: Cancelled');
    const late = begin(steps);
    annotate(late, 'cancel');
    collectGarbage(late);
    expect(statusOf(late, 'down').phase).toBe('Running');
    annotate(late, 'cancel', 'now');
    expect(statusOf(late, 'down').phase).toBe('Cancelled');
    expect(standingOf(late)).toMatch(/^Cancelled, RunCancelled: /);
  });

  test('before it starts runs no cleanup', () => {
    const story = begin(steps, { annotations: cancelled });
    expect(standingOf(story)).toBe('Cancelled, RunCancelled: the run was cancelled before it started');
    expect(createdBy(story)).toEqual([]);
  });
});

describe('a run whose time is over', () => {
  test('cleans up, and fails; a cancel meanwhile changes nothing', () => {
    const story = begin(steps, { policies: { timeouts: { totalSeconds: 10 } } });
    pass(story, 11);
    collectGarbage(story);
    expect(phasesOf(story)).toBe('up: Failed, test: Skipped, down: Running');
    expect(cleaningUp(story)).toMatchObject({ status: 'True', reason: 'RunTimedOut' });
    annotate(story, 'cancel');
    expect(statusOf(story, 'down').phase).toBe('Running');
    end(story, 'down', 'Succeeded');
    expect(standingOf(story)).toBe('Failed, RunTimedOut: the run took longer than 10 s: "up", "test"');
  });
});

describe('a nested run with cleanup', () => {
  const nested = { name: 'sub', kind: 'SubOrchestration', orchestrationRef: { name: 'other' } };
  const inner = (phase: string, cleanup = 'Pending') => ({
    phase,
    stepStatuses: [{ name: 'down', kind: 'ToolRun', phase: cleanup, attempt: 0, cleanup: true }],
  });

  function work(story: Story): void {
    const { metadata } = childOf(story, 'sub') as KubeObject;
    story.world.api.patch(
      RUNS,
      metadata,
      { type: 'merge', body: { status: inner('Running') } },
      { subresource: 'status' },
    );
    settle(story.world);
  }

  test('is asked to end by a cancel, and its parent ends after it', () => {
    const story = begin([nested]);
    work(story);
    expect(statusOf(story, 'sub').cleanup).toBe(true);
    annotate(story, 'cancel');
    expect(childOf(story, 'sub')?.metadata).toMatchObject({ annotations: cancelled });
    expect(childOf(story, 'sub')?.metadata.deletionTimestamp).toBeUndefined();
    expect(statusOf(story, 'sub')).toMatchObject({ phase: 'Running', reason: 'CleaningUp' });
    end(story, 'sub', 'Cancelled');
    expect(standingOf(story)).toBe('Cancelled, RunCancelled: the run was cancelled: "sub"');
  });

  test('is asked to end by the deadline, and does not count as a cleanup that failed', () => {
    const story = begin([nested], { policies: { timeouts: { totalSeconds: 10 } } });
    work(story);
    pass(story, 11);
    end(story, 'sub', 'Cancelled');
    expect(standingOf(story)).toBe('Failed, RunTimedOut: the run took longer than 10 s: "sub"');
  });

  test('is deleted when the time for the cleanup is over', () => {
    const story = begin([nested], { policies: { timeouts: { cleanupSeconds: 20 } } });
    work(story);
    annotate(story, 'cancel');
    pass(story, 21);
    expect(statusOf(story, 'sub')).toMatchObject({ phase: 'Cancelled', message: 'the cleanup took longer than 20 s' });
    expect(childOf(story, 'sub')?.metadata.deletionTimestamp).toBeDefined();
  });

  test('is asked to end by the timeout of its step, and the next attempt starts when it is gone', () => {
    const story = begin([{ ...nested, timeoutSeconds: 10, retries: 1 }]);
    work(story);
    pass(story, 11);
    expect(childOf(story, 'sub')?.metadata).toMatchObject({ annotations: cancelled });
    expect(statusOf(story, 'sub')).toMatchObject({ phase: 'Running', reason: 'CleaningUp', attempt: 1 });
    end(story, 'sub', 'Cancelled');
    expect(statusOf(story, 'sub')).toMatchObject({ phase: 'Retrying', reason: 'StepTimedOut' });
    collectGarbage(story);
    expect(statusOf(story, 'sub')).toMatchObject({ phase: 'Running', attempt: 2 });
  });

  test('is deleted by the timeout of its step if it does not end in time', () => {
    const story = begin([{ ...nested, timeoutSeconds: 10 }], { policies: { timeouts: { cleanupSeconds: 20 } } });
    work(story);
    pass(story, 11);
    expect(requeuedIn(story)).toBe(19);
    pass(story, 19);
    expect(statusOf(story, 'sub')).toMatchObject({ phase: 'Failed', reason: 'StepTimedOut' });
    expect(childOf(story, 'sub')?.metadata.deletionTimestamp).toBeDefined();
  });

  test('that its step asked to end, and that ends when its parent is cancelled, has timed out', () => {
    const story = begin([{ ...nested, timeoutSeconds: 10 }, tool('next')]);
    work(story);
    pass(story, 11);
    story.world.api.patch(RUNS, run, { type: 'merge', body: { metadata: { annotations: cancelled } } });
    end(story, 'sub', 'Cancelled');
    expect(statusOf(story, 'sub')).toMatchObject({ phase: 'Failed', reason: 'StepTimedOut' });
    expect(standingOf(story)).toBe('Failed, StepFailed: "sub" failed: attempt took longer than 10 s');
  });

  test('of a cleanup step that timed out is retried as any other step, also if its parent is cancelled meanwhile', () => {
    const story = begin([
      tool('up', []),
      { ...nested, dependsOn: [], runIf: 'Always', timeoutSeconds: 10, retries: 1 },
    ]);
    work(story);
    pass(story, 11);
    annotate(story, 'cancel');
    expect(statusOf(story, 'sub')).toMatchObject({ phase: 'Running', reason: 'CleaningUp', attempt: 1 });
    end(story, 'sub', 'Cancelled');
    expect(statusOf(story, 'sub')).toMatchObject({ phase: 'Retrying', reason: 'StepTimedOut' });
    collectGarbage(story);
    expect(statusOf(story, 'sub')).toMatchObject({ phase: 'Running', attempt: 2 });
    end(story, 'sub', 'Succeeded');
    expect(standingOf(story)).toBe('Cancelled, RunCancelled: the run was cancelled: "up"');
  });
});

test('a run without cleanup has no condition CleaningUp', () => {
  const story = begin([tool('up', [])]);
  annotate(story, 'cancel');
  expect(cleaningUp(story)).toEqual({});
  expect(standingOf(story)).toBe('Cancelled, RunCancelled: the run was cancelled: "up"');
});
