import { useSignal } from '@preact/signals';
import { countLooks, LOOKS, lookOfPhase } from '../looks.ts';
import { usePage } from '../page-state.ts';
import { Chip, Icon, Sentence } from '../parts.tsx';
import type { EntryKey, OfferedAction, ProblemView } from '../protocol.ts';
import { keyOf, type Shown } from '../store.ts';
import { formatDuration, formatTime } from '../time.ts';
import { ActionButton, Decisions } from './actions.tsx';

/** The name, the phase, the buttons and the counts of the selected object. */
export function Summary({ shown, selected }: { readonly shown: Shown | undefined; readonly selected: EntryKey }) {
  const { store } = usePage();
  const entry = store.entries.value.get(keyOf(selected));
  const { phase = '', message = '' } = shown?.run ?? shown?.orchestration ?? entry ?? {};
  const actions = shown?.actions ?? [];
  const note = shown?.absent ?? shown?.picture?.note;
  return (
    <section id="summary" class="summary" aria-label="Summary">
      <div class="title">
        <h1 tabIndex={-1} dir="auto">
          {selected.name}
        </h1>
        {phase === '' ? undefined : <Chip look={lookOfPhase(phase)} word={phase} />}
        <State shown={shown} />
        {message === '' ? undefined : (
          <p class="message">
            <Sentence of={message} />
          </p>
        )}
        <span class="actions">
          {actions.filter(isGeneral).map((action) => (
            <ActionButton key={action.verb} action={action} />
          ))}
        </span>
      </div>
      {shown?.run === undefined ? undefined : <RunFacts shown={shown} />}
      <Decisions actions={actions} />
      {shown?.picture !== undefined && shown.steps.size > 0 ? <Progress shown={shown} /> : undefined}
      {shown?.picture === undefined ? undefined : <Legend shown={shown} />}
      {note === undefined ? undefined : (
        <p class="note">
          <Sentence of={note} />
        </p>
      )}
    </section>
  );
}

function isGeneral({ step }: OfferedAction): boolean {
  return step === undefined;
}

function State({ shown }: { readonly shown: Shown | undefined }) {
  const { run } = shown ?? {};
  const isOver = run?.finishedAt !== undefined;
  if (run?.isCancelled && !isOver) return <Chip look={LOOKS.cancelled} word="Cancelling" />;
  if (run?.isSuspended && !isOver) return <Chip look={LOOKS.stuck} word="Suspended" />;
  return null;
}

/** Where a run comes from, and how long it takes. */
function RunFacts({ shown: { run } }: { readonly shown: Shown }) {
  const { hrefTo, nowMs } = usePage();
  if (run === undefined) return null;
  const { orchestration, parent, resumes, createdBy, createdAt, startedAt, finishedAt } = run;
  const endMs = finishedAt === undefined ? nowMs.value : Date.parse(finishedAt);
  const link = (kind: EntryKey['kind'], name: string) => (
    <a href={hrefTo({ kind, name })}>
      <bdi>{name}</bdi>
    </a>
  );
  return (
    <ul class="run-facts">
      <li class="of">of {link('Orchestration', orchestration)}</li>
      {parent === undefined ? undefined : <li>part of {link('OrchestrationRun', parent)}</li>}
      {resumes === undefined ? undefined : <li>continues {link('OrchestrationRun', resumes)}</li>}
      {createdBy === undefined ? undefined : (
        <li>
          by <bdi>{createdBy}</bdi>
        </li>
      )}
      <li>
        {startedAt === undefined ? 'created' : 'started'} {formatTime(startedAt ?? createdAt, nowMs.value)}
      </li>
      {startedAt === undefined ? undefined : (
        <li class="elapsed">
          {finishedAt === undefined ? 'for' : 'took'} {formatDuration(endMs - Date.parse(startedAt))}
        </li>
      )}
    </ul>
  );
}

/** One bar with a part for each look: what is done, then what runs, then what waits. */
function Progress({ shown: { picture, steps } }: { readonly shown: Shown }) {
  return (
    <div class="progress" aria-hidden="true">
      {countLooks(picture?.boxes ?? [], steps).map(({ look, count }) => (
        <span key={look.name} class={`part ${look.name}`} style={{ flexGrow: count }} />
      ))}
    </div>
  );
}

/** The number of steps of each look. A click dims all other steps. */
function Legend({ shown: { picture, steps } }: { readonly shown: Shown }) {
  const { wanted, search } = usePage();
  const counts = countLooks(picture?.boxes ?? [], steps);
  if (counts.every(({ look }) => look === LOOKS.ready)) return null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div class="legend" role="group" aria-label="Show only the steps that are">
      {counts.map(({ look, count }) => (
        <button
          key={look.name}
          type="button"
          class={`chip ${look.name}`}
          aria-pressed={look === wanted.value}
          data-look={look.name}
          onClick={() => {
            search.value = '';
            wanted.value = look === wanted.peek() ? undefined : look;
          }}
        >
          <Icon look={look} />
          {count} {look.word}
        </button>
      ))}
    </div>
  );
}

const FEW = 3;

/** The problems that the gate finds, in its words. */
export function Problems({ problems }: { readonly problems: readonly ProblemView[] }) {
  const isOpen = useSignal(false);
  if (problems.length === 0) return null;
  const shown = isOpen.value ? problems : problems.slice(0, FEW);
  return (
    <section id="problems" class="problems" aria-label="Problems">
      {shown.map(({ severity, code, field, message }) => (
        <p key={`${code} ${field} ${message}`} class={`problem ${severity}`}>
          <Icon look={severity === 'deny' ? LOOKS.failed : LOOKS.ignored} />
          <strong>{code}</strong>
          <code>{field}</code>
          <Sentence of={message} />
        </p>
      ))}
      {shown.length < problems.length ? (
        <button
          type="button"
          class="small"
          onClick={() => {
            isOpen.value = true;
          }}
        >
          Show all {problems.length} problems
        </button>
      ) : undefined}
    </section>
  );
}
