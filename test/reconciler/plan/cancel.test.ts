import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../src/objects/object.ts';
import { act, deliver, keyOf, listChildren, plan, REVISIONS, RUN, RUNS, setPhase } from '../../support/model/engine.ts';
import {
  annotate,
  begin,
  beginInterrupted,
  cancelled,
  childOf,
  end,
  eventsOf,
  pass,
  phasesOf,
  run,
  type Step,
  type Story,
  settle,
  standingOf,
  statusOf,
  suspended,
  tool,
} from '../../support/model/play.ts';

describe('a cancelled run', () => {
  test('starts no more steps; its running children are recorded, then deleted', () => {
    const steps = [
      tool('a', []),
      tool('b', [], { retries: 1, retryBackoffSeconds: 60 }),
      tool('c', ['a']),
      tool('d', []),
    ];
    const story = begin(steps);
    end(story, 'b', 'Failed', 'exit 1');
    end(story, 'd', 'Succeeded');
    annotate(story, 'cancel');
    expect(phasesOf(story)).toBe('a: Cancelled, b: Cancelled, c: Cancelled, d: Succeeded');
    expect(['a', 'b', 'c'].map((step) => statusOf(story, step).reason)).toEqual(Array(3).fill('RunCancelled'));
    expect(standingOf(story)).toBe('Cancelled, RunCancelled: the run was cancelled: "a", "b", "c"');
    expect(childOf(story, 'a')?.metadata.deletionTimestamp).toBeDefined();
  });

  test('keeps the child of an attempt that had failed by itself', () => {
    const story = begin([tool('a', [], { retries: 1, retryBackoffSeconds: 60 })]);
    end(story, 'a', 'Failed', 'exit 1');
    annotate(story, 'cancel');
    expect(statusOf(story, 'a').phase).toBe('Cancelled');
    expect(childOf(story, 'a')?.metadata.deletionTimestamp).toBeUndefined();
  });

  test('deletes a child that it observes only later', () => {
    const story = beginInterrupted([tool('a')], { annotations: {} });
    const { world } = story;
    plan(world);
    act(world);
    act(world, 'Lost');
    const created = listChildren(world.api)[0] as KubeObject;
    world.api.patch(RUNS, run, { type: 'merge', body: { metadata: { annotations: cancelled } } });
    deliver(world, keyOf(RUNS.kind, RUN));
    plan(world);
    while (world.plan !== undefined) act(world);
    expect(standingOf(story)).toMatch(/^Cancelled/);
    expect(created.metadata.deletionTimestamp).toBeUndefined();
    settle(world);
    expect(childOf(story, 'a')?.metadata.deletionTimestamp).toBeDefined();
  });

  test('that had not started ends at once, with an event', () => {
    const story = begin([tool('a')], { annotations: { ...cancelled, ...suspended } });
    expect(standingOf(story)).toBe('Cancelled, RunCancelled: the run was cancelled before it started');
    expect(eventsOf(story)).toEqual(['Normal Cancelled: RunCancelled: the run was cancelled before it started']);
    expect(story.world.api.list(REVISIONS).items).toEqual([]);
  });

  test('that is over stays as it is', () => {
    const story = begin([tool('a')]);
    end(story, 'a', 'Succeeded');
    annotate(story, 'cancel');
    expect(standingOf(story)).toMatch(/^Succeeded/);
  });
});

describe('if two things are due at once', () => {
  /** Ends the child of `a`, cancels and lets time pass, all before the next reconcile. */
  function due(steps: readonly Step[], { phase = '', seconds = 0, cancel = false, policies = {} }): Story {
    const story = begin(steps, { policies });
    const { world } = story;
    const child = childOf(story, 'a') as KubeObject;
    if (phase !== '') setPhase(world, child, phase, 'exit 1');
    if (cancel) world.api.patch(RUNS, run, { type: 'merge', body: { metadata: { annotations: cancelled } } });
    pass(story, seconds);
    return story;
  }
  const hurried = tool('a', [], { timeoutSeconds: 10 });
  const total = { timeouts: { totalSeconds: 10 } };

  test('the outcome of a child comes before its timeout', () => {
    expect(phasesOf(due([hurried], { phase: 'Succeeded', seconds: 10 }))).toBe('a: Succeeded');
  });

  test('the end of the run comes before cancel and deadline', () => {
    expect(standingOf(due([hurried], { phase: 'Succeeded', cancel: true }))).toMatch(/^Succeeded/);
    expect(standingOf(due([hurried], { phase: 'Failed', seconds: 10, policies: total }))).toMatch(
      /^Failed, StepFailed/,
    );
  });

  test('an outcome is recorded before the cancel ends the rest', () => {
    expect(phasesOf(due([hurried, tool('b', ['a'])], { phase: 'Succeeded', cancel: true }))).toBe(
      'a: Succeeded, b: Cancelled',
    );
  });

  test('descendants of a failure are skipped before the cancel ends the rest', () => {
    const story = due([hurried, tool('b', ['a'])], { phase: 'Failed', cancel: true });
    expect(phasesOf(story)).toBe('a: Failed, b: Skipped');
    expect(standingOf(story)).toMatch(/^Failed/);
  });

  test('cancel comes before the deadline of the run', () => {
    expect(phasesOf(due([hurried], { seconds: 10, cancel: true, policies: total }))).toBe('a: Cancelled');
  });

  test('the deadline of the run comes before that of an attempt', () => {
    expect(statusOf(due([hurried], { seconds: 10, policies: total }), 'a').reason).toBe('RunTimedOut');
  });
});
