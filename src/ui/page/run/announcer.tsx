import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { countLooks, LOOKS } from '../looks.ts';
import { displayCount } from '../names.ts';
import { usePage } from '../page-state.ts';
import type { Shown } from '../store.ts';

/** Changes that follow each other faster are announced together. */
const GATHER_MS = 1_500;

/** Announces the changes of the selected run to screen readers. */
export function Announcer() {
  const { shown, notice } = usePage();
  const spoken = useSignal('');
  const words = describeShown(shown.value);
  useEffect(() => {
    const timer = setTimeout(() => {
      spoken.value = words;
    }, GATHER_MS);
    return () => clearTimeout(timer);
  }, [words]);
  return (
    <div class="hidden" role="status" aria-live="polite">
      {[notice.value, spoken.value].filter(Boolean).join(' ')}
    </div>
  );
}

/** Describes a run in a sentence: its phase, and how many steps are in each. */
function describeShown(shown: Shown | undefined): string {
  const { run, picture, steps, actions } = shown ?? {};
  if (run === undefined || picture === undefined || steps === undefined) return '';
  const counts = countLooks(picture.boxes, steps).filter(({ look }) => look !== LOOKS.pending);
  const waits = new Set(actions?.flatMap(({ step }) => step ?? [])).size;
  const words = counts.map(({ look, count }) => `${count} ${look.word.toLowerCase()}`);
  const wait = waits === 0 ? '' : ` ${displayCount(waits, 'step waits', 'steps wait')} for approval.`;
  const size = displayCount(picture.boxes.length, 'step');
  return `${run.name}: ${run.phase || 'not started'}, ${size}: ${words.join(', ') || 'none started'}.${wait}`;
}
