import { useLayoutEffect, useMemo } from 'preact/hooks';
import { findBoxes } from '../graph/search.ts';
import { lookOf } from '../looks.ts';
import { displayCount } from '../names.ts';
import { usePage } from '../page-state.ts';
import type { Picture } from '../protocol.ts';
import type { Shown } from '../store.ts';
import { GraphView, isTyping } from './graph-view.tsx';
import { StepPanel } from './step-panel.tsx';
import { Timeline } from './timeline.tsx';

/** The graph, the chosen step beside it, and the timeline. */
export function Stage({ shown, picture }: { readonly shown: Shown; readonly picture: Picture }) {
  const { route, chooseStep, search, wanted } = usePage();
  const { steps } = shown;
  const { step } = route.value;
  const index = useMemo(() => picture.boxes.findIndex(({ name }) => name === step), [picture, step]);
  const chosen = index < 0 ? undefined : index;
  const [text, look] = [search.value, wanted.value];
  const isShown = useMemo(() => {
    if (text.trim() !== '') {
      const found = new Set(findBoxes(picture, text));
      return (at: number) => found.has(at);
    }
    if (look === undefined) return undefined;
    return (at: number) => {
      const box = picture.boxes[at];
      return box !== undefined && lookOf(box, steps.get(at)) === look;
    };
  }, [picture, text, look, look && steps]);
  const isDimmed = useMemo(() => isShown && ((at: number) => !isShown(at)), [isShown]);
  const choose = (at: number | undefined) => {
    const isClosed = at === undefined && chosen !== undefined;
    chooseStep(at === undefined ? undefined : picture.boxes[at]?.name);
    if (isClosed) document.querySelector<SVGElement>('g.card [tabindex="0"]')?.focus({ preventScroll: true });
  };
  useKeys(() => choose(undefined));
  return (
    <>
      <div class="stage">
        <div class="drawing">
          <StepSearch picture={picture} chosen={chosen} />
          <GraphView
            {...{ picture, steps, chosen, isDimmed }}
            onSelect={choose}
            label={`Graph of ${displayCount(picture.boxes.length, 'step')}`}
          />
        </div>
        {chosen === undefined ? undefined : <StepPanel {...{ shown, picture, index: chosen, onChoose: choose }} />}
      </div>
      <Timeline {...{ picture, steps, chosen, isShown }} onChoose={choose} />
    </>
  );
}

/**
 * A slash leads to the search. Escape undoes one thing: the text of the search, or else the choice in the legend, or
 * else the choice of the step. A dialog closes itself.
 */
function useKeys(close: () => void): void {
  const { search, wanted } = usePage();
  // A layout effect, so that no key is lost that somebody presses as soon as they see the graph.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === '/' && !isTyping(event.target)) {
        event.preventDefault();
        document.getElementById('search')?.focus();
      }
      if (event.key !== 'Escape' || document.querySelector('dialog[open]') !== null) return;
      if (search.peek() !== '') search.value = '';
      else if (wanted.peek() !== undefined) wanted.value = undefined;
      else close();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });
}

function StepSearch({ picture, chosen }: { readonly picture: Picture; readonly chosen: number | undefined }) {
  const { search, wanted, chooseStep } = usePage();
  const text = search.value;
  const found = useMemo(() => findBoxes(picture, text), [picture, text]);
  const chooseNext = () => {
    const next = found.find((at) => at > (chosen ?? -1)) ?? found[0];
    if (next !== undefined) chooseStep(picture.boxes[next]?.name);
  };
  return (
    <search class="search">
      <input
        id="search"
        type="search"
        placeholder="Find a step (press /)"
        aria-label="Find a step"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => {
          wanted.value = undefined;
          search.value = currentTarget.value;
        }}
        onKeyDown={({ key }) => {
          if (key === 'Enter') chooseNext();
        }}
      />
      <span id="found" role="status">
        {text.trim() === '' ? '' : `${found.length} found`}
      </span>
    </search>
  );
}
