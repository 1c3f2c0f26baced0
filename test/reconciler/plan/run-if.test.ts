import { describe, expect, test } from 'vitest';
import { begin, end, pass, phasesOf, standingOf, statusOf, tool } from '../../support/model/play.ts';

describe('a step with runIf: Failed', () => {
  const steps = [tool('build', []), tool('rollback', ['build'], { runIf: 'Failed' }), tool('ship', ['build'])];

  test('runs if a dependency has failed, and the run fails all the same', () => {
    const story = begin(steps);
    expect(phasesOf(story)).toBe('build: Running, rollback: Pending, ship: Pending');
    end(story, 'build', 'Failed', 'exit 1');
    expect(phasesOf(story)).toBe('build: Failed, rollback: Running, ship: Skipped');
    end(story, 'rollback', 'Succeeded');
    expect(standingOf(story)).toBe('Failed, StepFailed: "build" failed: exit 1');
  });

  test('is skipped if nothing has failed, which fails neither the run nor its dependents', () => {
    const story = begin([...steps, tool('report', ['rollback'])]);
    end(story, 'build', 'Succeeded');
    expect(statusOf(story, 'rollback')).toMatchObject({
      phase: 'Skipped',
      reason: 'ConditionFalse',
      message: 'runIf is Failed, and no dependency has failed',
    });
    end(story, 'ship', 'Succeeded');
    end(story, 'report', 'Succeeded');
    expect(standingOf(story)).toBe('Succeeded, Completed: 3 of 4 steps succeeded, 1 skipped by their conditions');
  });

  test('does not run for a failure that continueOnFailure tolerates', () => {
    const story = begin([
      tool('build', [], { continueOnFailure: true }),
      tool('rollback', ['build'], { runIf: 'Failed' }),
    ]);
    end(story, 'build', 'Failed', 'exit 1');
    expect(phasesOf(story)).toBe('build: Failed, rollback: Skipped');
    expect(standingOf(story)).toMatch(/^Succeeded, CompletedWithIgnoredFailures/);
  });

  test('waits until all of its ancestors are final, although one dependency has failed already', () => {
    const story = begin([
      tool('slow', []),
      tool('build', []),
      tool('test', ['slow', 'build']),
      tool('rollback', ['test'], { runIf: 'Failed' }),
    ]);
    end(story, 'build', 'Failed', 'exit 1');
    expect(phasesOf(story)).toBe('slow: Running, build: Failed, test: Skipped, rollback: Pending');
    end(story, 'slow', 'Succeeded');
    expect(statusOf(story, 'rollback').phase).toBe('Running');
  });
});

describe('a step with runIf: Always', () => {
  test.each(['Succeeded', 'Failed'])('runs after a dependency that has %s', (phase) => {
    const story = begin([tool('build', []), tool('report', ['build'], { runIf: 'Always' })]);
    expect(statusOf(story, 'report')).toMatchObject({ phase: 'Pending', cleanup: true });
    end(story, 'build', phase, 'exit 1');
    end(story, 'report', 'Succeeded');
    expect(standingOf(story).split(',')[0]).toBe(phase);
  });

  test('does not hide the failure before it: its dependents are skipped, and those with runIf: Failed run', () => {
    const story = begin([
      tool('build', []),
      tool('report', ['build'], { runIf: 'Always' }),
      tool('ship', ['report']),
      tool('rollback', ['report'], { runIf: 'Failed' }),
    ]);
    end(story, 'build', 'Failed', 'exit 1');
    end(story, 'report', 'Succeeded');
    expect(phasesOf(story)).toBe('build: Failed, report: Succeeded, ship: Skipped, rollback: Running');
    expect(statusOf(story, 'ship')).toMatchObject({
      reason: 'DependencyFailed',
      message: 'dependency report ran after a failure: build failed: exit 1',
    });
  });

  test('leaves the cause that the first failed step gave, although a step in between was skipped', () => {
    const story = begin([
      tool('build', []),
      tool('test', ['build']),
      tool('report', ['test'], { runIf: 'Always' }),
      tool('ship', ['report']),
    ]);
    end(story, 'build', 'Failed', 'exit 1');
    end(story, 'report', 'Succeeded');
    expect(statusOf(story, 'ship').message).toBe('dependency report ran after a failure: build failed: exit 1');
  });

  test('does not hide the failure before it if its own condition is false', () => {
    const story = begin([
      tool('build', []),
      tool('report', ['build'], { runIf: 'Always', when: 'false' }),
      tool('ship', ['report']),
    ]);
    end(story, 'build', 'Failed', 'exit 1');
    expect(statusOf(story, 'report')).toMatchObject({ phase: 'Skipped', reason: 'ConditionFalse' });
    expect(statusOf(story, 'ship').message).toBe('dependency report was skipped after a failure: build failed: exit 1');
  });

  test('starts only when the child of a step that timed out is gone', () => {
    const story = begin([tool('build', [], { timeoutSeconds: 10 }), tool('report', ['build'], { runIf: 'Always' })]);
    pass(story, 11);
    expect(phasesOf(story)).toBe('build: Failed, report: Pending');
    while (story.world.api.collectGarbage());
    pass(story, 0);
    expect(statusOf(story, 'report').phase).toBe('Running');
  });

  test('fails the run if it fails', () => {
    const story = begin([tool('build', []), tool('report', ['build'], { runIf: 'Always' })]);
    end(story, 'build', 'Succeeded');
    end(story, 'report', 'Failed', 'exit 2');
    expect(standingOf(story)).toBe('Failed, StepFailed: "report" failed: exit 2');
  });
});

test('a runIf that this version does not know counts as Succeeded', () => {
  const story = begin([tool('build', []), tool('report', ['build'], { runIf: 'Sometimes' })]);
  end(story, 'build', 'Failed', 'exit 1');
  expect(statusOf(story, 'report')).toMatchObject({ phase: 'Skipped', reason: 'DependencyFailed' });
});
