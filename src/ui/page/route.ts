import type { EntryKey, EntryKind } from './protocol.ts';

/** What the user looks at. All of it is in the URL, so that links and the back and forward buttons lead to it. */
export interface Route {
  /** The list that is shown. */
  readonly list: EntryKind;
  readonly selected?: EntryKey;
  /** If absent, the namespace with which the server started. */
  readonly namespace?: string;
  /** The tab of the selected object. '' is the first one. */
  readonly tab: string;
  /** The name of the chosen step of the selected object. */
  readonly step?: string;
  /** The tab of the chosen step. '' is the first one. */
  readonly stepTab: string;
  readonly filter: Filter;
}

/** The filter of the list. An empty field filters nothing. */
export interface Filter {
  /** Words of the name. */
  readonly text: string;
  readonly phase: string;
  /** The name of an Orchestration. */
  readonly of: string;
  /** A label selector. */
  readonly label: string;
  /** The maximum age: `30m`, `1h`, `7d`. */
  readonly age: string;
}

export const noFilter: Filter = { text: '', phase: '', of: '', label: '', age: '' };

/** Returns true for a filter that filters nothing. */
export function isEmpty(filter: Filter): boolean {
  return Object.values(filter).every((value) => value === '');
}

const WORDS = { run: 'OrchestrationRun', orchestration: 'Orchestration' } as const;
const LISTS = { runs: 'OrchestrationRun', orchestrations: 'Orchestration' } as const;

/** Parses the part of the URL after the `#`. What it cannot read selects nothing. Names are DNS names (RFC 1123). */
export function readRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [, word, name] = /^(run|orchestration)\/([a-z0-9.-]+)$/.exec(path) ?? [];
  const parameters = new URLSearchParams(query);
  const read = (key: string) => parameters.get(key) ?? '';
  const kind = word === undefined ? undefined : WORDS[word as keyof typeof WORDS];
  const listed = path === 'orchestrations' ? 'orchestrations' : read('list');
  return {
    list: listed === 'runs' || listed === 'orchestrations' ? LISTS[listed] : (kind ?? 'OrchestrationRun'),
    ...(kind !== undefined && name !== undefined && { selected: { kind, name } }),
    ...(/^[a-z0-9-]+$/.test(read('namespace')) && { namespace: read('namespace') }),
    tab: read('tab'),
    ...(read('step') !== '' && { step: read('step') }),
    stepTab: read('view'),
    filter: { text: read('q'), phase: read('phase'), of: read('of'), label: read('label'), age: read('age') },
  };
}

/** Returns the part of the URL after the `#`. `readRoute` parses it. */
export function writeRoute({ list, selected, namespace, tab, step, stepTab, filter }: Route): string {
  const listed = list === 'Orchestration' ? 'orchestrations' : 'runs';
  const path =
    selected === undefined ? listed : `${selected.kind === 'Orchestration' ? 'orchestration' : 'run'}/${selected.name}`;
  const isImplied = selected === undefined || selected.kind === list;
  const fields = {
    ...{ namespace, list: isImplied ? '' : listed, tab, step, view: stepTab },
    ...{ q: filter.text, phase: filter.phase, of: filter.of, label: filter.label, age: filter.age },
  };
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(fields)) if (value) query.set(key, value);
  return `#/${path}${query.size > 0 ? `?${query}` : ''}`;
}

/** Returns the route to an object: the list and its filter stay, and its first tab is shown. */
export function routeTo(route: Route, selected: EntryKey, step?: string): Route {
  const { step: _, ...rest } = route;
  return { ...rest, selected, tab: '', stepTab: '', ...(step !== undefined && { step }) };
}
