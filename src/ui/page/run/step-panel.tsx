import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { describeKind } from '../graph/search.ts';
import { LogView } from '../logs/log-view.tsx';
import { lookOf } from '../looks.ts';
import { usePage } from '../page-state.ts';
import { Chip, Name, Tabs } from '../parts.tsx';
import type { Picture } from '../protocol.ts';
import { writeRoute } from '../route.ts';
import type { Shown } from '../store.ts';
import { EventTable } from './events.tsx';
import { Attempts } from './step-attempts.tsx';
import { StepData } from './step-data.tsx';
import { StepOverview } from './step-overview.tsx';

/** What all parts of the panel need. */
export interface StepProps {
  readonly shown: Shown;
  readonly picture: Picture;
  readonly index: number;
  readonly onChoose: (index: number | undefined) => void;
}

/** Everything that is known about one step. It is beside the graph, and below it if there is little room. */
export function StepPanel(props: StepProps) {
  const { shown, picture, index, onChoose } = props;
  const { route, store } = usePage();
  const place = useRef<HTMLElement>(null);
  const box = picture.boxes[index];
  useEffect(() => {
    // If the panel is below the graph, for lack of room beside it, the user would not see what has changed.
    const { top = 0 } = place.current?.getBoundingClientRect() ?? {};
    if (top > innerHeight * 0.7) place.current?.scrollIntoView();
  }, [box?.name]);
  if (box === undefined) return null;
  const step = shown.steps.get(index);
  const tabs = listTabs(props, store.rights.value?.canReadEvents === true, store.rights.value?.canReadLogs === true);
  const current = tabs.find(({ id }) => id === route.value.stepTab)?.id ?? '';
  const hrefOf = (stepTab: string) => writeRoute({ ...route.value, stepTab });
  return (
    <section ref={place} id="details" class={`details${current === 'logs' ? ' wide' : ''}`} aria-labelledby="step-name">
      <div class="details-head">
        <h2 id="step-name">
          <Name of={box.name} />
        </h2>
        <button type="button" class="close" aria-label="Close the step (Escape)" onClick={() => onChoose(undefined)}>
          ×
        </button>
      </div>
      <p class="kind">
        <Chip look={lookOf(box, step)} />
        {describeKind(picture, box)}
      </p>
      {tabs.length > 1 ? (
        <Tabs label="Of the step" current={current} tabs={tabs.map((tab) => ({ ...tab, href: hrefOf(tab.id) }))} />
      ) : undefined}
      <StepTab key={box.name} {...props} tab={current} name={box.name} />
    </section>
  );
}

function listTabs({ shown, picture, index }: StepProps, canReadEvents: boolean, canReadLogs: boolean) {
  const step = shown.steps.get(index);
  const hasReads = picture.edges.some(({ to, reads }) => to === index && reads.length > 0);
  const hasData = hasReads || (picture.boxes[index]?.inputs.length ?? 0) + (step?.outputs?.length ?? 0) > 0;
  const previous = step?.previousAttempts?.length ?? 0;
  return [
    { id: '', label: 'Overview' },
    ...(hasData ? [{ id: 'data', label: 'Data' }] : []),
    ...(previous > 0 ? [{ id: 'attempts', label: 'Attempts', count: previous + 1 }] : []),
    ...(step?.hasLogs && canReadLogs ? [{ id: 'logs', label: 'Logs' }] : []),
    ...(step?.child !== undefined && canReadEvents ? [{ id: 'events', label: 'Events' }] : []),
  ];
}

function StepTab({ tab, name, ...props }: StepProps & { readonly tab: string; readonly name: string }) {
  const { route, store } = usePage();
  const attempt = useSignal<number | undefined>(undefined);
  const run = route.value.selected?.name ?? '';
  const { namespace = '' } = store.context.value ?? {};
  const step = props.shown.steps.get(props.index);
  switch (tab) {
    case 'data':
      return <StepData {...props} />;
    case 'attempts':
      return <Attempts {...props} />;
    case 'logs':
      return <LogView {...{ namespace, run, attempt }} step={name} last={step?.attempt ?? 1} />;
    case 'events':
      return <EventTable {...{ namespace, run }} step={name} />;
    default:
      return <StepOverview {...props} />;
  }
}
