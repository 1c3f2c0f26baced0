import { describe, expect, test } from 'vitest';
import { tool } from '../support/model/play.ts';
import { setStage } from '../support/model/stage.ts';

const HOUR = 3_600;
const steps = [tool('work', [])];

describe('an engine with a wrong clock, followed by an engine with a correct clock', () => {
  const clocks = [
    { title: 'an hour slow, without a time from the API server', ahead: -HOUR, isAnchored: false },
    { title: 'an hour slow', ahead: -HOUR, isAnchored: true },
    { title: 'an hour fast', ahead: HOUR, isAnchored: true },
  ];

  describe.each(clocks)('$title', ({ ahead, isAnchored }) => {
    test('ends no run before its deadline or much later', async () => {
      const policies = { timeouts: { totalSeconds: 1_800 } };
      const run = setStage(steps, { policies, aheadSeconds: ahead, isAnchored });
      await run.look(5);
      run.replaceEngine();
      await run.look(5);
      run.pass(1_700);
      await run.look(5);
      expect(run.status().phase).toBe('Running');
      run.pass(100);
      await run.look(5);
      expect(run.conditionOf('Succeeded')?.reason).toBe('RunTimedOut');
    });

    test('deletes no run before its lifetime is over or much later', async () => {
      const run = setStage(steps, { policies: { ttlSecondsAfterFinished: 600 }, aheadSeconds: ahead, isAnchored });
      await run.look(5);
      run.end('work', 'Succeeded');
      await run.look(5);
      run.replaceEngine();
      run.pass(500);
      await run.look(5);
      expect(run.calls(/^delete OrchestrationRun/)).toEqual([]);
      run.pass(100);
      await run.look(5);
      expect(run.calls(/^delete OrchestrationRun/)).toHaveLength(1);
    });

    test('ends no attempt before its deadline', async () => {
      const wait = { name: 'wait', kind: 'SignalWait', signalRef: { name: 'go' }, dependsOn: [], timeoutSeconds: 300 };
      const run = setStage([tool('work', [], { timeoutSeconds: 300 }), wait], { aheadSeconds: ahead, isAnchored });
      await run.look(5);
      run.replaceEngine();
      run.pass(250);
      await run.look(5);
      expect(run.status().phase).toBe('Running');
      run.pass(50);
      await run.look(5);
      expect([run.stepOf('work').reason, run.stepOf('wait').reason]).toEqual(['StepTimedOut', 'StepTimedOut']);
    });
  });

  test('also if the engine with the correct clock comes first', async () => {
    for (const ahead of [-HOUR, HOUR]) {
      const policies = { timeouts: { totalSeconds: 1_800 }, ttlSecondsAfterFinished: 600 };
      const run = setStage(steps, { policies });
      await run.look(5);
      run.replaceEngine(ahead);
      await run.look(5);
      expect(run.status().phase).toBe('Running');
      run.end('work', 'Succeeded');
      await run.look(5);
      expect([run.calls(/^delete/), run.status().phase]).toEqual([[], 'Succeeded']);
    }
  });

  test('writes no time that is before an API server time that it has read', async () => {
    const run = setStage(steps, { aheadSeconds: -HOUR, isAnchored: false });
    run.pass(30);
    await run.look(5);
    run.end('work', 'Succeeded');
    await run.look(5);
    const { startedAt = '', finishedAt = '', stepStatuses } = run.status();
    for (const time of [startedAt, finishedAt, stepStatuses[0]?.startedAt, stepStatuses[0]?.finishedAt])
      expect(time?.slice(0, 16)).toBe('2026-01-01T00:00');
  });
});
