import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../src/objects/object.ts';
import { act, plan, RUNS, storedRun, storedStatus, TOOL_RUNS } from '../../support/model/engine.ts';
import {
  annotate,
  begin,
  beginInterrupted,
  childOf,
  createdBy,
  end,
  eventsOf,
  lastPlan,
  pass,
  phasesOf,
  requeuedIn,
  run,
  settle,
  standingOf,
  statusOf,
  tool,
} from '../../support/model/play.ts';

describe('the run', () => {
  test('succeeds when every step has succeeded', () => {
    const story = begin([tool('a', []), tool('b', [])]);
    end(story, 'a', 'Succeeded');
    end(story, 'b', 'Succeeded');
    expect(standingOf(story)).toBe('Succeeded, Completed: all 2 steps succeeded');
    expect(eventsOf(story)).toEqual([
      'Normal Started: started Orchestration "nightly"',
      'Normal Succeeded: Completed: all 2 steps succeeded',
    ]);
  });

  test('succeeds with ignored failures, and reports how many', () => {
    const story = begin([tool('a', [], { continueOnFailure: true }), tool('b', [])]);
    end(story, 'a', 'Failed');
    end(story, 'b', 'Succeeded');
    expect(standingOf(story)).toBe('Succeeded, CompletedWithIgnoredFailures: ignored failures: 1 of 2 steps');
  });

  test('fails otherwise, and names the failed steps', () => {
    const story = begin([tool('a', []), tool('b', []), tool('c', ['a'])]);
    end(story, 'a', 'Failed', 'exit 1');
    end(story, 'b', 'Failed', 'exit 2');
    expect(standingOf(story)).toBe('Failed, StepFailed: "a", "b" failed');
    expect(eventsOf(story).at(-1)).toBe('Warning Failed: StepFailed: "a", "b" failed');
  });

  test('shows its state in its conditions', () => {
    const story = begin([tool('a')]);
    const conditionsOf = () =>
      storedStatus(story.world)
        .conditions.map(({ type, status }) => `${type}=${status}`)
        .join(' ');
    expect(conditionsOf()).toBe('Ready=False Progressing=True Succeeded=Unknown');
    annotate(story, 'suspend');
    expect(conditionsOf()).toBe('Ready=False Progressing=False Succeeded=Unknown');
    end(story, 'a', 'Succeeded');
    expect(conditionsOf()).toBe('Ready=True Progressing=False Succeeded=True Expires=False');
  });

  test('keeps the conditions that others have added', () => {
    const story = begin([tool('a')]);
    const { conditions } = storedStatus(story.world);
    const lastTransitionTime = '2026-01-01T00:00:00Z';
    const added = { type: 'Paced', status: 'True' as const, reason: 'Newer', message: '', lastTransitionTime };
    const body = { status: { conditions: [added, ...conditions] } };
    story.world.api.patch(RUNS, run, { type: 'merge', body }, { subresource: 'status' });
    end(story, 'a', 'Succeeded');
    const types = storedStatus(story.world).conditions.map(({ type }) => type);
    expect(types).toEqual(['Ready', 'Progressing', 'Succeeded', 'Expires', 'Paced']);
    expect(storedStatus(story.world).conditions.at(-1)).toEqual(added);
  });

  test('counts its steps in Progressing, even when it has ended', () => {
    const story = begin([tool('a', []), tool('b', ['a']), tool('c', [])]);
    const progressOf = () => storedStatus(story.world).conditions.find(({ type }) => type === 'Progressing')?.message;
    end(story, 'c', 'Succeeded');
    expect(progressOf()).toBe('1 of 3 steps done');
    end(story, 'a', 'Failed');
    expect(progressOf()).toBe('3 of 3 steps done: 1 succeeded, 1 failed, 1 skipped');
  });
});

describe('what is over', () => {
  test('stays over: nothing more is written, whatever happens to the children', () => {
    const story = begin([tool('a', []), tool('b', [], { retries: 3 })]);
    end(story, 'a', 'Succeeded');
    end(story, 'b', 'Cancelled');
    const before = storedRun(story.world);
    end(story, 'a', 'Failed');
    story.world.api.delete(TOOL_RUNS, (childOf(story, 'b') as KubeObject).metadata);
    pass(story, 1e6);
    annotate(story, 'suspend');
    expect(storedRun(story.world)?.['status']).toBe(before?.['status']);
  });

  test('stays over for a step while the run continues', () => {
    const story = begin([tool('a', []), tool('b', [])]);
    end(story, 'a', 'Succeeded');
    const before = statusOf(story, 'a');
    end(story, 'a', 'Failed');
    story.world.api.delete(TOOL_RUNS, (childOf(story, 'a') as KubeObject).metadata);
    settle(story.world);
    expect(statusOf(story, 'a')).toEqual(before);
    expect(phasesOf(story)).toBe('a: Succeeded, b: Running');
  });
});

describe('a run', () => {
  test('is not written again while its child cannot be created, because each write would trigger an immediate retry', () => {
    const story = beginInterrupted([tool('a')]);
    const { world } = story;
    const before = storedRun(world);
    for (let attempt = 0; attempt < 3; attempt++) {
      world.nowMs += 1_000;
      plan(world);
      expect(lastPlan(story).map(({ type }) => type)).toEqual(['PatchStatus', 'CreateChild']);
      act(world);
      act(world, 'Failed');
    }
    expect(storedRun(world)).toEqual(before);
    settle(world);
    expect(createdBy(story)).toEqual(['a.1']);
  });

  test('is deleted when its lifetime is over', () => {
    const story = begin([tool('a')], { policies: { ttlSecondsAfterFinished: 60 } });
    end(story, 'a', 'Succeeded');
    expect(requeuedIn(story)).toBe(60);
    pass(story, 59);
    expect(storedRun(story.world)).toBeDefined();
    pass(story, 1);
    expect(storedRun(story.world)).toBeUndefined();
  });

  test('does not fail on a malformed status', () => {
    const story = begin([tool('a', [], { timeoutSeconds: 5, retries: 1 })], {
      policies: { timeouts: { totalSeconds: 5 }, ttlSecondsAfterFinished: 5 },
    });
    for (const phase of ['Running', 'Retrying', 'Pending', 'Failed']) {
      const body = {
        status: {
          startedAt: 'x',
          phase: phase === 'Failed' ? phase : 'Running',
          finishedAt: 'x',
          stepStatuses: [{ name: 'a', kind: 'ToolRun', phase, attempt: 1, startedAt: 'x', nextRetryAt: 'x' }],
        },
      };
      story.world.api.patch(RUNS, run, { type: 'merge', body }, { subresource: 'status' });
      expect(() => settle(story.world)).not.toThrow();
    }
  });
});
