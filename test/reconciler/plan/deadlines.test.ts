import { describe, expect, test } from 'vitest';
import { act, listChildren, plan } from '../../support/model/engine.ts';
import {
  annotate,
  begin,
  beginInterrupted,
  childOf,
  collectGarbage,
  createdBy,
  end,
  pass,
  phasesOf,
  requeuedIn,
  settle,
  standingOf,
  statusOf,
  tool,
} from '../../support/model/play.ts';

describe('a timeout', () => {
  test('fails the attempt, and the child is deleted once that is recorded', () => {
    const story = begin([tool('a', [], { timeoutSeconds: 60 })]);
    expect(requeuedIn(story)).toBe(60);
    pass(story, 59);
    expect(statusOf(story, 'a').phase).toBe('Running');
    pass(story, 1);
    expect(statusOf(story, 'a')).toMatchObject({
      phase: 'Failed',
      reason: 'StepTimedOut',
      message: 'attempt took longer than 60 s',
    });
    expect(story.moments.slice(-3).map(({ type }) => type)).toEqual(['Recorded', 'Deleted', 'Planned']);
  });

  test('lets the next attempt start only when the child is gone, with a deadline of its own', () => {
    const story = begin([tool('a', [], { timeoutSeconds: 60, retries: 1 })]);
    pass(story, 60);
    expect(statusOf(story, 'a')).toMatchObject({ phase: 'Retrying', attempt: 1 });
    expect(childOf(story, 'a')?.metadata.deletionTimestamp).toBeDefined();
    pass(story, 10);
    expect(statusOf(story, 'a').phase).toBe('Retrying');
    collectGarbage(story);
    expect(statusOf(story, 'a')).toMatchObject({ phase: 'Running', attempt: 2 });
    expect(requeuedIn(story)).toBe(60);
  });

  test('of a gate is requeued by the plan that starts the attempt', () => {
    const { moments } = begin([{ name: 'ask', kind: 'ApprovalGate', policyRef: 'board', timeoutSeconds: 60 }]);
    const starting = moments.flatMap((moment) => (moment.type === 'Planned' ? [moment.actions] : [])).at(1);
    expect(starting?.map(({ type }) => type)).toEqual(['PatchStatus', 'EmitEvent', 'EmitEvent', 'RequeueAt']);
  });

  test('counts from the creation of the child, which a crash may delay', () => {
    const story = beginInterrupted([tool('a', [], { timeoutSeconds: 60 })]);
    pass(story, 3600);
    expect(statusOf(story, 'a')).toMatchObject({ phase: 'Running', attempt: 1 });
    expect(requeuedIn(story)).toBe(60);
    pass(story, 60);
    expect(statusOf(story, 'a').reason).toBe('StepTimedOut');
  });

  test('does not end an attempt whose child has not been observed, because the child may run', () => {
    const story = beginInterrupted([tool('a', [], { timeoutSeconds: 60, retries: 1 })]);
    const { world } = story;
    plan(world);
    act(world);
    act(world, 'Lost');
    world.nowMs += 60_000;
    plan(world);
    expect(world.plan?.actions.map(({ type }) => type)).toEqual(['PatchStatus', 'CreateChild']);
    settle(world);
    expect(statusOf(story, 'a')).toMatchObject({ phase: 'Retrying', attempt: 1 });
    expect(createdBy(story)).toEqual(['a.1']);
  });

  test('of a gate counts from when it began to wait', () => {
    const story = begin([{ name: 'ask', kind: 'ApprovalGate', policyRef: 'board', timeoutSeconds: 60 }]);
    expect(requeuedIn(story)).toBe(60);
    pass(story, 60);
    expect(statusOf(story, 'ask').reason).toBe('StepTimedOut');
  });

  test('of the run fails steps that run or wait for a retry, skips the rest, and ignores continueOnFailure', () => {
    const lenient = { continueOnFailure: true, retries: 3 };
    const steps = [
      tool('a', [], lenient),
      tool('b', ['a']),
      tool('c', []),
      tool('d', [], { retries: 1, retryBackoffSeconds: 600 }),
    ];
    const story = begin(steps, { policies: { timeouts: { totalSeconds: 100 } } });
    end(story, 'c', 'Succeeded');
    end(story, 'd', 'Failed', 'exit 1');
    annotate(story, 'suspend');
    expect(requeuedIn(story)).toBe(100);
    pass(story, 100);
    expect(phasesOf(story)).toBe('a: Failed, b: Skipped, c: Succeeded, d: Failed');
    expect(statusOf(story, 'a')).toMatchObject({ reason: 'RunTimedOut', message: 'the run took longer than 100 s' });
    expect(statusOf(story, 'a').ignored).toBeUndefined();
    expect(statusOf(story, 'b').reason).toBe('RunTimedOut');
    expect(standingOf(story)).toBe('Failed, RunTimedOut: the run took longer than 100 s: "a", "b", "d"');
    expect(
      listChildren(story.world.api).map(({ metadata }) => [metadata.name, metadata.deletionTimestamp !== undefined]),
    ).toEqual([
      ['a.1.1', true],
      ['c.1.1', false],
      ['d.1.1', false],
    ]);
  });
});
