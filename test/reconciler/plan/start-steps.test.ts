import { describe, expect, test } from 'vitest';
import { planRun } from '../../../src/reconciler/plan.ts';
import {
  begin,
  collectGarbage,
  createdBy,
  end,
  firstLook,
  options,
  pass,
  phasesOf,
  standingOf,
  statusOf,
  tool,
} from '../../support/model/play.ts';

describe('a step', () => {
  test('starts when all its dependencies have succeeded, and not before', () => {
    const story = begin([tool('build'), tool('lint'), tool('ship', ['build', 'lint'])]);
    end(story, 'build', 'Succeeded');
    expect(phasesOf(story)).toBe('build: Succeeded, lint: Running, ship: Pending');
    end(story, 'lint', 'Succeeded');
    expect(phasesOf(story)).toBe('build: Succeeded, lint: Succeeded, ship: Running');
  });

  test('starts after an ignored failure, once no attempts are left', () => {
    const story = begin([tool('lint', [], { continueOnFailure: true, retries: 1 }), tool('ship', ['lint'])]);
    end(story, 'lint', 'Failed');
    expect(phasesOf(story)).toBe('lint: Running, ship: Pending');
    end(story, 'lint', 'Failed', 'two warnings');
    expect(phasesOf(story)).toBe('lint: Failed, ship: Running');
    expect(statusOf(story, 'lint')).toMatchObject({ ignored: true, attempt: 2, message: 'two warnings' });
  });

  test('never starts after a skipped dependency, even one with continueOnFailure', () => {
    const lenient = { continueOnFailure: true };
    const story = begin([tool('build', []), tool('test', ['build'], lenient), tool('ship', ['test'])]);
    end(story, 'build', 'Failed');
    expect(phasesOf(story)).toBe('build: Failed, test: Skipped, ship: Skipped');
    expect(statusOf(story, 'test').ignored).toBeUndefined();
  });
});

describe('the sequential default', () => {
  test('runs the steps one after the other if none declares dependsOn', () => {
    const story = begin([tool('a'), tool('b'), tool('c')]);
    expect(phasesOf(story)).toBe('a: Running, b: Pending, c: Pending');
    end(story, 'a', 'Succeeded');
    expect(phasesOf(story)).toBe('a: Succeeded, b: Running, c: Pending');
  });

  test('is off if any step declares dependsOn, even an empty one: the others are roots', () => {
    expect(phasesOf(begin([tool('a'), tool('b'), tool('c', [])]))).toBe('a: Running, b: Running, c: Running');
    expect(phasesOf(begin([tool('a'), tool('b', ['a']), tool('c')]))).toBe('a: Running, b: Pending, c: Running');
  });
});

describe('declaration order', () => {
  test('is the order in which ready steps start, whatever the order of their dependencies', () => {
    const story = begin([tool('d', ['a']), tool('c', ['b', 'a']), tool('b', []), tool('a', [])]);
    expect(createdBy(story)).toEqual(['b.1', 'a.1']);
    end(story, 'b', 'Succeeded');
    end(story, 'a', 'Succeeded');
    expect(createdBy(story)).toEqual(['b.1', 'a.1', 'd.1', 'c.1']);
  });

  test('also applies to a step that became ready through a step that ends at once', () => {
    const gate = { name: 'gate', kind: 'Checkpoint', dependsOn: [] };
    const steps = [tool('first', ['gate']), tool('second', []), gate];
    const story = begin(steps, { policies: { maxParallel: 1 } });
    expect(phasesOf(story)).toBe('first: Running, second: Pending, gate: Succeeded');
  });

  test('does not matter for a long chain of checkpoints that is declared backwards', () => {
    const steps = Array.from({ length: 1000 }, (_, i) => ({
      name: `s${i}`,
      kind: 'Checkpoint',
      dependsOn: i < 999 ? [`s${i + 1}`] : [],
    }));
    expect(standingOf(begin(steps))).toBe('Succeeded, Completed: all 1000 steps succeeded');
  });

  test('gives the same plan for the same observation', () => {
    const story = begin([tool('a', []), tool('b', []), tool('c', ['a'])]);
    for (const moment of story.moments) {
      if (moment.type !== 'Planned') continue;
      const { observation, nowMs, actions } = moment;
      expect(planRun(observation, nowMs, options)).toEqual(actions);
    }
  });
});

describe('maxParallel', () => {
  test('limits the children that run; the others stay Pending, and follow in declaration order', () => {
    const story = begin([tool('a', []), tool('b', []), tool('c', []), tool('d', [])], { policies: { maxParallel: 2 } });
    expect(phasesOf(story)).toBe('a: Running, b: Running, c: Pending, d: Pending');
    end(story, 'b', 'Succeeded');
    expect(phasesOf(story)).toBe('a: Running, b: Succeeded, c: Running, d: Pending');
  });

  test('does not count steps without a child', () => {
    const gate = { name: 'ask', kind: 'ApprovalGate', policyRef: 'board', dependsOn: [] };
    const story = begin([gate, tool('a', []), tool('b', [])], { policies: { maxParallel: 1 } });
    expect(phasesOf(story)).toBe('ask: Running, a: Running, b: Pending');
  });

  test('counts a child that timed out until it is gone', () => {
    const story = begin([tool('a', [], { timeoutSeconds: 60 }), tool('b', [])], { policies: { maxParallel: 1 } });
    pass(story, 60);
    expect(phasesOf(story)).toBe('a: Failed, b: Pending');
    collectGarbage(story);
    expect(phasesOf(story)).toBe('a: Failed, b: Running');
  });

  test('also makes a retry wait, which then starts before new steps', () => {
    const steps = [tool('a', []), tool('b', [], { retries: 1, retryBackoffSeconds: 10 })];
    const story = begin([...steps, tool('c', []), tool('d', [])], { policies: { maxParallel: 2 } });
    end(story, 'b', 'Failed');
    expect(phasesOf(story)).toBe('a: Running, b: Retrying, c: Running, d: Pending');
    pass(story, 10);
    expect(phasesOf(story)).toBe('a: Running, b: Retrying, c: Running, d: Pending');
    end(story, 'c', 'Succeeded');
    expect(phasesOf(story)).toBe('a: Running, b: Running, c: Succeeded, d: Pending');
  });
});

describe('a run', () => {
  test('that is a template never starts, and a run that has started continues', () => {
    const story = begin([tool('a')]);
    const observation = firstLook(story);
    const planAs = (changes: object) =>
      planRun({ ...observation, run: { ...observation.run, ...changes } }, 0, options);
    expect(planAs({})).not.toEqual([]);
    expect(planAs({ isTemplate: true })).toEqual([]);
    expect(planAs({ isTemplate: true, isCancelled: true })).toEqual([]);
    const started = story.moments.findLast((moment) => moment.type === 'Planned');
    if (started === undefined) throw new Error('nothing was planned');
    end(story, 'a', 'Succeeded');
    expect(standingOf(story)).toContain('Succeeded');
    const { run } = started.observation;
    expect(
      planRun({ ...started.observation, run: { ...run, isTemplate: true, isCancelled: true } }, 0, options),
    ).not.toEqual([]);
  });
});
