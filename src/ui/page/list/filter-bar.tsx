import { useMemo } from 'preact/hooks';
import { usePage } from '../page-state.ts';
import type { Entry } from '../protocol.ts';
import { type Filter, isEmpty, noFilter } from '../route.ts';
import { AGES, RUN_CHOICES } from './filter.ts';

interface Choice {
  readonly value: string;
  readonly word: string;
}

/** The filter of the list. It is in the URL. */
export function FilterBar() {
  const { route, go, runs, orchestrations } = usePage();
  const { filter, list } = route.value;
  const isRuns = list === 'OrchestrationRun';
  const set = (change: Partial<Filter>) => go({ ...route.peek(), filter: { ...route.peek().filter, ...change } }, true);
  const names = useMemo(() => listOrchestrations(runs.value, orchestrations.value), [runs.value, orchestrations.value]);
  const phases = isRuns ? RUN_CHOICES : listPhases(orchestrations.value);
  return (
    <search class="filters" aria-label="Filter">
      <input
        id="filter"
        type="search"
        placeholder="Filter by name"
        aria-label="Filter by name"
        autocomplete="off"
        spellcheck={false}
        value={filter.text}
        onInput={({ currentTarget }) => set({ text: currentTarget.value })}
      />
      <Select label="Phase" all="All phases" choices={phases} value={filter.phase} onPick={(phase) => set({ phase })} />
      <Select
        label="Age"
        all="Any age"
        choices={AGES.map((age) => ({ value: age, word: `Last ${age}` }))}
        value={filter.age}
        onPick={(age) => set({ age })}
      />
      {isRuns ? (
        <Select
          label="Orchestration"
          all="All Orchestrations"
          choices={names.map((name) => ({ value: name, word: name }))}
          value={filter.of}
          onPick={(of) => set({ of })}
        />
      ) : undefined}
      <input
        type="text"
        placeholder="Label: team=web"
        aria-label="Label selector"
        autocomplete="off"
        spellcheck={false}
        value={filter.label}
        onInput={({ currentTarget }) => set({ label: currentTarget.value })}
      />
      {isEmpty(filter) ? undefined : (
        <button type="button" class="small" onClick={() => set(noFilter)}>
          Clear the filter
        </button>
      )}
    </search>
  );
}

interface SelectProps {
  readonly label: string;
  /** The word that stands for no choice. */
  readonly all: string;
  readonly choices: readonly Choice[];
  readonly value: string;
  readonly onPick: (value: string) => void;
}

/** A field to select a value. It also offers the value from the URL, if that is not among the choices. */
function Select({ label, all, choices, value, onPick }: SelectProps) {
  const isKnown = value === '' || choices.some((choice) => choice.value === value);
  const shown = [{ value: '', word: all }, ...choices, ...(isKnown ? [] : [{ value, word: value }])];
  return (
    <select aria-label={label} value={value} onChange={({ currentTarget }) => onPick(currentTarget.value)}>
      {shown.map((choice) => (
        <option key={choice.value} value={choice.value} selected={choice.value === value}>
          {choice.word}
        </option>
      ))}
    </select>
  );
}

function listOrchestrations(runs: readonly Entry[], orchestrations: readonly Entry[]): string[] {
  const names = new Set(orchestrations.map(({ name }) => name));
  for (const run of runs) if (run.kind === 'OrchestrationRun') names.add(run.orchestration);
  return [...names].sort();
}

function listPhases(entries: readonly Entry[]): Choice[] {
  const phases = new Set(entries.flatMap(({ phase }) => phase ?? []));
  return [...phases].sort().map((phase) => ({ value: phase, word: phase }));
}
