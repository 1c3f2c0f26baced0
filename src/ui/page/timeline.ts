import { element, icon } from './dom.ts';
import type { Bar, Plan } from './plan.ts';
import { formatDuration } from './time.ts';

const ROW = 24;

/** Creates the timeline. Only the visible bars are in the document. */
export function createTimeline(place: HTMLElement, onSelect: (index: number) => void) {
  const head = element('div', { class: 'axis', 'aria-hidden': 'true' });
  const rows = element('div', { class: 'rows' });
  const scroller = element('div', { class: 'scroller', tabindex: 0, 'aria-label': 'Bars of the timeline' }, rows);
  const rest = element('p', { class: 'rest' });
  place.append(element('h2', {}, 'Timeline'), head, scroller, rest);
  let plan: Plan | undefined;
  let chosen: number | undefined;
  /** The visible part at the last scroll or resize. To read it at each change would force a layout of the page. */
  let [top, height] = [0, 0];

  function show(): void {
    if (plan === undefined) return;
    const first = Math.max(0, Math.floor(top / ROW) - 2);
    const last = Math.ceil((top + height) / ROW) + 2;
    rows.style.height = `${plan.bars.length * ROW}px`;
    rows.replaceChildren(...plan.bars.slice(first, last).map((bar, at) => drawBar(bar, first + at)));
  }

  function drawBar({ index, label, look, from, to, isOpen, ms }: Bar, row: number): HTMLElement {
    const bar = element('span', { class: `bar ${look.name}${isOpen ? ' open' : ''}` });
    bar.style.left = `${from * 100}%`;
    bar.style.width = `${(to - from) * 100}%`;
    const isInside = to > 0.85 && to - from > 0.15;
    const length = element('span', { class: `length${isInside ? ' inside' : ''}` }, formatDuration(ms));
    if (isInside) length.style.right = `${(1 - to) * 100}%`;
    else if (to > 0.85) length.style.right = `${(1 - from) * 100}%`;
    else length.style.left = `${to * 100}%`;
    const made = element(
      'div',
      {
        class: `row${index === chosen ? ' chosen' : ''}`,
        title: `${label}: ${look.word}, ${formatDuration(ms)}`,
        'data-index': index,
      },
      element('span', { class: 'name' }, icon(look), element('bdi', {}, label)),
      element('span', { class: 'track' }, bar, length),
    );
    made.style.top = `${row * ROW}px`;
    return made;
  }

  const measure = () => {
    [top, height] = [scroller.scrollTop, scroller.clientHeight];
    show();
  };
  scroller.addEventListener('scroll', measure, { passive: true });
  rows.addEventListener('click', ({ target }) => {
    const row = target instanceof Element ? target.closest('.row') : null;
    if (row !== null) onSelect(Number(row.getAttribute('data-index')));
  });
  new ResizeObserver(measure).observe(scroller);

  return {
    draw(next: Plan | undefined): void {
      plan = next;
      place.hidden = next === undefined;
      if (next === undefined) return;
      const labels = next.ticks.map(({ at, label }) => {
        const tick = element('span', { class: 'tick' }, label);
        tick.style.left = `${at * 100}%`;
        return tick;
      });
      head.replaceChildren(element('span', { class: 'name' }), element('span', { class: 'track' }, ...labels));
      rest.textContent =
        next.unstarted === 0
          ? ''
          : `${next.unstarted} ${next.unstarted === 1 ? 'step has' : 'steps have'} not started.`;
      show();
    },
    choose(index: number | undefined): void {
      chosen = index;
      const row = plan?.bars.findIndex((bar) => bar.index === index) ?? -1;
      const [first, last] = [row * ROW, (row + 1) * ROW];
      if (row >= 0 && first < top) scroller.scrollTop = first;
      if (row >= 0 && last > top + height) scroller.scrollTop = last - height;
      measure();
    },
  };
}
