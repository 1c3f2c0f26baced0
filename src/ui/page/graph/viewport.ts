/** The visible part of a drawing. A point of the drawing is at `point * scale + (x, y)` in the window. */
export interface Viewport {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The minimum and the maximum scale of a drawing. */
export const SCALES: [number, number] = [0.02, 2.5];
const FITTED = 1.15;
/** If the scale is below `least`, a box that the user must read is shown at the scale `shown`. */
const READABLE = { least: 0.6, shown: 0.9 } as const;
const MARGIN = 24;
/** The space below the drawing, for the search field and the buttons, with the same space above them. */
const FOOT = 56;

/** Returns the viewport that shows the whole drawing, in the middle of the free part of the window. */
export function fitIn(drawing: Size, window: Size): Viewport {
  const room = { width: Math.max(1, window.width - 2 * MARGIN), height: Math.max(1, window.height - MARGIN - FOOT) };
  const scale = Math.min(FITTED, room.width / drawing.width, room.height / drawing.height);
  return {
    scale,
    x: (window.width - drawing.width * scale) / 2,
    y: MARGIN + (room.height - drawing.height * scale) / 2,
  };
}

/** In a narrower window, a drawing begins at a legible scale, from its left side. */
const NARROW = { width: 720, scale: 0.75, boxes: 100 } as const;

/**
 * Returns the first viewport of a drawing with this number of boxes: the whole drawing or, if that is not legible in a
 * narrow window, its beginning.
 */
export function startIn(drawing: Size, boxes: number, window: Size): Viewport {
  const fitted = fitIn(drawing, window);
  if (window.width >= NARROW.width || boxes > NARROW.boxes || fitted.scale >= READABLE.least) return fitted;
  const { scale } = NARROW;
  return { scale, x: MARGIN, y: Math.max(MARGIN, (window.height - FOOT - drawing.height * scale) / 2) };
}

/** Moves the viewport only as far as needed to show the box, and zooms in if the box is not legible. */
export function reveal(
  viewport: Viewport,
  box: Size & { readonly x: number; readonly y: number },
  window: Size,
): Viewport {
  const { x, y, scale } = viewport;
  if (scale < READABLE.least) {
    return {
      scale: READABLE.shown,
      x: window.width / 2 - (box.x + box.width / 2) * READABLE.shown,
      y: window.height / 2 - (box.y + box.height / 2) * READABLE.shown,
    };
  }
  const shift = (start: number, length: number, end: number) =>
    start < MARGIN ? MARGIN - start : Math.min(0, end - (start + length));
  return {
    scale,
    x: x + shift(box.x * scale + x, box.width * scale, window.width - MARGIN),
    y: y + shift(box.y * scale + y, box.height * scale, window.height - FOOT),
  };
}
