interface PointerActions {
  readonly pan: (dx: number, dy: number) => void;
  readonly zoom: (factor: number, point: { readonly x: number; readonly y: number }) => void;
}

/** How far a hand may tremble in a click. */
const TREMBLE = 4;

/** Dragging pans, and so do two fingers on a pad; the wheel zooms, and so do two fingers apart. */
export function followPointer(
  area: SVGSVGElement,
  { pan, zoom }: PointerActions,
): { readonly hasDragged: () => boolean } {
  const pointers = new Map<number, { x: number; y: number }>();
  let travelled = 0;

  area.addEventListener('pointerdown', ({ pointerId, clientX, clientY, button }) => {
    if (button !== 0) return;
    pointers.set(pointerId, { x: clientX, y: clientY });
    travelled = 0;
  });
  area.addEventListener('pointermove', ({ pointerId, clientX, clientY }) => {
    const before = pointers.get(pointerId);
    if (before === undefined) return;
    const [dx, dy] = [clientX - before.x, clientY - before.y];
    travelled += Math.abs(dx) + Math.abs(dy);
    if (travelled < TREMBLE) return;
    // Captured only now: a click must still reach the box that it was meant for.
    if (!area.hasPointerCapture(pointerId)) area.setPointerCapture(pointerId);
    const others = [...pointers].filter(([id]) => id !== pointerId);
    const other = others[0]?.[1];
    pointers.set(pointerId, { x: clientX, y: clientY });
    if (other === undefined) pan(dx, dy);
    else spread(before, { x: clientX, y: clientY }, other);
  });
  const release = ({ pointerId }: PointerEvent) => pointers.delete(pointerId);
  area.addEventListener('pointerup', release);
  area.addEventListener('pointercancel', release);
  area.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const { left, top } = area.getBoundingClientRect();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const factor = Math.exp((-event.deltaY * lines) / (event.ctrlKey ? 100 : 400));
      if (event.deltaX !== 0 && !event.ctrlKey) pan(-event.deltaX * lines, -event.deltaY * lines);
      else zoom(factor, { x: event.clientX - left, y: event.clientY - top });
    },
    { passive: false },
  );

  function spread(before: { x: number; y: number }, after: { x: number; y: number }, other: { x: number; y: number }) {
    const { left, top } = area.getBoundingClientRect();
    const distance = (point: { x: number; y: number }) => Math.hypot(point.x - other.x, point.y - other.y) || 1;
    zoom(distance(after) / distance(before), { x: (after.x + other.x) / 2 - left, y: (after.y + other.y) / 2 - top });
  }

  return { hasDragged: () => travelled >= TREMBLE };
}
