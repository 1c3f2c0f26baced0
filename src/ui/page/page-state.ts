import { computed, effect, type ReadonlySignal, type Signal, signal, untracked } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Api } from './api.ts';
import { sortEntries } from './list/rows.ts';
import type { Look } from './looks.ts';
import type { Entry, EntryKey, OfferedAction } from './protocol.ts';
import { type Route, readRoute, routeTo, writeRoute } from './route.ts';
import { createStore, keyOf, type Shown, type Store } from './store.ts';

/** All state of the page, and how it changes. */
export interface PageState {
  readonly store: Store;
  readonly api: Api;
  readonly route: ReadonlySignal<Route>;
  /** Changes every second. */
  readonly nowMs: Signal<number>;
  /** The newest first. */
  readonly runs: ReadonlySignal<readonly Entry[]>;
  /** By name. */
  readonly orchestrations: ReadonlySignal<readonly Entry[]>;
  /** What is known about the object in the URL. Undefined until the server has answered. */
  readonly shown: ReadonlySignal<Shown | undefined>;
  /** The look of the steps that are not dimmed. */
  readonly wanted: Signal<Look | undefined>;
  /** The text that finds steps. */
  readonly search: Signal<string>;
  /** The action whose dialog is open. */
  readonly asked: Signal<OfferedAction | undefined>;
  /** The outcome of the last action. */
  readonly notice: Signal<string | undefined>;
  /** Goes to another place. It adds to the history, unless `isReplace` is set. */
  readonly go: (route: Route, isReplace?: boolean) => void;
  /** Reads the URL after it has changed. */
  readonly followUrl: () => void;
  readonly hrefTo: (selected: EntryKey, step?: string) => string;
  readonly goTo: (selected: EntryKey, step?: string) => void;
  /** Shows the graph with this step, or with none, whatever tab is open. */
  readonly chooseStep: (name: string | undefined) => void;
}

/** The parts of the window that the page uses. */
export interface UrlBar {
  readonly hash: () => string;
  readonly write: (hash: string, isReplace: boolean) => void;
}

/** Creates the state of a page. */
export function createPageState(api: Api, url: UrlBar, nowMs: number): PageState {
  const store = createStore();
  const route = signal(readRoute(url.hash()));
  const wanted = signal<Look | undefined>(undefined);
  const search = signal('');

  function show(next: Route): void {
    const { selected } = route.peek();
    if (next.selected?.name !== selected?.name || next.selected?.kind !== selected?.kind) {
      wanted.value = undefined;
      search.value = '';
    }
    route.value = next;
  }

  function go(next: Route, isReplace = false): void {
    url.write(writeRoute(next), isReplace);
    show(next);
  }

  function chooseStep(name: string | undefined): void {
    const { step: before, tab, ...rest } = route.peek();
    if (name === before && tab === '') return;
    go({ ...rest, tab: '', ...(name !== undefined && { step: name }) }, before !== undefined && tab === '');
  }

  return {
    store,
    api,
    route,
    nowMs: signal(nowMs),
    runs: computed(() => sortEntries(store.entries.value.values(), 'OrchestrationRun')),
    orchestrations: computed(() => sortEntries(store.entries.value.values(), 'Orchestration')),
    shown: computed(() => {
      const { selected } = route.value;
      return selected !== undefined && store.shown.value.key === keyOf(selected) ? store.shown.value : undefined;
    }),
    wanted,
    search,
    asked: signal<OfferedAction | undefined>(undefined),
    notice: signal<string | undefined>(undefined),
    go,
    followUrl: () => show(readRoute(url.hash())),
    hrefTo: (selected, step) => writeRoute(routeTo(route.value, selected, step)),
    goTo: (selected, step) => go(routeTo(route.peek(), selected, step)),
    chooseStep,
  };
}

const PageContext = createContext<PageState | undefined>(undefined);
export const PageProvider = PageContext.Provider;

/** Returns the state of the page. Only a component may call it. */
export function usePage(): PageState {
  const page = useContext(PageContext);
  if (page === undefined) throw new Error('there is no page around this component');
  return page;
}

/** If the URL selects nothing, selects the newest run or, if there is none, the first Orchestration. */
export function selectNewest({ store, route, runs, orchestrations, go }: PageState): void {
  effect(() => {
    if (route.value.selected !== undefined || store.listed.value.size < 2) return;
    const first = runs.value[0] ?? orchestrations.value[0];
    if (first === undefined) return;
    const { kind, name } = first;
    untracked(() => go({ ...route.peek(), selected: { kind, name } }, true));
  });
}
