import { useLayoutEffect, useRef } from 'preact/hooks';
import { createGraph } from '../graph/graph.ts';
import type { Picture, StepView } from '../protocol.ts';

export interface GraphViewProps {
  readonly picture: Picture;
  readonly steps: ReadonlyMap<number, StepView>;
  readonly chosen: number | undefined;
  readonly isDimmed: ((index: number) => boolean) | undefined;
  readonly onSelect: (index: number | undefined) => void;
  readonly label: string;
}

type Graph = ReturnType<typeof createGraph>;

/** The drawing of a graph. It keeps its own elements, so that a change of one step among a thousand draws one box. */
export function GraphView({ picture, steps, chosen, isDimmed, onSelect, label }: GraphViewProps) {
  const place = useRef<HTMLElement>(null);
  const graph = useRef<Graph>(undefined);
  const select = useRef(onSelect);
  select.current = onSelect;
  const drawn = useRef<ReadonlyMap<number, StepView>>(new Map());

  useLayoutEffect(() => {
    if (place.current === null) return undefined;
    const made = createGraph({ place: place.current, onSelect: (index) => select.current(index) });
    graph.current = made;
    const onKey = (event: KeyboardEvent) => zoomOn(event, made);
    addEventListener('keydown', onKey);
    return () => {
      removeEventListener('keydown', onKey);
      made.remove();
    };
  }, []);
  useLayoutEffect(() => {
    graph.current?.draw(picture);
    for (const index of picture.boxes.keys()) graph.current?.update(index, steps.get(index));
    drawn.current = steps;
  }, [picture]);
  useLayoutEffect(() => {
    for (const [index, step] of steps) if (drawn.current.get(index) !== step) graph.current?.update(index, step);
    drawn.current = steps;
  }, [steps]);
  useLayoutEffect(() => graph.current?.choose(chosen), [chosen, picture]);
  useLayoutEffect(() => graph.current?.dim(isDimmed), [isDimmed, picture]);
  return <section id="graph" class="graph" aria-label={label} ref={place} />;
}

function zoomOn(event: KeyboardEvent, graph: Graph): void {
  if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '+' || event.key === '=') graph.zoomBy(1.3);
  else if (event.key === '-') graph.zoomBy(1 / 1.3);
  else if (event.key === '0') graph.fitAll();
}

/** Returns true if a key belongs to a field or a dialog. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, dialog') !== null;
}
