import { element, icon } from './dom.ts';
import { type Look, lookOf } from './looks.ts';
import { describeKind, type Model, readValue } from './model.ts';
import type { BoxView, NamedText, Picture, StepView } from './protocol.ts';
import { formatDuration, formatTime } from './time.ts';

export interface DetailsOptions {
  readonly model: Model;
  readonly index: number;
  readonly nowMs: number;
  readonly onSelect: (index: number | undefined) => void;
}

/** The maximum number of neighbors in the list. The graph shows the others. */
const MOST_NEIGHBOURS = 12;

/** Draws everything that is known about one box. */
export function drawDetails({ model, index, nowMs, onSelect }: DetailsOptions): HTMLElement[] {
  const { picture, steps } = model;
  const box = picture?.boxes[index];
  if (picture === undefined || box === undefined) return [];
  const step = steps.get(index);
  const look = lookOf(box, step);
  const link = (at: number, word = '') => drawLink(picture, steps, at, word, onSelect);
  const waitsFor = picture.edges.filter(({ to, isOrder }) => to === index && isOrder).map(({ from }) => from);
  const neededBy = picture.edges.filter(({ from }) => from === index).map(({ to }) => to);
  const close = element(
    'button',
    { type: 'button', class: 'close', title: 'Close (Escape)', 'aria-label': 'Close' },
    '×',
  );
  close.addEventListener('click', () => onSelect(undefined));
  return [
    close,
    element('h2', {}, element('bdi', {}, box.label)),
    element(
      'p',
      { class: 'kind' },
      element('span', { class: `chip ${look.name}` }, icon(look), look.word),
      describeKind(picture, box),
    ),
    ...(step?.why ?? [describeState(box)]).map((sentence) => element('p', { class: 'why' }, sentence)),
    ...(step?.because ?? []).map(({ word, index: at }) => link(at, word)),
    ...(step === undefined ? [] : [drawFacts(step, nowMs)]),
    ...(box.condition === '' ? [] : [element('h3', {}, 'Runs on a condition'), element('p', {}, box.condition)]),
    ...drawTexts('Inputs', box.inputs),
    ...drawReads(model, index, link),
    ...drawChild(step),
    ...drawTexts('Outputs', step?.outputs),
    ...drawNeighbours('Waits for', waitsFor, link),
    ...drawNeighbours('Needed by', neededBy, link),
  ];
}

function describeState({ state }: BoxView): string {
  switch (state) {
    case 'ready':
      return 'It starts as soon as everything it waits for is done.';
    case 'loop':
      return 'It is on a loop, so it depends on itself. Remove one of the dependencies on the loop.';
    case 'stuck':
      return 'It can never start: it waits for steps on a loop.';
    case 'missing':
      return 'No step has this name, but other steps depend on it.';
    default:
      return state satisfies never;
  }
}

function drawLink(
  { boxes }: Picture,
  steps: ReadonlyMap<number, StepView>,
  at: number,
  word: string,
  onSelect: (index: number) => void,
): HTMLElement {
  const box = boxes[at];
  const look: Look | undefined = box && lookOf(box, steps.get(at));
  const made = element(
    'button',
    { type: 'button', class: 'link' },
    word === '' ? undefined : element('span', { class: 'word' }, word),
    look && icon(look),
    element('bdi', {}, box?.label ?? ''),
    element('span', { class: 'phase' }, look?.word ?? ''),
  );
  made.addEventListener('click', () => onSelect(at));
  return made;
}

function drawNeighbours(title: string, indexes: readonly number[], link: (at: number) => HTMLElement): HTMLElement[] {
  if (indexes.length === 0) return [];
  const rest = indexes.length - MOST_NEIGHBOURS;
  return [
    element('h3', {}, title),
    ...indexes.slice(0, MOST_NEIGHBOURS).map((at) => link(at)),
    ...(rest > 0 ? [element('p', { class: 'rest' }, `and ${rest} more`)] : []),
  ];
}

function drawFacts(step: StepView, nowMs: number): HTMLElement {
  const { attempt, mostAttempts, startedAt, finishedAt, nextRetryAt, reason, phase } = step;
  const isOpen = phase === 'Running' || phase === 'Retrying';
  const startMs = Date.parse(startedAt ?? '');
  const endMs = isOpen ? nowMs : Date.parse(finishedAt ?? '');
  const attempts =
    attempt === 0 ? 'none yet' : mostAttempts > 1 ? `${attempt} of at most ${mostAttempts}` : `${attempt}`;
  const facts: [string, string | undefined][] = [
    ['Attempts', attempts],
    ['Reason', reason || undefined],
    ['Started', startedAt && formatTime(startedAt, nowMs)],
    ['Finished', finishedAt && formatTime(finishedAt, nowMs)],
    [isOpen ? 'For' : 'Took', formatDuration(endMs - startMs) || undefined],
    [
      'Next attempt',
      nextRetryAt && `${formatTime(nextRetryAt, nowMs)} (in ${formatDuration(Date.parse(nextRetryAt) - nowMs)})`,
    ],
  ];
  return drawPairs(facts);
}

function drawPairs(pairs: readonly (readonly [string, string | undefined])[]): HTMLElement {
  const rows = pairs.flatMap(([name, value]) =>
    value === undefined ? [] : [element('dt', {}, name), element('dd', {}, value)],
  );
  return element('dl', {}, ...rows);
}

function drawTexts(title: string, texts: readonly NamedText[] = []): HTMLElement[] {
  return texts.length === 0 ? [] : [element('h3', {}, title), drawPairs(texts.map(({ name, value }) => [name, value]))];
}

/** Draws what the step reads of others, with the values that are known. */
function drawReads({ picture, steps }: Model, index: number, link: (at: number) => HTMLElement): HTMLElement[] {
  const edges = picture?.edges.filter(({ to, reads }) => to === index && reads.length > 0) ?? [];
  if (edges.length === 0) return [];
  const drawn = edges.flatMap(({ from, reads }) => [
    link(from),
    drawPairs(reads.map((name) => [name, readValue(steps.get(from), name) ?? 'not known'])),
  ]);
  return [element('h3', {}, 'Reads'), ...drawn];
}

function drawChild(step: StepView | undefined): HTMLElement[] {
  if (step?.child === undefined) return [];
  const { kind, name, command } = step.child;
  const copy = element('button', { type: 'button', class: 'copy' }, 'Copy');
  copy.addEventListener('click', () => {
    navigator.clipboard.writeText(command).then(
      () => {
        copy.textContent = 'Copied';
      },
      () => {
        copy.textContent = 'Copy failed';
      },
    );
  });
  return [
    element('h3', {}, kind),
    element('p', { class: 'child' }, element('bdi', {}, name)),
    element('div', { class: 'command' }, element('code', {}, command), copy),
  ];
}
