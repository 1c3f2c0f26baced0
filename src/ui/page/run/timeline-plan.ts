import { type Look, lookOf } from '../looks.ts';
import type { Picture, StepView } from '../protocol.ts';
import { formatDuration } from '../time.ts';

/** A run over time, from its first start until now, or until its end. */
export interface Plan {
  readonly startMs: number;
  readonly endMs: number;
  readonly bars: readonly Bar[];
  /** The number of steps that have not started or never will. */
  readonly unstarted: number;
}

/** The bar of a step. `from` and `to` are fractions of the whole, from 0 to 1. */
export interface Bar {
  readonly index: number;
  readonly label: string;
  readonly look: Look;
  readonly from: number;
  readonly to: number;
  /** The step has not ended. */
  readonly isOpen: boolean;
  readonly ms: number;
}

/** A time above the bars. `at` is a fraction of the whole. */
export interface Tick {
  readonly at: number;
  readonly label: string;
}

const MOST_TICKS = 6;
/** The longest label, such as `23h 50m`, and a gap. */
const TICK_PX = 52;
const NICE_MS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400].map(
  (s) => s * 1000,
);

/**
 * Plans the bars, in the order of their starts. Undefined if no step has started. Only the last attempt of a step has
 * times.
 */
export function planTimeline({ boxes }: Picture, steps: Iterable<StepView>, nowMs: number): Plan | undefined {
  const all = [...steps];
  const started = all.flatMap((step) => {
    const startMs = Date.parse(step.startedAt ?? '');
    if (Number.isNaN(startMs)) return [];
    const isOpen = step.phase === 'Running' || step.phase === 'Retrying';
    const finishedMs = Date.parse(step.finishedAt ?? '');
    const endMs = isOpen ? Math.max(nowMs, startMs) : Number.isNaN(finishedMs) ? startMs : finishedMs;
    return [{ step, startMs, endMs: Math.max(startMs, endMs), isOpen }];
  });
  if (started.length === 0) return undefined;
  started.sort((left, right) => left.startMs - right.startMs || left.step.index - right.step.index);
  const startMs = started[0]?.startMs ?? 0;
  const endMs = started.reduce((latest, { endMs: end }) => Math.max(latest, end), startMs + 1_000);
  const part = (ms: number) => (ms - startMs) / (endMs - startMs);
  const bars = started.flatMap(({ step, startMs: from, endMs: to, isOpen }): Bar[] => {
    const box = boxes[step.index];
    if (box === undefined) return [];
    const { index } = step;
    return [{ index, label: box.name, look: lookOf(box, step), from: part(from), to: part(to), isOpen, ms: to - from }];
  });
  return { startMs, endMs, bars, unstarted: all.length - started.length };
}

/** Plans ticks at round times, as many as a track of this width in pixels has room for. */
export function planTicks({ startMs, endMs }: Pick<Plan, 'startMs' | 'endMs'>, trackPx: number): readonly Tick[] {
  const lengthMs = endMs - startMs;
  const most = Math.min(MOST_TICKS, Math.max(1, Math.floor(trackPx / TICK_PX)));
  const spacing =
    NICE_MS.find((nice) => lengthMs / nice <= most) ?? Math.ceil(lengthMs / most / 86_400_000) * 86_400_000;
  return Array.from({ length: Math.floor(lengthMs / spacing) + 1 }, (_, index) => ({
    at: (index * spacing) / lengthMs,
    label:
      index === 0
        ? '0'
        : formatDuration(index * spacing)
            .replace(/\.0s$/, 's')
            .replace(/m 00s$/, 'm')
            .replace(/h 00m$/, 'h'),
  }));
}
