import { EntryList } from '../list/entry-list.tsx';
import { usePage } from '../page-state.ts';
import { Tabs } from '../parts.tsx';
import type { EntryKey } from '../protocol.ts';
import { noFilter, type Route, writeRoute } from '../route.ts';
import type { Shown } from '../store.ts';
import { OrchestrationAbout, RunAbout } from './about.tsx';
import { EventTable } from './events.tsx';
import { HistoryStrip } from './history-strip.tsx';
import { Stage } from './stage.tsx';
import { Problems, Summary } from './summary.tsx';

/** The selected object. */
export function ObjectView({ selected }: { readonly selected: EntryKey }) {
  const { route, shown, store } = usePage();
  const known = shown.value;
  const isRun = selected.kind === 'OrchestrationRun';
  const tabs = [
    { id: '', label: 'Graph' },
    ...(isRun ? [] : [{ id: 'runs', label: 'Runs' }]),
    { id: 'about', label: 'Details' },
    ...(isRun && store.rights.value?.canReadEvents ? [{ id: 'events', label: 'Events' }] : []),
  ];
  const current = tabs.find(({ id }) => id === route.value.tab)?.id ?? '';
  return (
    <>
      <a class="back" href={writeRoute(listOnly(route.value))}>
        ‹ {route.value.list === 'OrchestrationRun' ? 'Runs' : 'Orchestrations'}
      </a>
      <Summary shown={known} selected={selected} />
      {isRun || known?.absent !== undefined ? undefined : <HistoryStrip name={selected.name} />}
      <Problems problems={known?.picture?.problems ?? []} />
      {known === undefined ? <p class="nothing">Loading …</p> : undefined}
      {known === undefined || known.absent !== undefined ? undefined : (
        <>
          <Tabs
            label={isRun ? 'Of the run' : 'Of the Orchestration'}
            current={current}
            tabs={tabs.map((tab) => ({ ...tab, href: writeRoute({ ...route.value, tab: tab.id }) }))}
          />
          <TabContent shown={known} selected={selected} tab={current} />
        </>
      )}
    </>
  );
}

function listOnly({ list, filter, namespace }: Route): Route {
  return { list, filter, tab: '', stepTab: '', ...(namespace !== undefined && { namespace }) };
}

function TabContent({ shown, selected, tab }: { shown: Shown; selected: EntryKey; tab: string }) {
  const { store } = usePage();
  const isRun = selected.kind === 'OrchestrationRun';
  switch (tab) {
    case 'runs':
      return (
        <EntryList
          id="own"
          kind="OrchestrationRun"
          filter={{ ...noFilter, of: selected.name }}
          label="Runs of the Orchestration"
        />
      );
    case 'about':
      return isRun ? <RunAbout shown={shown} /> : <OrchestrationAbout shown={shown} />;
    case 'events':
      return (
        <div class="about">
          <EventTable namespace={store.context.value?.namespace ?? ''} run={selected.name} />
        </div>
      );
    default:
      return shown.picture === undefined ? null : <Stage shown={shown} picture={shown.picture} />;
  }
}
