import { describe, expect, test } from 'vitest';
import { drawRun, drawStep, paintLine } from '../../../src/cli/cluster/drawing.ts';
import { formatElapsed, readElapsed } from '../../../src/cli/cluster/elapsed.ts';
import { fitLines } from '../../../src/cli/cluster/fit.ts';
import { aRun, condition, msAfter, stepStatus, timeAfter } from './runs.ts';

describe('a run', () => {
  test('is a line for what it comes to and one a step, names in a column', () => {
    const run = aRun({
      phase: 'Running',
      stepStatuses: [
        stepStatus('build', 'Succeeded', { startedAt: timeAfter(0), finishedAt: timeAfter(42), message: 'fine' }),
        stepStatus('integration', 'Running', { startedAt: timeAfter(42), attempt: 2, message: 'created' }),
        stepStatus('lint', 'Failed', {
          startedAt: timeAfter(1),
          finishedAt: timeAfter(4),
          message: 'exit 1',
          ignored: true,
        }),
        stepStatus('flaky', 'Retrying', { nextRetryAt: timeAfter(90), startedAt: timeAfter(1), message: 'exit 2' }),
        stepStatus('deploy', 'Pending'),
      ],
    });
    expect(drawRun(run, msAfter(75)).map(({ text }) => text)).toEqual([
      'OrchestrationRun ci/nightly of release: Running, 2 of 5 steps done (1 failed), 1m15s',
      '  ✓ Succeeded build        42s',
      '  ▶ Running   integration  33s  attempt 2  created',
      '  ✗ Failed    lint         3s  tolerated  exit 1',
      '  ↻ Retrying  flaky        next attempt in 15s  exit 2',
      '  · Pending   deploy',
    ]);
  });

  test('names the outputs of a step, and not their values', () => {
    const outputs = { digest: 'sha256:1', 'odd\n': 'x', ...Object.fromEntries('abcdef'.split('').map((n) => [n, n])) };
    expect(drawStep(stepStatus('build', 'Succeeded', { outputs }), 0).text).toBe(
      '✓ Succeeded build  outputs "digest", "odd\\u000a", "a", "b", "c" and 3 more',
    );
  });

  test('says that it cleans up, and why, until it has', () => {
    const cleanup = (status: 'True' | 'False') => [
      condition('CleaningUp', 'the run was cancelled; cleaning up: 1 of 2 steps done'),
      { ...condition('RunCancelled', 'the run was cancelled'), type: 'CleaningUp', status } as const,
    ];
    const stepStatuses = [stepStatus('a', 'Cancelled'), stepStatus('tidy', 'Running')];
    const heading = (status: 'True' | 'False') =>
      drawRun(aRun({ phase: 'Running', stepStatuses, conditions: cleanup(status) }), msAfter(60))[0]?.text;
    expect(heading('True')).toMatch(
      /: Running, 1 of 2 steps done, 1m00s \(cleaning up, because the run was cancelled\)$/,
    );
    expect(heading('False')).not.toContain('because');
  });

  test('says why it waits, and how it ended', () => {
    const ready = (reason: string, message: string) => [condition(reason, message)];
    const heading = (...[status]: Parameters<typeof aRun>) => drawRun(aRun(status), msAfter(60))[0]?.text;
    expect(drawRun(aRun({}), 0)[0]?.text).toBe(
      'OrchestrationRun ci/nightly of release: no controller has started to process it yet',
    );
    expect(heading({ phase: 'Pending', conditions: ready('Suspended', 'not started') })).toContain(
      'Pending, 1m00s (Suspended: not started)',
    );
    const ended = { finishedAt: timeAfter(10), stepStatuses: [stepStatus('a', 'Failed')] };
    expect(heading({ ...ended, phase: 'Failed', conditions: ready('StepFailed', '"a" failed') })).toMatch(
      /: Failed, 10s \(StepFailed: "a" failed\)$/,
    );
    const mixed = [...ended.stepStatuses, stepStatus('b', 'Skipped'), stepStatus('c', 'Succeeded')];
    expect(heading({ ...ended, phase: 'Failed', stepStatuses: mixed })).toMatch(
      /: Failed, 1 succeeded, 1 failed, 1 skipped, 10s$/,
    );
    expect(heading({ ...ended, phase: 'Succeeded', conditions: ready('Completed', 'all') })).toMatch(
      /: Succeeded, 10s$/,
    );
  });

  test('that is a template, or that another controller works on, says so', () => {
    const heading = (...[status, fields]: Parameters<typeof aRun>) =>
      drawRun(aRun(status, fields), msAfter(60))[0]?.text;
    const template = { isTemplate: true };
    expect(heading({}, template)).toBe('OrchestrationRun ci/nightly of release: a template, which never runs');
    expect(heading({ phase: 'Pending' }, template)).toContain('a template');
    expect(heading({ phase: 'Running', runId: 'nightly' }, template)).toMatch(/: Running, 1m00s$/);
    const leftTo = { leftTo: 'agents-status' };
    expect(heading({ phase: 'Running' }, leftTo)).toMatch(
      /: Running, 1m00s; another controller \(agents-status\) works on it, so orchestration-gate leaves it alone$/,
    );
    expect(heading({ phase: 'Succeeded' }, leftTo)).toMatch(/: Succeeded, 1m00s$/);
  });

  test('with hostile names and messages is as many lines, and nothing a terminal would act upon', () => {
    const hostile = '\u001b[2J\r\n::error::x\u202e\u0000';
    const run = aRun(
      {
        phase: 'Failed',
        conditions: [condition(hostile, hostile)],
        stepStatuses: [stepStatus(hostile, 'Failed', { message: hostile })],
      },
      { name: hostile, namespace: hostile, spec: { orchestrationRef: { name: hostile } } },
    );
    const lines = drawRun(run, 0).map(({ text }) => text);
    expect(lines).toHaveLength(2);
    expect(lines.join('')).not.toMatch(/(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u);
  });

  test('is coloured only where that is seen', () => {
    const line = drawStep(stepStatus('a', 'Failed'), 0);
    expect(paintLine(line, false)).toBe('✗ Failed    a');
    expect(paintLine(line, true)).toBe('\x1b[31m✗ Failed    a\x1b[39m');
  });
});

describe('a terminal that is too small', () => {
  const steps = [
    ...Array.from({ length: 50 }, (_, index) => stepStatus(`done-${index}`, 'Succeeded')),
    stepStatus('at-work', 'Running'),
    stepStatus('broken', 'Failed'),
    stepStatus('later', 'Pending'),
  ];
  const fitted = (columns: number, rows: number) => {
    const lines = drawRun(aRun({ phase: 'Running', stepStatuses: steps }), msAfter(1));
    return fitLines(lines, steps, { columns, rows }).map(({ text }) => text);
  };

  test('shows the steps that matter now, in their order, and counts the others', () => {
    const lines = fitted(200, 6);
    expect(lines).toHaveLength(5);
    expect(lines.slice(1).map((line) => line.trim().split(/ +/)[2])).toEqual(['at-work', 'broken', 'later', '50']);
    expect(lines.at(-1)).toBe('  … and 50 more: 50 Succeeded');
  });

  test.each([1, 2, 3, 4, 20, 53, 54, 55, 56])('of %i rows is never filled over its end', (rows) => {
    expect(fitted(80, rows).length).toBeLessThanOrEqual(Math.max(2, rows - 1));
  });

  test('breaks a long message rather than cut what it says last, and gives what matters most the room', () => {
    const message =
      'waits for ApprovalPolicy "board", which does not exist in namespace "ci"; create it, or correct policyRef';
    const waiting = [...steps.slice(0, 50), stepStatus('gate', 'Running', { message }), stepStatus('other', 'Running')];
    const lines = drawRun(aRun({ phase: 'Running', stepStatuses: waiting }), msAfter(1));
    const rows = fitLines(lines, waiting, { columns: 60, rows: 7 }).map(({ text }) => text);
    expect(rows.slice(2)).toEqual([
      '  ▶ Running   gate     waits for ApprovalPolicy "board",',
      '      which does not exist in namespace "ci"; create it, or',
      '      correct policyRef',
      '  … and 51 more: 50 Succeeded, 1 Running',
    ]);
    expect(rows.every((row) => row.length < 60)).toBe(true);
    const wide = fitLines(lines, waiting, { columns: 60, rows: 100 }).map(({ text }) => text);
    expect(wide).toContain('      correct policyRef');
  });

  test('cuts lines to its width, wide characters counted twice', () => {
    expect(fitted(20, 100).every((line) => line.length <= 20)).toBe(true);
    const [line] = fitLines([{ text: '漢字漢字漢字' }], [], { columns: 8, rows: 5 });
    expect(line?.text).toBe('漢字漢…');
  });
});

test.each([
  [-5_000, '0s'],
  [59_999, '59s'],
  [65_000, '1m05s'],
  [7_380_000, '2h03m'],
  [273_600_000, '3d04h'],
])('%i ms read as %s', (ms, text) => {
  expect(formatElapsed(ms)).toBe(text);
});

test('durations are read as they are written for kubectl, and nothing else is', () => {
  expect(['90s', '10m', '1h30m', '2d'].map(readElapsed)).toEqual([90_000, 600_000, 5_400_000, 172_800_000]);
  expect(['', '10', 'm', '1.5h', '-1s', '10 m', '1w'].map(readElapsed)).toEqual(Array(7).fill(undefined));
});
