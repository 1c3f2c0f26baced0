import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { scrollTo, windowOf } from './window.ts';

export interface VirtualListProps {
  /** A prefix of the ids of the rows. */
  readonly id: string;
  readonly label: string;
  readonly role: 'tree' | 'listbox';
  readonly count: number;
  /** The height of a row in pixels. */
  readonly row: number;
  /** The row of the selected object. It is scrolled to when it changes. -1 if it is not in the list. */
  readonly current: number;
  readonly renderRow: (at: number, row: RowProps) => ComponentChildren;
  readonly onOpen: (at: number) => void;
  /** Called for the left and the right arrow. Returns the row to go to. */
  readonly onSide?: (at: number, key: 'ArrowLeft' | 'ArrowRight') => number | undefined;
}

/** The properties that a row spreads on its element. */
export interface RowProps {
  readonly id: string;
  readonly class: string;
  readonly style: { readonly top: string };
  readonly tabIndex: -1;
}

/**
 * A list of which only the visible rows are in the document. It is one stop of the Tab key. The arrow keys move in it, and
 * Enter opens a row.
 */
export function VirtualList(props: VirtualListProps) {
  const { id, label, role, count, row, current, renderRow, onOpen } = props;
  const place = useRef<HTMLDivElement>(null);
  const view = useSignal({ top: 0, height: 800 });
  const active = useSignal(0);

  const measure = () => {
    const { scrollTop: top = 0, clientHeight: height = 0 } = place.current ?? {};
    if (top !== view.peek().top || height !== view.peek().height) view.value = { top, height };
  };
  const show = (at: number) => {
    if (place.current === null) return;
    const { scrollTop: top, clientHeight: height } = place.current;
    place.current.scrollTop =
      at * row >= top && (at + 1) * row <= top + height ? top : scrollTo(at, row, { top, height });
    measure();
  };
  useEffect(() => {
    const observer = new ResizeObserver(measure);
    if (place.current !== null) observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  // A layout effect, because a key can be pressed before the page is painted, and must move on from the selected row.
  useLayoutEffect(() => {
    if (current < 0) return;
    active.value = current;
    show(current);
  }, [current]);

  const at = clamp(active.value, count);
  const onKeyDown = (event: KeyboardEvent) => {
    // Keys can arrive faster than the page is drawn, so the row that was drawn last may be out of date.
    const at = clamp(active.peek(), count);
    const next = nextRow(event.key, at, count, Math.floor(view.peek().height / row), props);
    if (event.key === 'Enter' || event.key === ' ') onOpen(at);
    if (next !== undefined) {
      active.value = next;
      show(next);
    }
    if (next !== undefined || event.key === 'Enter' || event.key === ' ') event.preventDefault();
  };
  const { first, last } = windowOf(count, row, view.value);
  const rows = Array.from({ length: Math.max(0, last - first) }, (_, index) => first + index);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: its role is a property
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: both roles support it
    <div
      ref={place}
      id={id}
      class="virtual"
      role={role}
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={count > 0 && at >= first && at < last ? `${id}-${at}` : undefined}
      onScroll={measure}
      onKeyDown={onKeyDown}
      onClick={() => place.current?.focus({ preventScroll: true })}
    >
      <div class="room" role="presentation" style={{ height: `${count * row}px` }}>
        {rows.map((index) =>
          renderRow(index, {
            id: `${id}-${index}`,
            class: `row${index === at ? ' active' : ''}`,
            style: { top: `${index * row}px` },
            tabIndex: -1,
          }),
        )}
      </div>
    </div>
  );
}

/** The nearest row of a list of this length. */
function clamp(row: number, count: number): number {
  return Math.max(0, Math.min(row, count - 1));
}

function nextRow(
  key: string,
  at: number,
  count: number,
  page: number,
  { onSide }: VirtualListProps,
): number | undefined {
  const within = (row: number) => clamp(row, count);
  switch (key) {
    case 'ArrowDown':
      return within(at + 1);
    case 'ArrowUp':
      return within(at - 1);
    case 'PageDown':
      return within(at + page);
    case 'PageUp':
      return within(at - page);
    case 'Home':
      return 0;
    case 'End':
      return within(count - 1);
    case 'ArrowLeft':
    case 'ArrowRight':
      return onSide?.(at, key) ?? (onSide && at);
    default:
      return undefined;
  }
}
