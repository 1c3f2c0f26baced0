import { drawDetails } from './details.ts';
import { element, part, redraw } from './dom.ts';
import { createGraph } from './graph.ts';
import { drawList } from './lists.ts';
import { type Look, lookOf } from './looks.ts';
import {
  applyMessage,
  createModel,
  findBoxes,
  forgetSelected,
  keyOf,
  listEntries,
  readRoute,
  writeRoute,
} from './model.ts';
import { planTimeline } from './plan.ts';
import type { EntryKey, Message } from './protocol.ts';
import { type Connection, followServer } from './stream.ts';
import { drawProblems, drawSummary } from './summary.ts';
import { createTimeline } from './timeline.ts';

/** The page: messages from the server change the model, and the page draws the model. */

const TOKEN = 'token';
const model = createModel();
const filter = part('filter') as HTMLInputElement;
const search = part('search') as HTMLInputElement;
let selected: EntryKey | undefined;
let chosen: number | undefined;
let wanted: Look | undefined;
let connection: Connection = { state: 'Connecting' };
let endStream = () => {};
/** Whether a redraw is scheduled. */
let isDirty = false;

const graph = createGraph({ place: part('graph'), onSelect: choose });
const timeline = createTimeline(part('timeline'), choose);

/**
 * Reads the token from the URL that the terminal shows. It stores the token for this origin and removes it from the
 * URL.
 */
function takeToken(): string {
  const [, given] = /^#token=([\w-]+)$/.exec(location.hash) ?? [];
  if (given !== undefined) {
    localStorage.setItem(TOKEN, given);
    history.replaceState(null, '', '/');
  }
  return localStorage.getItem(TOKEN) ?? '';
}

function connect(): void {
  endStream();
  const query = selected === undefined ? '' : `?${new URLSearchParams({ kind: selected.kind, name: selected.name })}`;
  endStream = followServer({
    url: `/api/events${query}`,
    token: takeToken(),
    onMessage: take,
    onConnection: (next) => {
      connection = next;
      drawSoon();
    },
  });
}

function take(message: Message): void {
  applyMessage(model, message);
  if (message.type === 'Picture') showPicture();
  if (message.type === 'Absent') graph.draw(undefined);
  if (message.type === 'Steps') {
    for (const step of message.changed) graph.update(step.index, step);
    if (wanted !== undefined) dimOthers();
  }
  // A route that the user has just chosen may not have been followed yet.
  const isUnselected = selected === undefined && readRoute(location.hash) === undefined;
  if (message.type === 'Entries' && isUnselected && message.isWhole) selectNewest();
  drawSoon();
}

/** Shows the picture. If it arrives again, after a reconnect or with changed steps, the chosen step stays chosen. */
function showPicture(): void {
  const { picture } = model;
  const label = chosen === undefined ? undefined : shownLabels[chosen];
  graph.draw(picture);
  shownLabels = picture?.boxes.map((box) => box.label) ?? [];
  for (const index of shownLabels.keys()) graph.update(index, undefined);
  const again = label === undefined ? -1 : shownLabels.indexOf(label);
  chosen = again < 0 ? undefined : again;
  graph.choose(chosen, false);
  dimOthers();
}
let shownLabels: readonly string[] = [];

/** If the URL selects nothing, selects the newest run or, if there is none, the first Orchestration. */
function selectNewest(): void {
  const entries = [...model.entries.values()];
  const [first] = [...listEntries(entries, 'OrchestrationRun', ''), ...listEntries(entries, 'Orchestration', '')];
  if (first === undefined) return;
  history.replaceState(null, '', writeRoute(first));
  follow();
}

/** Selects the object that the URL names. */
function follow(): void {
  const next = readRoute(location.hash);
  if (next === undefined && selected !== undefined) return;
  selected = next;
  chosen = undefined;
  wanted = undefined;
  search.value = '';
  shownLabels = [];
  forgetSelected(model);
  graph.draw(undefined);
  connect();
  drawSoon();
}

function choose(index: number | undefined): void {
  chosen = index;
  graph.choose(index);
  timeline.choose(index);
  drawSoon();
}

function want(look: Look | undefined): void {
  wanted = look;
  search.value = '';
  dimOthers();
  drawSoon();
}

/** Dims all boxes that the search or the legend does not select. */
function dimOthers(): void {
  const { picture, steps } = model;
  const found = picture === undefined ? [] : findBoxes(picture, search.value);
  const among = new Set(found);
  const look = wanted;
  if (search.value.trim() !== '') graph.dim((index) => !among.has(index));
  else if (look !== undefined) {
    graph.dim((index) => {
      const box = picture?.boxes[index];
      return box === undefined || lookOf(box, steps.get(index)) !== look;
    });
  } else graph.dim(undefined);
  part('found').textContent = search.value.trim() === '' ? '' : `${found.length} found`;
}

/** Chooses the next box that the search finds, after the chosen one. */
function findNextBox(): void {
  if (model.picture === undefined) return;
  const found = findBoxes(model.picture, search.value);
  const next = found.find((index) => index > (chosen ?? -1)) ?? found[0];
  if (next !== undefined) choose(next);
}

function drawSoon(): void {
  if (isDirty) return;
  isDirty = true;
  requestAnimationFrame(() => {
    isDirty = false;
    drawAll(Date.now());
  });
}

function drawAll(nowMs: number): void {
  const { context, troubles, picture, steps } = model;
  part('context').textContent = context === undefined ? '' : `${context.context} / ${context.namespace}`;
  drawConnection();
  redraw(
    part('troubles'),
    troubles.map((sentence) => element('p', { class: 'trouble' }, sentence)),
  );
  redraw(part('runs'), drawList(model, 'OrchestrationRun', filter.value, selected, nowMs));
  redraw(part('orchestrations'), drawList(model, 'Orchestration', filter.value, selected, nowMs));
  const entry = selected && model.entries.get(keyOf(selected));
  const summary = selected ? drawSummary({ model, selected, entry, nowMs, wanted, onWant: want }) : drawWelcome();
  redraw(part('summary'), summary);
  redraw(part('problems'), drawProblems(picture?.problems ?? []));
  part('stage').hidden = picture === undefined;
  const details = chosen === undefined ? [] : drawDetails({ model, index: chosen, nowMs, onSelect: choose });
  part('details').hidden = details.length === 0;
  redraw(part('details'), details);
  timeline.draw(picture && planTimeline(picture, steps.values(), nowMs));
  document.title = [selected?.name, entry?.phase, 'orchestration-gate'].filter(Boolean).join(' · ');
}

function drawConnection(): void {
  const words = { Connecting: 'Connecting …', Live: 'Live', Lost: 'Reconnecting …', Refused: 'Stopped' } as const;
  const isBehind = connection.state === 'Live' && model.troubles.length > 0;
  const place = part('connection');
  place.className = `connection ${isBehind ? 'Lost' : connection.state}`;
  place.textContent = isBehind ? 'Cluster unreachable' : words[connection.state];
  place.title = 'sentence' in connection ? connection.sentence : '';
  if (connection.state === 'Refused') model.troubles = [connection.sentence];
}

function drawWelcome(): HTMLElement[] {
  if (!model.isListed) return [];
  return [
    element('div', { class: 'title' }, element('h1', {}, 'Nothing to show yet')),
    element(
      'p',
      { class: 'note' },
      'There is no Orchestration in this namespace. After you apply one, it appears on the left.',
    ),
  ];
}

function onKey(event: KeyboardEvent): void {
  const isTyping = event.target instanceof HTMLInputElement;
  if (event.key === 'Escape') {
    if (isTyping && search.value !== '') search.value = '';
    else choose(undefined);
    dimOthers();
  } else if (isTyping || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  } else if (event.key === '/') {
    event.preventDefault();
    search.focus();
  } else if (event.key === '+' || event.key === '=') graph.zoomBy(1.3);
  else if (event.key === '-') graph.zoomBy(1 / 1.3);
  else if (event.key === '0') graph.fitAll();
}

filter.addEventListener('input', drawSoon);
search.addEventListener('input', () => {
  wanted = undefined;
  dimOthers();
  drawSoon();
});
search.addEventListener('keydown', ({ key }) => {
  if (key === 'Enter') findNextBox();
});
addEventListener('keydown', onKey);
addEventListener('hashchange', follow);
setInterval(drawSoon, 1_000); // updates ages and durations
takeToken();
follow();
