import type { Band } from './page/protocol.ts';

/** Pixels. */
export const BOX = { width: 188, height: 44 } as const;
const GAP = { x: 28, y: 12 } as const;
/** The space between the edge of a band and its boxes. The heading is above the boxes. */
export const PADDING = 14;
export const HEADING = 30;
export const HEADING_SIZE = 11;
const MOST_HEADING = 60;
const BETWEEN_BANDS = 56;
const BETWEEN_LINES = 40;
/** The ratio of width to height of the whole drawing, about that of a window. */
const ASPECT = 2.4;

/** The positions of the boxes (their top left corners, by index), and the bands behind them. */
export interface Places {
  readonly width: number;
  readonly height: number;
  /** The font size of the headings above the bands. */
  readonly headingSize: number;
  readonly corners: ReadonlyMap<number, { readonly x: number; readonly y: number }>;
  readonly bands: readonly Band[];
}

interface Row {
  readonly heading: string;
  readonly boxes: readonly number[];
}

/**
 * Places the waves one after another, in lines, as text is wrapped. Each wave is a block of columns. Its boxes are
 * sorted by the positions of their dependencies. Use it for graphs that are too large to draw without crossing lines.
 * Cost: linear, plus the sorting in each wave.
 */
export function placeWaves(
  rows: readonly Row[],
  edges: readonly { readonly from: number; readonly to: number }[],
): Places {
  const ordered = orderRows(rows, edges);
  const count = rows.reduce((sum, { boxes }) => sum + boxes.length, 0);
  // A large drawing is shown at a small scale, where only large words are legible.
  const headingSize = Math.max(HEADING_SIZE, Math.min(MOST_HEADING, Math.sqrt(count) * 2));
  const room = (HEADING * headingSize) / HEADING_SIZE;
  const blocks = ordered.map((row) => measureBlock(row, room));
  const area = blocks.reduce((sum, { width, height }) => sum + (width + BETWEEN_BANDS) * (height + BETWEEN_LINES), 0);
  const lineWidth = Math.max(Math.sqrt(area * ASPECT), ...blocks.map(({ width }) => width));
  const corners = new Map<number, { x: number; y: number }>();
  const bands: Band[] = [];
  let [x, y, lineHeight, widest] = [0, 0, 0, 0];
  for (const { heading, boxes, lines, width, height } of blocks) {
    if (x > 0 && x + width > lineWidth) {
      y += lineHeight + BETWEEN_LINES;
      [x, lineHeight] = [0, 0];
    }
    bands.push({ heading, x, y, width, height });
    for (const [at, box] of boxes.entries()) {
      const [column, line] = [Math.floor(at / lines), at % lines];
      corners.set(box, {
        x: x + PADDING + column * (BOX.width + GAP.x),
        y: y + room + line * (BOX.height + GAP.y),
      });
    }
    widest = Math.max(widest, x + width);
    x += width + BETWEEN_BANDS;
    lineHeight = Math.max(lineHeight, height);
  }
  return { width: widest, height: y + lineHeight, headingSize, corners, bands };
}

function measureBlock({ heading, boxes }: Row, room: number) {
  const columns = Math.ceil(Math.sqrt((boxes.length * (BOX.height + GAP.y)) / (BOX.width + GAP.x)));
  const lines = Math.ceil(boxes.length / columns);
  return {
    heading,
    boxes,
    lines,
    width: 2 * PADDING + columns * (BOX.width + GAP.x) - GAP.x,
    height: room + PADDING + lines * (BOX.height + GAP.y) - GAP.y,
  };
}

/**
 * Sorts the boxes of each row by the mean position of their dependencies. A box without dependencies keeps its
 * position.
 */
function orderRows(rows: readonly Row[], edges: readonly { readonly from: number; readonly to: number }[]): Row[] {
  const sources = new Map<number, number[]>();
  for (const { from, to } of edges) {
    const known = sources.get(to);
    if (known === undefined) sources.set(to, [from]);
    else known.push(from);
  }
  const placeOf = new Map<number, number>();
  return rows.map(({ heading, boxes }) => {
    const wanted = boxes.map((box, at) => {
      const places = (sources.get(box) ?? []).flatMap((source) => placeOf.get(source) ?? []);
      const mean = places.reduce((sum, place) => sum + place, 0) / places.length;
      return { box, place: places.length > 0 ? mean : at / boxes.length };
    });
    const sorted = wanted.sort((left, right) => left.place - right.place).map(({ box }) => box);
    for (const [at, box] of sorted.entries()) placeOf.set(box, at / sorted.length);
    return { heading, boxes: sorted };
  });
}
