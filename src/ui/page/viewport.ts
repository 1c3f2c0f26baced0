/** Which part of a drawing is seen: a point of the drawing stands at `point * scale + (x, y)` of the window. */
export interface Viewport {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The least and the most that a drawing can be enlarged. */
export const SCALES: [number, number] = [0.02, 2.5];
const FITTED = 1.15;
/** Below `least` a box that is to be read is shown at `shown`. */
const READABLE = { least: 0.6, shown: 0.9 } as const;
const MARGIN = 24;
/** Below the drawing: the search field and the buttons stand there, with as much again above them. */
const FOOT = 56;

/** All of the drawing, in the middle of what is free of the window. */
export function fitIn(drawing: Size, window: Size): Viewport {
  const room = { width: Math.max(1, window.width - 2 * MARGIN), height: Math.max(1, window.height - MARGIN - FOOT) };
  const scale = Math.min(FITTED, room.width / drawing.width, room.height / drawing.height);
  return {
    scale,
    x: (window.width - drawing.width * scale) / 2,
    y: MARGIN + (room.height - drawing.height * scale) / 2,
  };
}

/** Moved just so far that the box is seen, and enlarged where it could not be read. */
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
