import { select } from 'd3-selection';
import { zoom, zoomIdentity, zoomTransform } from 'd3-zoom';
import type { Picture, StepView } from '../protocol.ts';
import { type Card, createCard, createMeasure, updateCard } from './cards.ts';
import { drawn, element } from './dom.ts';
import { drawEdges } from './edges.ts';
import { findNext } from './keys.ts';
import { fitIn, reveal, SCALES, startIn, type Viewport } from './viewport.ts';

export interface GraphOptions {
  readonly place: HTMLElement;
  /** Called when the user chooses a box, or with undefined when no box is chosen. */
  readonly onSelect: (index: number | undefined) => void;
}

/** Below this scale, text is not legible, so boxes are filled with their colors instead. */
const LEGIBLE = 0.42;
/** With more edges, the picture hides the edges at a small scale. */
const LEGIBLE_EDGES = 600;
/** With more edges, a drawing is only a grey area, so only the edges of the chosen step are drawn. */
const MOST_EDGES = 6_000;

/** Creates the drawing of a graph. The user can move it, zoom it, and choose a box. */
export function createGraph({ place, onSelect }: GraphOptions) {
  const scene = drawn('g');
  const svg = drawn('svg', { class: 'canvas', role: 'group', 'aria-label': 'Steps' }, scene);
  const measure = createMeasure();
  let picture: Picture | undefined;
  let cards: Card[] = [];
  let isFitted = true;
  let chosen: number | undefined;
  let focus = 0;
  let chosenEdges = drawn('g');
  let headings = drawn('g');
  let frame = 0;

  function show(): void {
    if (frame !== 0) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      const viewport = zoomTransform(svg);
      scene.setAttribute('transform', viewport.toString());
      svg.classList.toggle('far', viewport.k < LEGIBLE);
      headings.style.setProperty('--scale', String(viewport.k));
    });
  }

  /** d3-zoom holds the viewport, and handles the mouse, the wheel, touch and double clicks. */
  const zooming = zoom<SVGSVGElement, unknown>()
    .scaleExtent(SCALES)
    .filter((event: MouseEvent) => !event.button && !isPan(event) && (!event.ctrlKey || event.type === 'wheel'))
    .on('zoom', () => {
      isFitted = false;
      show();
    });
  const canvas = select<SVGSVGElement, unknown>(svg).call(zooming);

  function move({ x, y, scale }: Viewport): void {
    zooming.transform(canvas, zoomIdentity.translate(x, y).scale(scale));
  }

  function fitAll(): void {
    if (picture === undefined) return;
    move(fitIn(picture, svg.getBoundingClientRect()));
    isFitted = true;
  }

  function zoomBy(factor: number): void {
    zooming.scaleBy(canvas, factor);
  }

  function draw(next: Picture | undefined): void {
    picture = next;
    chosen = undefined;
    focus = 0;
    cards = [];
    scene.replaceChildren();
    if (next === undefined) return;
    svg.classList.toggle('many', next.edges.length > LEGIBLE_EDGES);
    const { bands, edges, boxes, isSequential } = next;
    headings = drawHeadings(next);
    scene.append(
      ...bands.map(({ x, y, width, height }) => drawn('rect', { class: 'band', rx: 10, x, y, width, height })),
      headings,
      ...drawKinds(next, edges.length > MOST_EDGES ? [] : edges, isSequential),
    );
    chosenEdges = drawn('g');
    cards = boxes.map((box, index) => createCard(box, index, measure));
    scene.append(chosenEdges, ...cards.map(({ group }) => group));
    const window = svg.getBoundingClientRect();
    const start = startIn(next, boxes.length, window);
    move(start);
    isFitted = start.scale === fitIn(next, window).scale;
  }

  function update(index: number, step: StepView | undefined): void {
    const [box, card] = [picture?.boxes[index], cards[index]];
    if (box === undefined || card === undefined) return;
    updateCard(card, box, step, measure);
  }

  function choose(index: number | undefined, isSeen = true): void {
    if (chosen !== undefined) mark(chosen, false);
    chosen = index;
    chosenEdges.replaceChildren();
    const [box, card] = index === undefined ? [] : [picture?.boxes[index], cards[index]];
    if (picture === undefined || index === undefined || box === undefined || card === undefined) return;
    const own = picture.edges.filter(({ from, to, isOnLoop }) => !isOnLoop && (from === index || to === index));
    chosenEdges.replaceChildren(drawAll(picture, own, 'near'));
    mark(index, true);
    setFocus(index);
    // If the whole graph is visible, it stays visible in the smaller window beside the details.
    const { x, y, k: scale } = zoomTransform(svg);
    if (isSeen && !(isFitted && scale >= LEGIBLE)) move(reveal({ x, y, scale }, box, svg.getBoundingClientRect()));
  }

  function mark(index: number, isChosen: boolean): void {
    cards[index]?.group.classList.toggle('chosen', isChosen);
    cards[index]?.button.setAttribute('aria-pressed', String(isChosen));
  }

  /** The Tab key stops at only one box. The arrow keys move from there. */
  function setFocus(index: number): void {
    cards[focus]?.button.setAttribute('tabindex', '-1');
    focus = index;
    cards[focus]?.button.setAttribute('tabindex', '0');
  }

  function dim(isDimmed: ((index: number) => boolean) | undefined): void {
    for (const [index, { group }] of cards.entries()) group.classList.toggle('dim', isDimmed?.(index) ?? false);
  }

  svg.addEventListener('click', ({ target }) => onSelect(indexOf(target)));
  svg.addEventListener('keydown', (event) => {
    const index = indexOf(event.target);
    if (index === undefined || picture === undefined) return;
    if (event.key === 'Enter' || event.key === ' ') onSelect(index);
    const next = findNext(picture, index, event.key);
    if (next !== undefined) {
      setFocus(next);
      cards[next]?.button.focus({ preventScroll: true });
      onSelect(next);
    }
    if (next !== undefined || event.key === ' ') event.preventDefault();
  });
  svg.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const { k } = zoomTransform(svg);
      if (isPan(event)) zooming.translateBy(canvas, -event.deltaX / k, -event.deltaY / k);
    },
    { passive: false },
  );
  const resizing = new ResizeObserver(() => {
    if (isFitted) fitAll();
  });
  resizing.observe(svg);

  const button = (text: string, title: string, act: () => void) => {
    const made = element('button', { type: 'button', title, 'aria-label': title }, text);
    made.addEventListener('click', act);
    return made;
  };
  place.append(
    svg,
    element(
      'div',
      { class: 'zoom' },
      button('+', 'Zoom in', () => zoomBy(1.3)),
      button('−', 'Zoom out', () => zoomBy(1 / 1.3)),
      button('⤢', 'Fit the whole graph', fitAll),
    ),
  );

  function remove(): void {
    resizing.disconnect();
    cancelAnimationFrame(frame);
    place.replaceChildren();
  }

  return { draw, update, choose, dim, fitAll, zoomBy, remove };
}

/**
 * Returns true for a wheel event with a horizontal part, which comes from two fingers on a touchpad. Such an event
 * pans.
 */
function isPan(event: MouseEvent): boolean {
  return event instanceof WheelEvent && event.deltaX !== 0 && !event.ctrlKey;
}

function indexOf(target: EventTarget | null): number | undefined {
  const group = target instanceof Element ? target.closest('g.card') : null;
  return group === null ? undefined : Number(group.getAttribute('data-index'));
}

/** The width of a letter of a heading, as a fraction of its font size. */
const LETTER = 0.78;
/** The ratio of the space above the boxes of a band to the size of its heading. */
const HEADING_ROOM = 30 / 11;

/**
 * Draws the headings of the waves, right above their boxes. The style sheet keeps them legible at each scale, and their
 * size is at most `--most`, at which a heading is as wide as its band.
 */
function drawHeadings({ bands, headingSize }: Picture): SVGGElement {
  const texts = bands.map(({ heading, x, y, width }) => {
    const text = drawn('text', { class: 'heading', x: x + 14, y: y + HEADING_ROOM * headingSize - 10 }, heading);
    const most = Math.min(headingSize, (width - 28) / (Math.max(1, heading.length) * LETTER));
    text.style.setProperty('--most', `${most}px`);
    return text;
  });
  return drawn('g', { class: 'headings' }, ...texts);
}

/** Draws the edges in four groups: only order, order and data, only data, and edges on a loop. */
function drawKinds(picture: Picture, edges: Picture['edges'], isSequential: boolean): SVGGElement[] {
  const plain = edges.filter(({ isOnLoop }) => !isOnLoop);
  const order = isSequential ? 'sequential' : '';
  return [
    drawAll(
      picture,
      plain.filter(({ reads }) => reads.length === 0),
      order,
    ),
    drawAll(
      picture,
      plain.filter(({ isOrder, reads }) => isOrder && reads.length > 0),
      `data ${order}`,
    ),
    drawAll(
      picture,
      plain.filter(({ isOrder }) => !isOrder),
      'data reads',
    ),
    drawAll(
      picture,
      picture.edges.filter(({ isOnLoop }) => isOnLoop),
      'loop',
    ),
  ];
}

function drawAll(picture: Picture, edges: Picture['edges'], name: string): SVGGElement {
  const { lines, heads } = drawEdges(picture, edges);
  return drawn(
    'g',
    { class: `edges ${name}` },
    drawn('path', { class: 'lines', d: lines }),
    drawn('path', { class: 'heads', d: heads }),
  );
}
