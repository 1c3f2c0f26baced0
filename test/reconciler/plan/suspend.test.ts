import { describe, expect, test } from 'vitest';
import { REVISIONS } from '../../support/model/engine.ts';
import {
  annotate,
  begin,
  beginInterrupted,
  createdBy,
  end,
  pass,
  phasesOf,
  standingOf,
  suspended,
  tool,
} from '../../support/model/play.ts';

describe('a suspended run', () => {
  test('starts and retries nothing until it is resumed, but its running children may end', () => {
    const steps = [
      tool('a', [], { retries: 1 }),
      tool('b', []),
      tool('c', ['b']),
      tool('d', [], { timeoutSeconds: 60 }),
    ];
    const story = begin(steps);
    annotate(story, 'suspend');
    end(story, 'a', 'Failed');
    end(story, 'b', 'Succeeded');
    pass(story, 60);
    expect(phasesOf(story)).toBe('a: Retrying, b: Succeeded, c: Pending, d: Failed');
    expect(standingOf(story)).toBe(
      'Running, Suspended: 2 of 4 steps done; nothing new starts while the run is suspended',
    );
    annotate(story, 'suspend', null);
    expect(phasesOf(story)).toBe('a: Running, b: Succeeded, c: Running, d: Failed');
  });

  test('creates no child for an attempt that was recorded before', () => {
    const story = beginInterrupted([tool('a')]);
    annotate(story, 'suspend');
    expect(phasesOf(story)).toBe('a: Running');
    expect(createdBy(story)).toEqual([]);
    annotate(story, 'suspend', null);
    expect(createdBy(story)).toEqual(['a.1']);
  });

  test('that was created suspended stays Pending without a snapshot', () => {
    const story = begin([tool('a')], { annotations: suspended });
    expect(standingOf(story)).toBe('Pending, Suspended: the run waits until its suspend annotation is removed');
    expect(story.world.api.list(REVISIONS).items).toEqual([]);
    annotate(story, 'suspend', null);
    expect(phasesOf(story)).toBe('a: Running');
  });

  test('can be cancelled', () => {
    const story = begin([tool('a')]);
    annotate(story, 'suspend');
    annotate(story, 'cancel');
    expect(phasesOf(story)).toBe('a: Cancelled');
  });
});
