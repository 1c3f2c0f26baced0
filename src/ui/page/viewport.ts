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

const SCALE = { least: 0.02, most: 2.5, fitted: 1.15 } as const;
const MARGIN = 24;
/** Below the drawing: the search field and the buttons stand there, with as much again above them. */
const FOOT = 56;

/** All of the drawing, in the middle of what is free of the window. */
export function fitIn(drawing: Size, window: Size): Viewport {
  const room = { width: Math.max(1, window.width - 2 * MARGIN), height: Math.max(1, window.height - MARGIN - FOOT) };
  const scale = Math.min(SCALE.fitted, room.width / drawing.width, room.height / drawing.height);
  return {
    scale,
    x: (window.width - drawing.width * scale) / 2,
    y: MARGIN + (room.height - drawing.height * scale) / 2,
  };
}

/** Larger or smaller by `factor`, the point of the window staying where it is. */
export function zoom(
  { x, y, scale }: Viewport,
  factor: number,
  point: { readonly x: number; readonly y: number },
): Viewport {
  const next = Math.min(SCALE.most, Math.max(SCALE.least, scale * factor));
  const grown = next / scale;
  return { scale: next, x: point.x - (point.x - x) * grown, y: point.y - (point.y - y) * grown };
}

/** Moved just so far that the box is seen, and enlarged where it could not be read. */
export function reveal(
  viewport: Viewport,
  box: Size & { readonly x: number; readonly y: number },
  window: Size,
): Viewport {
  const readable = viewport.scale < 0.6 ? zoom(viewport, 0.9 / viewport.scale, { x: 0, y: 0 }) : viewport;
  const shift = (start: number, length: number, end: number) => {
    if (start < MARGIN) return MARGIN - start;
    return Math.min(0, end - (start + length));
  };
  const { scale, x, y } = readable;
  const isMoved = readable !== viewport;
  const [left, top] = [box.x * scale + x, box.y * scale + y];
  return {
    scale,
    x: isMoved
      ? window.width / 2 - (box.x + box.width / 2) * scale
      : x + shift(left, box.width * scale, window.width - MARGIN),
    y: isMoved
      ? window.height / 2 - (box.y + box.height / 2) * scale
      : y + shift(top, box.height * scale, window.height - FOOT),
  };
}
