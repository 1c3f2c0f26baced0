import type { BoxView, StepView } from './protocol.ts';

/** The look of a step: a class of the style sheet, a word, and a shape that identifies it without colors. */
export interface Look {
  readonly name: string;
  readonly word: string;
  /** Path data in a square of 16 by 16. It is stroked. */
  readonly shape: string;
}

const look = (name: string, word: string, shape: string): Look => ({ name, word, shape });

const RING = 'M8 3.2a4.8 4.8 0 1 0 0 9.6a4.8 4.8 0 1 0 0-9.6z';

/** The looks, in the order of a progress bar: what is done comes before what runs, and that before what waits. */
export const LOOKS = {
  succeeded: look('succeeded', 'Succeeded', 'M3 8.6l3.4 3.4L13 4.6'),
  ignored: look('ignored', 'Failed, tolerated', 'M8 2.6L14 13H2zM8 6.6v2.8M8 11.2v.2'),
  failed: look('failed', 'Failed', 'M4 4l8 8M12 4l-8 8'),
  skipped: look('skipped', 'Skipped', 'M3 4l4 4l-4 4M7.6 4l4 4l-4 4M13.6 4v8'),
  cancelled: look('cancelled', 'Cancelled', `${RING}M4.7 4.7l6.6 6.6`),
  running: look('running', 'Running', 'M5.5 3.5l7 4.5l-7 4.5z'),
  retrying: look('retrying', 'Retrying', 'M12.8 8.6a4.9 4.9 0 1 1-1.3-4M12.2 1.8v3.2h-3.2'),
  pending: look('pending', 'Pending', RING),
  ready: look('ready', 'Ready', RING),
  loop: look(
    'loop',
    'On a loop',
    'M12.8 7.4a4.9 4.9 0 0 0-9.2-1.6M3.2 2.6v3.3h3.3M3.2 8.6a4.9 4.9 0 0 0 9.2 1.6M12.8 13.4v-3.3H9.5',
  ),
  stuck: look('stuck', 'Can never start', 'M5.6 3.8v8.4M10.4 3.8v8.4'),
  missing: look('missing', 'Missing', 'M5.4 6a2.6 2.6 0 1 1 3.8 2.3c-.8.4-1.2 1-1.2 1.8M8 12.6v.2'),
  unknown: look('unknown', 'Unknown', 'M4 8h.2M8 8h.2M12 8h.2'),
} as const;

const OF_PHASE: Readonly<Record<StepView['phase'], Look>> = {
  Pending: LOOKS.pending,
  Running: LOOKS.running,
  Retrying: LOOKS.retrying,
  Succeeded: LOOKS.succeeded,
  Failed: LOOKS.failed,
  Skipped: LOOKS.skipped,
  Cancelled: LOOKS.cancelled,
};

/** Returns the look of a box: of its step in a run or, if there is no run, of the box in the graph. */
export function lookOf(box: BoxView, step: StepView | undefined): Look {
  if (box.state === 'missing') return LOOKS.missing;
  if (step === undefined || (step.phase === 'Pending' && box.state !== 'ready')) return LOOKS[box.state];
  return step.isIgnored ? LOOKS.ignored : OF_PHASE[step.phase];
}

/** Returns the look of a run or an Orchestration in a list. */
export function lookOfPhase(phase: string): Look {
  if (phase === 'Ready') return LOOKS.succeeded;
  if (phase === 'Invalid') return LOOKS.failed;
  return Object.hasOwn(OF_PHASE, phase) ? OF_PHASE[phase as StepView['phase']] : LOOKS.unknown;
}

/** Counts the steps of each look, in the order of `LOOKS`. Looks without steps are left out. */
export function countLooks(
  boxes: readonly BoxView[],
  steps: ReadonlyMap<number, StepView>,
): { readonly look: Look; readonly count: number }[] {
  const counts = new Map<Look, number>();
  for (const [index, box] of boxes.entries()) {
    const look = lookOf(box, steps.get(index));
    counts.set(look, (counts.get(look) ?? 0) + 1);
  }
  return Object.values(LOOKS).flatMap((one) => {
    const count = counts.get(one);
    return count === undefined ? [] : [{ look: one, count }];
  });
}
