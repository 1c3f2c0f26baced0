import { usePage } from '../page-state.ts';
import { Tabs } from '../parts.tsx';
import { type Route, writeRoute } from '../route.ts';
import { EntryList } from './entry-list.tsx';
import { FilterBar } from './filter-bar.tsx';

/** The lists beside the selected object. On a small screen, they are a page of their own. */
export function Sidebar() {
  const { route, store, runs, orchestrations } = usePage();
  const { list, filter } = route.value;
  const isRuns = list === 'OrchestrationRun';
  const { listed } = store;
  const tabs = [
    { id: 'OrchestrationRun', label: 'Runs', href: hrefOf(route.value, 'OrchestrationRun') },
    { id: 'Orchestration', label: 'Orchestrations', href: hrefOf(route.value, 'Orchestration') },
  ] as const;
  const counts = { OrchestrationRun: runs.value.length, Orchestration: orchestrations.value.length };
  return (
    <section class="side" aria-label="Runs and Orchestrations">
      <Tabs
        label="Lists"
        current={list}
        tabs={tabs.map((tab) => (listed.value.has(tab.id) ? { ...tab, count: counts[tab.id] } : tab))}
      />
      <FilterBar />
      <EntryList
        key={list}
        id={isRuns ? 'runs' : 'orchestrations'}
        kind={list}
        filter={filter}
        label={isRuns ? 'Runs' : 'Orchestrations'}
      />
    </section>
  );
}

/** The selected object stays. Only on a small screen does the list take its place. */
function hrefOf(route: Route, list: Route['list']): string {
  return writeRoute({ ...route, list, filter: { ...route.filter, phase: '' } });
}
