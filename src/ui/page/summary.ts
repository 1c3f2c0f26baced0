import { element, icon } from './dom.ts';
import { LOOKS, type Look, lookOfPhase } from './looks.ts';
import { countLooks, type Model, writeRoute } from './model.ts';
import type { Entry, EntryKey, ProblemView } from './protocol.ts';
import { formatDuration } from './time.ts';

export interface SummaryOptions {
  readonly model: Model;
  readonly selected: EntryKey;
  readonly entry: Entry | undefined;
  readonly nowMs: number;
  /** The selected look. */
  readonly wanted: Look | undefined;
  readonly onWant: (look: Look | undefined) => void;
}

/** Draws the summary of the selected object. */
export function drawSummary(options: SummaryOptions): HTMLElement[] {
  const { model, selected, entry } = options;
  const phase = entry?.phase ?? '';
  const look = lookOfPhase(phase);
  const note = model.absent ?? model.picture?.note;
  return [
    element(
      'div',
      { class: 'title' },
      element('h1', {}, selected.name),
      phase === '' ? undefined : element('span', { class: `chip ${look.name}` }, icon(look), phase),
      element('span', { class: 'message' }, entry?.message ?? ''),
      ...drawTimes(options),
    ),
    ...(model.steps.size > 0 ? [drawProgress(options)] : []),
    drawLegend(options),
    ...(note === undefined ? [] : [element('p', { class: 'note' }, note)]),
  ];
}

function drawTimes({ entry, nowMs }: SummaryOptions): HTMLElement[] {
  if (entry?.kind !== 'OrchestrationRun') return [];
  const { startedAt, finishedAt, orchestration = '' } = entry;
  const endMs = finishedAt === undefined ? nowMs : Date.parse(finishedAt);
  const elapsed = formatDuration(endMs - Date.parse(startedAt ?? ''));
  return [
    element(
      'a',
      { class: 'of', href: writeRoute({ kind: 'Orchestration', name: orchestration }) },
      `of ${orchestration}`,
    ),
    element('span', { class: 'elapsed', title: 'Since the run started' }, elapsed),
  ];
}

/** Draws one bar, with a part for each look. */
function drawProgress({ model }: SummaryOptions): HTMLElement {
  const counts = countLooks(model, Object.values(LOOKS));
  const parts = counts.map(({ look, count }) => {
    const part = element('span', { class: `part ${look.name}` });
    part.style.flexGrow = String(count);
    return part;
  });
  return element('div', { class: 'progress', 'aria-hidden': 'true' }, ...parts);
}

/** Draws the number of steps of each look. A click dims all other steps. */
function drawLegend({ model, wanted, onWant }: SummaryOptions): HTMLElement {
  const buttons = countLooks(model, Object.values(LOOKS)).map(({ look, count }) => {
    const isWanted = look === wanted;
    const made = element(
      'button',
      {
        type: 'button',
        class: `chip ${look.name}`,
        'aria-pressed': isWanted ? 'true' : 'false',
        'data-look': look.name,
      },
      icon(look),
      `${count} ${look.word}`,
    );
    made.addEventListener('click', () => onWant(isWanted ? undefined : look));
    return made;
  });
  return element('div', { class: 'legend' }, ...buttons);
}

/** Draws a paragraph for each problem, in the given order. */
export function drawProblems(problems: readonly ProblemView[]): HTMLElement[] {
  return problems.map(({ severity, code, field, message }) => {
    const look = severity === 'deny' ? LOOKS.failed : LOOKS.ignored;
    return element(
      'p',
      { class: `problem ${severity}` },
      icon(look),
      element('strong', {}, code),
      element('code', {}, field),
      element('span', {}, message),
    );
  });
}
