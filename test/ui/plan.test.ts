import { describe, expect, test } from 'vitest';
import type { Picture, StepView } from '../../src/ui/page/protocol.ts';
import { planTicks, planTimeline } from '../../src/ui/page/run/timeline-plan.ts';
import { formatAge, formatDuration } from '../../src/ui/page/time.ts';

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const ms = (second: number) => Date.parse(at(second));
const picture = (...labels: string[]): Picture => ({
  ...{ width: 1, height: 1, headingSize: 1, isSequential: false, bands: [], edges: [], problems: [], kinds: {} },
  boxes: labels.map((label) => ({
    x: 0,
    y: 0,
    width: 1,
    height: 1,
    name: label,
    label,
    kind: 'K',
    state: 'ready',
    condition: '',
    inputs: [],
  })),
});
const view = (index: number, phase: StepView['phase'], times: Partial<StepView> = {}): StepView => ({
  ...{ index, phase, isIgnored: false, why: [], because: [], reason: '', attempt: 1, mostAttempts: 1 },
  ...times,
});

describe('a timeline', () => {
  test('runs from the first start to now, and shows bars in the order of their starts', () => {
    const steps = [
      view(0, 'Running', { startedAt: at(5) }),
      view(1, 'Succeeded', { startedAt: at(0), finishedAt: at(4) }),
      view(2, 'Pending'),
    ];
    const plan = planTimeline(picture('a', 'b', 'c'), steps, ms(10));
    expect(plan?.bars.map(({ label, from, to, isOpen, ms: length }) => [label, from, to, isOpen, length])).toEqual([
      ['b', 0, 0.4, false, 4_000],
      ['a', 0.5, 1, true, 5_000],
    ]);
    expect(plan?.unstarted).toBe(1);
  });

  test('ends with the last step, even if that was long ago', () => {
    const plan = planTimeline(picture('a'), [view(0, 'Failed', { startedAt: at(0), finishedAt: at(2) })], ms(50));
    expect([plan?.endMs, plan?.bars[0]?.to]).toEqual([ms(2), 1]);
  });

  test('has ticks at round times, all within the timeline', () => {
    const ticks = planTicks({ startMs: ms(0), endMs: ms(45) }, 1_000);
    expect(ticks.map(({ label }) => label)).toEqual(['0', '10s', '20s', '30s', '40s']);
    expect(ticks.every((tick) => tick.at >= 0 && tick.at <= 1)).toBe(true);
  });

  test.each([
    [0, ['0', '10m']],
    [104, ['0', '5m', '10m']],
    [200, ['0', '5m', '10m']],
    [320, ['0', '2m', '4m', '6m', '8m', '10m']],
  ])('has on %d pixels no more ticks than have room', (width, labels) => {
    expect(planTicks({ startMs: ms(0), endMs: ms(600) }, width).map(({ label }) => label)).toEqual(labels);
  });

  test('handles clock skew and invalid times', () => {
    const steps = [
      view(0, 'Running', { startedAt: at(60) }),
      view(1, 'Failed', { startedAt: 'x' }),
      view(2, 'Failed', { startedAt: at(60), finishedAt: 'x' }),
    ];
    const plan = planTimeline(picture('a', 'b', 'c'), steps, ms(0));
    expect(plan?.bars.map(({ from, to }) => [from, to])).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(planTimeline(picture('a'), [view(0, 'Pending')], ms(0))).toBeUndefined();
  });
});

test.each([
  [0, '0.0s'],
  [1_240, '1.2s'],
  [59_999, '59s'],
  [65_000, '1m 05s'],
  [7_800_000, '2h 10m'],
  [360_000_000, '4d 4h'],
  [-5, '0.0s'],
  [Number.NaN, ''],
])('formats %d ms as %j', (length, words) => {
  expect(formatDuration(length)).toBe(words);
});

test('formats an age in one unit', () => {
  expect([3_000, 200_000, 7_300_000, 200_000_000].map(formatAge)).toEqual(['3s ago', '3m ago', '2h ago', '2d ago']);
});
