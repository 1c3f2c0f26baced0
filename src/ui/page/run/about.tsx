import { printable } from '../names.ts';
import { usePage } from '../page-state.ts';
import { Command, Facts, Sentence, Texts } from '../parts.tsx';
import type { ConditionView, ParameterView } from '../protocol.ts';
import type { Shown } from '../store.ts';
import { formatTime } from '../time.ts';

/** Everything else about a run: what it was given, its sub-runs, its conditions. */
export function RunAbout({ shown: { run } }: { readonly shown: Shown }) {
  const { api, hrefTo, nowMs, runs, store } = usePage();
  if (run === undefined) return null;
  const children = runs.value.filter((entry) => entry.kind === 'OrchestrationRun' && entry.parent === run.name);
  const readWhole = async (name: string) => {
    const query = { namespace: store.context.value?.namespace ?? '', run: run.name, of: 'parameters', name } as const;
    const answer = await api.readValue(query);
    return typeof answer === 'string' ? answer : answer.failure;
  };
  const { labels = {} } = store.entries.value.get(`OrchestrationRun/${run.name}`) ?? {};
  return (
    <div class="about">
      <h2 class="hidden">Details</h2>
      <Texts title="Parameters" texts={run.parameters} onWhole={readWhole} />
      {run.parameters.length === 0 ? <p class="nothing">The run was given no parameters.</p> : undefined}
      {children.length === 0 ? undefined : (
        <section>
          <h3>Sub-runs</h3>
          <ul class="plain">
            {children.map(({ kind, name, phase }) => (
              <li key={name}>
                <a href={hrefTo({ kind, name })}>
                  <bdi>{name}</bdi>
                </a>{' '}
                {phase ?? 'Not started'}
              </li>
            ))}
          </ul>
        </section>
      )}
      <section>
        <h3>Facts</h3>
        <Facts
          facts={[
            ['Created', formatTime(run.createdAt, nowMs.value)],
            ['Started', run.startedAt && formatTime(run.startedAt, nowMs.value)],
            ['Finished', run.finishedAt && formatTime(run.finishedAt, nowMs.value)],
            ['Created by', run.createdBy && <bdi>{run.createdBy}</bdi>],
            ['Delivery ID', run.deliveryId && <bdi>{run.deliveryId}</bdi>],
            ['Labels', <Labels key="labels" labels={labels} />],
          ]}
        />
      </section>
      <Conditions conditions={run.conditions} />
      <Command command={run.command} />
    </div>
  );
}

/** A click on a label filters the list by it. */
function Labels({ labels }: { readonly labels: Readonly<Record<string, string>> }) {
  const { go, route } = usePage();
  const names = Object.entries(labels);
  if (names.length === 0) return <>none</>;
  return (
    <>
      {names.map(([name, value]) => (
        <button
          key={name}
          type="button"
          class="inline label"
          title="Filter the list by this label"
          onClick={() =>
            go({
              ...route.peek(),
              list: 'OrchestrationRun',
              filter: { ...route.peek().filter, label: `${name}=${value}` },
            })
          }
        >
          <bdi>{`${printable(name)}=${printable(value)}`}</bdi>
        </button>
      ))}
    </>
  );
}

/** Everything else about an Orchestration: the parameters of its runs, its conditions. */
export function OrchestrationAbout({ shown: { orchestration } }: { readonly shown: Shown }) {
  if (orchestration === undefined) return null;
  return (
    <div class="about">
      <h2 class="hidden">Details</h2>
      <section>
        <h3>Parameters of a run</h3>
        {orchestration.parameters.length === 0 ? <p class="nothing">It declares none.</p> : undefined}
        <dl class="declared">
          {orchestration.parameters.map((parameter) => (
            <div key={parameter.name}>
              <dt>
                <bdi>{printable(parameter.name)}</bdi>
              </dt>
              <dd>
                <bdi>{describeParameter(parameter)}</bdi>
              </dd>
            </div>
          ))}
        </dl>
      </section>
      <Conditions conditions={orchestration.conditions} />
      <Command command={orchestration.command} />
    </div>
  );
}

function describeParameter({
  isRequired,
  default: standard,
  enum: choices,
  pattern,
  description,
}: ParameterView): string {
  const facts = [
    description ?? '',
    isRequired ? 'Required.' : '',
    standard === undefined ? '' : `Default: ${standard}.`,
    choices === undefined ? '' : `One of ${choices.join(', ')}.`,
    pattern === undefined ? '' : `Matches ${pattern}.`,
  ];
  return printable(facts.filter(Boolean).join(' ')) || 'Any text.';
}

function Conditions({ conditions }: { readonly conditions: readonly ConditionView[] }) {
  const { nowMs } = usePage();
  if (conditions.length === 0) return null;
  return (
    <section>
      <h3>Conditions</h3>
      <ul class="conditions">
        {conditions.map(({ type, status, reason, message, changedAt }) => (
          <li key={type}>
            <strong>
              {type}: {status}
            </strong>{' '}
            {reason} <span class="soft">{formatTime(changedAt, nowMs.value)}</span>
            <p class="value">
              <Sentence of={message} />
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
