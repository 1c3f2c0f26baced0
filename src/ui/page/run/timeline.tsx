import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type RowProps, VirtualList } from '../list/virtual-list.tsx';
import { displayCount } from '../names.ts';
import { usePage } from '../page-state.ts';
import { Icon, Name } from '../parts.tsx';
import type { Picture, StepView } from '../protocol.ts';
import { formatDuration } from '../time.ts';
import { type Bar, type Plan, planTicks, planTimeline } from './timeline-plan.ts';

const ROW = 24;

export interface TimelineProps {
  readonly picture: Picture;
  readonly steps: ReadonlyMap<number, StepView>;
  readonly chosen: number | undefined;
  /** Undefined if all steps are shown. */
  readonly isShown: ((index: number) => boolean) | undefined;
  readonly onChoose: (index: number) => void;
}

/** The bars of the steps that have started. The search and the legend filter it as they filter the graph. */
export function Timeline({ picture, steps, chosen, isShown, onChoose }: TimelineProps) {
  const { nowMs } = usePage();
  const plan = planTimeline(picture, steps.values(), nowMs.value);
  if (plan === undefined) return null;
  const bars = isShown === undefined ? plan.bars : plan.bars.filter(({ index }) => isShown(index));
  const filtered = plan.bars.length - bars.length;
  const rest = [
    plan.unstarted === 0 ? '' : `${displayCount(plan.unstarted, 'step has', 'steps have')} not started.`,
    filtered === 0 ? '' : `${displayCount(filtered, 'is', 'are')} filtered out.`,
  ];
  return (
    <section id="timeline" class="timeline" aria-label="Timeline">
      <h2>Timeline</h2>
      <Axis {...plan} />
      <VirtualList
        id="bar"
        label="Steps by their start"
        role="listbox"
        count={bars.length}
        row={ROW}
        current={chosen === undefined ? -1 : bars.findIndex(({ index }) => index === chosen)}
        onOpen={(at) => bars[at] && onChoose(bars[at].index)}
        renderRow={(at, props) => {
          const bar = bars[at];
          return bar && <BarRow key={bar.index} {...{ bar, props, onChoose }} isChosen={bar.index === chosen} />;
        }}
      />
      <p class="rest">{rest.filter(Boolean).join(' ')}</p>
    </section>
  );
}

/** The times above the bars: fewer if there is less room. */
function Axis({ startMs, endMs }: Pick<Plan, 'startMs' | 'endMs'>) {
  const track = useRef<HTMLSpanElement>(null);
  const width = useSignal(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      width.value = entry?.contentRect.width ?? 0;
    });
    if (track.current !== null) observer.observe(track.current);
    return () => observer.disconnect();
  }, []);
  return (
    <div class="axis" aria-hidden="true">
      <span class="name" />
      <span class="track" ref={track}>
        {planTicks({ startMs, endMs }, width.value).map(({ at, label }) => (
          <span key={label} class="tick" style={{ left: `${at * 100}%` }}>
            {label}
          </span>
        ))}
      </span>
    </div>
  );
}

interface BarRowProps {
  readonly bar: Bar;
  readonly props: RowProps;
  readonly isChosen: boolean;
  readonly onChoose: (index: number) => void;
}

function BarRow({ bar, props, isChosen, onChoose }: BarRowProps) {
  const { index, label, look, from, to, isOpen, ms } = bar;
  const isInside = to > 0.85 && to - from > 0.15;
  const place = isInside
    ? { right: `${(1 - to) * 100}%` }
    : to > 0.85
      ? { right: `${(1 - from) * 100}%` }
      : { left: `${to * 100}%` };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list handles the keys
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus, and names its active row
    <div
      {...props}
      role="option"
      aria-selected={isChosen}
      class={`${props.class}${isChosen ? ' chosen' : ''}`}
      title={`${label}: ${look.word}, ${formatDuration(ms)}`}
      onClick={() => onChoose(index)}
    >
      <span class="name">
        <Icon look={look} />
        <span class="hidden">{look.word}</span>
        <Name of={label} />
      </span>
      <span class="track">
        <span
          class={`bar ${look.name}${isOpen ? ' open' : ''}`}
          style={{ left: `${from * 100}%`, width: `${(to - from) * 100}%` }}
        />
        <span class={`length${isInside ? ' inside' : ''}`} style={place}>
          {formatDuration(ms)}
        </span>
      </span>
    </div>
  );
}
