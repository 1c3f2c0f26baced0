import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { lookOfPhase } from '../looks.ts';
import { displayCount } from '../names.ts';
import { usePage } from '../page-state.ts';
import { Icon } from '../parts.tsx';
import type { Entry, EntryKind } from '../protocol.ts';
import { type Filter, isEmpty } from '../route.ts';
import { formatAge, formatDuration } from '../time.ts';
import { createFilter } from './filter.ts';
import { durationOf } from './history.ts';
import { describeRun, describeRuns, findAncestors, foldRuns, type ListRow } from './rows.ts';
import { type RowProps, VirtualList } from './virtual-list.tsx';

const ROW = 48;

export interface EntryListProps {
  readonly id: string;
  readonly kind: EntryKind;
  readonly filter: Filter;
  readonly label: string;
}

/** The list of one kind. Sub-runs are folded under their parents. */
export function EntryList({ id, kind, filter, label }: EntryListProps) {
  const page = usePage();
  const { rows: found, open, counts } = useRows(kind, filter);
  const { selected } = page.route.value;
  const current = selected?.kind === kind ? found.findIndex(({ entry }) => entry.name === selected.name) : -1;
  const toggle = ({ entry, isOpen }: ListRow) => {
    const next = new Set(open.value);
    if (isOpen) next.delete(entry.name);
    else next.add(entry.name);
    open.value = next;
  };
  const onSide = (at: number, key: 'ArrowLeft' | 'ArrowRight') => {
    const row = found[at];
    if (row === undefined) return undefined;
    if (row.children > 0 && row.isOpen === (key === 'ArrowLeft')) toggle(row);
    else if (key === 'ArrowRight' && row.isOpen) return at + 1;
    else if (key === 'ArrowLeft' && row.depth > 0) return findParent(found, at);
    return at;
  };
  if (found.length === 0) return <Nothing kind={kind} isFiltered={!isEmpty(filter)} />;
  return (
    <>
      {isEmpty(filter) || filter !== page.route.value.filter ? undefined : <Found counts={counts} />}
      <VirtualList
        {...{ id, label, current, onSide }}
        role="tree"
        count={found.length}
        row={ROW}
        onOpen={(at) => {
          const entry = found[at]?.entry;
          if (entry !== undefined) page.goTo({ kind: entry.kind, name: entry.name });
        }}
        renderRow={(at, props) => {
          const row = found[at];
          return (
            row && (
              <Row
                key={row.entry.name}
                {...{ row, at, props }}
                of={filter.of}
                isCurrent={at === current}
                onToggle={toggle}
              />
            )
          );
        }}
      />
    </>
  );
}

/** How many entries the filter finds. */
function Found({ counts: { found, all } }: { readonly counts: { readonly found: number; readonly all: number } }) {
  return (
    <p class="found" role="status">
      {found.toLocaleString('en')} of {all.toLocaleString('en')}
    </p>
  );
}

function useRows(kind: EntryKind, filter: Filter) {
  const { runs, orchestrations, nowMs, route, store } = usePage();
  const open = useSignal<ReadonlySet<string>>(new Set());
  const { selected } = route.value;
  useEffect(() => {
    if (selected?.kind !== 'OrchestrationRun') return;
    const above = findAncestors(store.entries.peek(), selected.name);
    if (above.some((name) => !open.peek().has(name))) open.value = new Set([...open.peek(), ...above]);
  }, [selected?.kind, selected?.name, store.listed.value]);
  const all = kind === 'OrchestrationRun' ? runs.value : orchestrations.value;
  const untilMs = filter.age === '' ? 0 : nowMs.value;
  const found = useMemo(() => all.filter(createFilter(filter, untilMs)), [all, filter, untilMs]);
  const rows = useMemo(() => foldRuns(found, open.value), [found, open.value]);
  return { rows, open, counts: { found: found.length, all: all.length } };
}

function findParent(rows: readonly ListRow[], at: number): number {
  const depth = rows[at]?.depth ?? 0;
  return rows.findLastIndex((row, index) => index < at && row.depth < depth);
}

function Nothing({ kind, isFiltered }: { readonly kind: EntryKind; readonly isFiltered: boolean }) {
  const { store, runs, orchestrations } = usePage();
  const all = kind === 'OrchestrationRun' ? runs.value : orchestrations.value;
  const isListed = store.listed.value.has(kind);
  const words = !isListed
    ? 'Loading …'
    : isFiltered && all.length > 0
      ? 'None of them matches the filter.'
      : 'None in this namespace.';
  return <p class="nothing">{words}</p>;
}

interface RowViewProps {
  readonly row: ListRow;
  /** The Orchestration that all rows have in common. The rows do not name it. */
  readonly of: string;
  readonly at: number;
  readonly props: RowProps;
  readonly isCurrent: boolean;
  readonly onToggle: (row: ListRow) => void;
}

function Row({ row, of, props, isCurrent, onToggle }: RowViewProps) {
  const { hrefTo, nowMs } = usePage();
  const { entry, depth, children, isOpen } = row;
  const { kind, name, phase = '' } = entry;
  const isOther = entry.kind === 'OrchestrationRun' && entry.orchestration !== of;
  return (
    <a
      {...props}
      role="treeitem"
      href={hrefTo({ kind, name })}
      class={`entry ${props.class}`}
      aria-current={isCurrent ? 'true' : undefined}
      aria-selected={isCurrent}
      aria-level={depth + 1}
      aria-expanded={children > 0 ? isOpen : undefined}
      title={[name, entry.message].filter(Boolean).join('\n')}
    >
      <span class="indent" style={{ width: `${Math.min(depth, 4) * 16}px` }} />
      <Fold row={row} onToggle={onToggle} />
      <Icon look={lookOfPhase(phase)} />
      <span class="texts">
        <bdi class="name">{name}</bdi>
        <span class="facts">
          {isOther ? (
            <>
              <bdi class="of">{entry.orchestration}</bdi>
              {' · '}
            </>
          ) : undefined}
          <span>{entry.kind === 'OrchestrationRun' ? describeRun(entry) : describeRuns(entry)}</span>
        </span>
      </span>
      <Times entry={entry} nowMs={nowMs.value} />
    </a>
  );
}

function Fold({ row, onToggle }: { readonly row: ListRow; readonly onToggle: (row: ListRow) => void }) {
  if (row.children === 0) return <span class="fold" />;
  const words = displayCount(row.children, 'sub-run');
  return (
    // The arrow keys do the same.
    // biome-ignore lint/a11y/noStaticElementInteractions: a button inside of a row would be a stop of the Tab key
    // biome-ignore lint/a11y/useKeyWithClickEvents: the arrow keys do the same
    <span
      class="fold"
      title={`${row.isOpen ? 'Hide' : 'Show'} ${words}`}
      onClick={(event) => {
        event.preventDefault();
        onToggle(row);
      }}
    >
      <svg class={`icon turn${row.isOpen ? ' open' : ''}`} viewBox="0 0 16 16" aria-hidden="true">
        <path d="M6 4l4 4l-4 4" />
      </svg>
    </span>
  );
}

function Times({ entry, nowMs }: { readonly entry: Entry; readonly nowMs: number }) {
  const ms = entry.kind === 'OrchestrationRun' ? durationOf(entry, nowMs) : undefined;
  return (
    <span class="times">
      <span>{ms === undefined ? '' : formatDuration(ms)}</span>
      <span>{formatAge(nowMs - entry.createdAt)}</span>
    </span>
  );
}
