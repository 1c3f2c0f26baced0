import { drawn, element } from './dom.ts';
import { drawEdges } from './edges.ts';
import { findNext } from './keys.ts';
import { type Look, lookOf } from './looks.ts';
import { followPointer } from './pointer.ts';
import type { BoxView, Picture, StepView } from './protocol.ts';
import { fitIn, reveal, type Viewport, zoom } from './viewport.ts';

export interface GraphOptions {
  readonly place: HTMLElement;
  /** A box was chosen, or with undefined none. */
  readonly onSelect: (index: number | undefined) => void;
}

/** A box as it is in the document. */
interface Card {
  readonly group: SVGGElement;
  readonly shape: SVGPathElement;
  readonly second: SVGTextElement;
  shown: string;
}

/** Below this scale text is a grey line: the boxes are filled with their colours in its place. */
const LEGIBLE = 0.42;
/** More than these tell nothing from afar. */
const LEGIBLE_EDGES = 600;
/** More edges than this are a grey cloud: only those of the chosen step are drawn. */
const MOST_EDGES = 6_000;
const TEXT_X = 36;

/** The drawing of a graph, to be moved, enlarged and chosen from. */
export function createGraph({ place, onSelect }: GraphOptions) {
  const scene = drawn('g');
  const svg = drawn('svg', { class: 'canvas', role: 'group', 'aria-label': 'Steps' }, scene);
  const measure = createMeasure();
  let picture: Picture | undefined;
  let cards: Card[] = [];
  let viewport: Viewport = { x: 0, y: 0, scale: 1 };
  let isFitted = true;
  let chosen: number | undefined;
  let focus = 0;
  let chosenEdges = drawn('g');
  let frame = 0;

  function show(): void {
    if (frame !== 0) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      const { x, y, scale } = viewport;
      scene.setAttribute('transform', `translate(${x} ${y}) scale(${scale})`);
      svg.classList.toggle('far', scale < LEGIBLE);
    });
  }

  function move(next: Viewport): void {
    viewport = next;
    isFitted = false;
    show();
  }

  function fitAll(): void {
    if (picture === undefined) return;
    viewport = fitIn(picture, svg.getBoundingClientRect());
    isFitted = true;
    show();
  }

  function zoomBy(factor: number): void {
    const { width, height } = svg.getBoundingClientRect();
    move(zoom(viewport, factor, { x: width / 2, y: height / 2 }));
  }

  function draw(next: Picture | undefined): void {
    picture = next;
    chosen = undefined;
    focus = 0;
    cards = [];
    scene.replaceChildren();
    if (next === undefined) return;
    svg.classList.toggle('many', next.edges.length > LEGIBLE_EDGES);
    const { bands, edges, boxes, isSequential, headingSize } = next;
    scene.append(
      ...bands.map(({ heading, ...size }) =>
        drawn('g', {}, drawn('rect', { class: 'band', rx: 10, ...size }), drawHeading(heading, headingSize, size)),
      ),
      drawAll(
        next,
        edges.length > MOST_EDGES ? [] : edges.filter(({ isOnLoop }) => !isOnLoop),
        isSequential ? 'sequential' : '',
      ),
      drawAll(
        next,
        edges.filter(({ isOnLoop }) => isOnLoop),
        'loop',
      ),
    );
    chosenEdges = drawn('g');
    cards = boxes.map((box, index) => createCard(box, index, measure));
    scene.append(chosenEdges, ...cards.map(({ group }) => group));
    fitAll();
  }

  function update(index: number, step: StepView | undefined): void {
    const [box, card] = [picture?.boxes[index], cards[index]];
    if (box === undefined || card === undefined) return;
    const look = lookOf(box, step);
    const second = describeSecond(box, look, step);
    const shown = `${look.name} ${second}`;
    if (card.shown === shown) return;
    card.shown = shown;
    card.group.setAttribute('class', `card ${look.name}${index === chosen ? ' chosen' : ''}`);
    card.group.setAttribute('aria-label', `${box.label}: ${second}`);
    card.shape.setAttribute('d', look.shape);
    card.second.textContent = measure.fit(second, box.width - TEXT_X - 10, 11);
  }

  function choose(index: number | undefined, isSeen = true): void {
    if (chosen !== undefined) cards[chosen]?.group.classList.remove('chosen');
    chosen = index;
    chosenEdges.replaceChildren();
    const [box, card] = index === undefined ? [] : [picture?.boxes[index], cards[index]];
    if (picture === undefined || index === undefined || box === undefined || card === undefined) return;
    const own = picture.edges.filter(({ from, to, isOnLoop }) => !isOnLoop && (from === index || to === index));
    chosenEdges.replaceChildren(drawAll(picture, own, 'near'));
    card.group.classList.add('chosen');
    setFocus(index);
    // What is seen whole stays so, also in the smaller window that the details leave.
    if (isSeen && !(isFitted && viewport.scale >= LEGIBLE)) move(reveal(viewport, box, svg.getBoundingClientRect()));
  }

  /** Of all boxes the Tab key stops at one; arrows go on from there. */
  function setFocus(index: number): void {
    cards[focus]?.group.setAttribute('tabindex', '-1');
    focus = index;
    cards[focus]?.group.setAttribute('tabindex', '0');
  }

  function dim(isDimmed: ((index: number) => boolean) | undefined): void {
    for (const [index, { group }] of cards.entries()) group.classList.toggle('dim', isDimmed?.(index) ?? false);
  }

  svg.addEventListener('click', ({ target }) => {
    const index = indexOf(target);
    if (index !== undefined || !pointer.hasDragged()) onSelect(index);
  });
  svg.addEventListener('keydown', (event) => {
    const index = indexOf(event.target);
    if (index === undefined || picture === undefined) return;
    if (event.key === 'Enter' || event.key === ' ') onSelect(index);
    const next = findNext(picture, index, event.key);
    if (next !== undefined) {
      setFocus(next);
      cards[next]?.group.focus({ preventScroll: true });
      onSelect(next);
    }
    if (next !== undefined || event.key === ' ') event.preventDefault();
  });
  const pointer = followPointer(svg, {
    pan: (dx, dy) => move({ ...viewport, x: viewport.x + dx, y: viewport.y + dy }),
    zoom: (factor, point) => move(zoom(viewport, factor, point)),
  });
  new ResizeObserver(() => {
    if (isFitted) fitAll();
  }).observe(svg);

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

  return { draw, update, choose, dim, fitAll, zoomBy };
}

function indexOf(target: EventTarget | null): number | undefined {
  const group = target instanceof Element ? target.closest('g.card') : null;
  return group === null ? undefined : Number(group.getAttribute('data-index'));
}

function drawHeading(text: string, size: number, { x, y }: { readonly x: number; readonly y: number }): SVGTextElement {
  return drawn('text', { class: 'heading', x: x + 14, y: y + 1.8 * size, 'font-size': size }, text);
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

function createCard(box: BoxView, index: number, measure: Measure): Card {
  const shape = drawn('path', { class: 'shape', transform: `translate(10 ${box.height / 2 - 8})` });
  const second = drawn('text', { class: 'second', x: TEXT_X, y: 32 });
  const first = drawn(
    'text',
    { class: 'first', x: TEXT_X, y: 18 },
    measure.fit(box.label, box.width - TEXT_X - 10, 13),
  );
  const group = drawn(
    'g',
    {
      class: 'card',
      role: 'button',
      tabindex: index === 0 ? 0 : -1,
      'data-index': index,
      transform: `translate(${box.x} ${box.y})`,
    },
    drawn('title', {}, box.label),
    drawn('rect', { width: box.width, height: box.height, rx: 9 }),
    shape,
    first,
    second,
  );
  return { group, shape, second, shown: '' };
}

function describeSecond({ kind }: BoxView, { word }: Look, step: StepView | undefined): string {
  const attempt =
    step !== undefined && step.mostAttempts > 1 && step.attempt > 0 ? ` ${step.attempt}/${step.mostAttempts}` : '';
  return [`${word}${attempt}`, kind].filter(Boolean).join(' · ');
}

type Measure = ReturnType<typeof createMeasure>;

/** Cuts text to a width in pixels. */
function createMeasure() {
  const context = document.createElement('canvas').getContext('2d');
  const family = getComputedStyle(document.body).fontFamily;
  function fit(text: string, width: number, size: number): string {
    if (context === null) return text;
    context.font = `${size === 13 ? 600 : 400} ${size}px ${family}`;
    if (context.measureText(text).width <= width) return text;
    const characters = Array.from(text);
    while (characters.length > 1 && context.measureText(`${characters.join('')}…`).width > width) characters.pop();
    return `${characters.join('')}…`;
  }
  return { fit };
}
