import { type Look, lookOf } from '../looks.ts';
import { printable } from '../names.ts';
import type { BoxView, StepView } from '../protocol.ts';
import { drawn } from './dom.ts';

/** The elements of a box in the document. */
export interface Card {
  readonly group: SVGGElement;
  /** The element with the focus and the accessible name. The texts are hidden from screen readers: they may be cut. */
  readonly button: SVGRectElement;
  readonly shape: SVGPathElement;
  readonly second: SVGTextElement;
  /** The look and the words that the card shows. */
  look: string;
  words: string;
}

/** The start of the text of a card, to the right of its shape. */
const TEXT_X = 36;

/** Draws a box without the state of its step. */
export function createCard(box: BoxView, index: number, measure: Measure): Card {
  const shape = drawn('path', { class: 'shape', transform: `translate(10 ${box.height / 2 - 8})` });
  const second = drawn('text', { class: 'second', x: TEXT_X, y: 32 });
  const first = drawn(
    'text',
    { class: 'first', x: TEXT_X, y: 18 },
    measure.fit(printable(box.name), box.width - TEXT_X - 10, 13),
  );
  const button = drawn('rect', {
    ...{ role: 'button', tabindex: index === 0 ? 0 : -1, 'aria-pressed': 'false' },
    ...{ width: box.width, height: box.height, rx: 9 },
  });
  const group = drawn(
    'g',
    {
      class: `card unknown${box.condition === '' ? '' : ' conditional'}`,
      'data-index': index,
      transform: `translate(${box.x} ${box.y})`,
    },
    drawn('title', {}, [printable(box.name), box.condition].filter(Boolean).join('\n')),
    button,
    drawn('g', { class: 'face', 'aria-hidden': 'true' }, shape, first, second),
  );
  return { group, button, shape, second, look: 'unknown', words: '' };
}

/** Shows the state of the step of a box. It changes the document only if the state has changed. */
export function updateCard(card: Card, box: BoxView, step: StepView | undefined, measure: Measure): void {
  const { group, button, shape, second } = card;
  const look = lookOf(box, step);
  const words = describeSecond(box, look, step);
  if (card.look === look.name && card.words === words) return;
  group.classList.replace(card.look, look.name);
  card.look = look.name;
  card.words = words;
  button.setAttribute('aria-label', `${printable(box.name)}: ${words}`);
  shape.setAttribute('d', look.shape);
  second.textContent = measure.fit(words, box.width - TEXT_X - 10, 11);
}

/** A condition is shown in place of the kind. */
function describeSecond({ kind, condition }: BoxView, { word }: Look, step: StepView | undefined): string {
  const attempt =
    step !== undefined && step.mostAttempts > 1 && step.attempt > 0 ? ` ${step.attempt}/${step.mostAttempts}` : '';
  return [`${word}${attempt}`, condition || kind].filter(Boolean).join(' · ');
}

type Measure = ReturnType<typeof createMeasure>;

/** Creates a function that cuts text to a width in pixels. */
export function createMeasure() {
  const context = document.createElement('canvas').getContext('2d');
  const family = getComputedStyle(document.body).fontFamily;
  function fit(text: string, width: number, size: number): string {
    if (context === null) return text;
    context.font = `${size === 13 ? 600 : 400} ${size}px ${family}`;
    if (context.measureText(text).width <= width) return text;
    // One visible character can consist of many Unicode characters: the emoji of a family has seven.
    const characters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
    while (characters.length > 1 && context.measureText(`${characters.join('')}…`).width > width) characters.pop();
    return `${characters.join('')}…`;
  }
  return { fit };
}
