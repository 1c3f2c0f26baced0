import { useEffect, useRef } from 'preact/hooks';
import { Header, Troubles } from './header.tsx';
import { Sidebar } from './list/sidebar.tsx';
import { usePage } from './page-state.ts';
import { Sentence } from './parts.tsx';
import { ActionDialog } from './run/action-dialog.tsx';
import { Announcer } from './run/announcer.tsx';
import { ObjectView } from './run/object-view.tsx';

/** The whole page. On a small screen, either the list or the selected object is shown. */
export function App() {
  const { route } = usePage();
  const { selected } = route.value;
  const main = useRef<HTMLElement>(null);
  useTitle();
  const isFirst = useRef(true);
  useEffect(() => {
    // On a small screen, the list from which the user came is no longer there.
    const isLost = document.activeElement === document.body && !isFirst.current;
    if (isLost) main.current?.querySelector('h1')?.focus({ preventScroll: true });
    isFirst.current = selected === undefined;
  }, [selected?.kind, selected?.name]);
  return (
    <div class={`page${selected === undefined ? ' no-object' : ''}`}>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the {selected?.kind === 'Orchestration' ? 'Orchestration' : 'run'}
      </button>
      <Header />
      <Sidebar />
      <main id="main" class="main" tabIndex={-1} ref={main}>
        <Troubles />
        <Notice />
        {selected === undefined ? (
          <Welcome />
        ) : (
          <ObjectView key={`${selected.kind}/${selected.name}`} selected={selected} />
        )}
      </main>
      <Announcer />
      <ActionDialog />
    </div>
  );
}

function useTitle(): void {
  const { route, shown } = usePage();
  const phase = shown.value?.run?.phase ?? shown.value?.orchestration?.phase;
  const title = [route.value.selected?.name, phase, 'orchestration-gate'].filter(Boolean).join(' · ');
  useEffect(() => {
    document.title = title;
  }, [title]);
}

function Welcome() {
  const { store, runs, orchestrations } = usePage();
  const isEmpty = store.listed.value.size === 2 && runs.value.length + orchestrations.value.length === 0;
  if (!isEmpty) {
    return (
      <>
        <h1 class="hidden">Runs and Orchestrations</h1>
        <p class="nothing">{store.listed.value.size === 2 ? 'Choose a run or an Orchestration.' : 'Loading …'}</p>
      </>
    );
  }
  return (
    <section class="summary" aria-label="Summary">
      <h1>Nothing to show yet</h1>
      <p class="note">There is no Orchestration in this namespace. After you apply one, it appears in the list.</p>
    </section>
  );
}

/** The outcome of the last action, until the user closes it. */
function Notice() {
  const { notice } = usePage();
  if (notice.value === undefined) return null;
  return (
    <p class="notice">
      <Sentence of={notice.value} />
      <button
        type="button"
        class="close"
        aria-label="Close the message"
        onClick={() => {
          notice.value = undefined;
        }}
      >
        ×
      </button>
    </p>
  );
}
