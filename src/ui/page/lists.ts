import { element, icon } from './dom.ts';
import { lookOfPhase } from './looks.ts';
import { listEntries, type Model, writeRoute } from './model.ts';
import type { Entry, EntryKey } from './protocol.ts';
import { formatAge } from './time.ts';

/** The maximum number of entries in a list. The filter finds the others. */
const MOST_SHOWN = 200;

/** Draws the current list of one kind. */
export function drawList(
  model: Model,
  kind: Entry['kind'],
  filter: string,
  selected: EntryKey | undefined,
  nowMs: number,
): HTMLElement[] {
  const found = listEntries(model.entries.values(), kind, filter);
  const rest = found.length > MOST_SHOWN ? `and ${found.length - MOST_SHOWN} more: use the filter` : '';
  const empty = model.isListed ? (filter === '' ? 'none in this namespace' : 'no match') : 'loading …';
  const title = kind === 'OrchestrationRun' ? 'Runs' : 'Orchestrations';
  return [
    element('h2', {}, title, element('span', { class: 'count' }, String(found.length))),
    ...found.slice(0, MOST_SHOWN).map((entry) => drawEntry(entry, isSame(entry, selected), nowMs)),
    element('p', { class: 'rest' }, found.length === 0 ? empty : rest),
  ];
}

function isSame(entry: Entry, selected: EntryKey | undefined): boolean {
  return entry.kind === selected?.kind && entry.name === selected.name;
}

function drawEntry(entry: Entry, isSelected: boolean, nowMs: number): HTMLElement {
  const { name, phase, progress, createdAt, kind } = entry;
  const look = lookOfPhase(phase);
  const facts = [
    phase || (kind === 'OrchestrationRun' ? 'not started' : 'not checked'),
    progress && `${progress.done}/${progress.total}`,
    formatAge(nowMs - Date.parse(createdAt)),
  ];
  return element(
    'a',
    { href: writeRoute(entry), class: 'entry', 'aria-current': isSelected ? 'true' : undefined, title: name },
    icon(look),
    element('span', { class: 'name' }, name),
    element('span', { class: 'facts' }, facts.filter(Boolean).join(' · ')),
  );
}
