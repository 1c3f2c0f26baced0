import type { Band } from './page/protocol.ts';

/** Pixels. */
export const BOX = { width: 188, height: 44 } as const;
const GAP = { x: 28, y: 12 } as const;
/** Between a band's edge and its boxes; above them stands the heading. */
export const PADDING = 14;
export const HEADING = 30;
export const HEADING_SIZE = 11;
const MOST_HEADING = 60;
const BETWEEN_BANDS = 56;
const BETWEEN_LINES = 40;
/** Of the whole drawing, width to height: that of the window it is shown in, about. */
const ASPECT = 2.4;

/** Where boxes stand (their left top corners, by index) and what they stand on. */
export interface Places {
  readonly width: number;
  readonly height: number;
  /** Of the words above the bands. */
  readonly headingSize: number;
  readonly corners: ReadonlyMap<number, { readonly x: number; readonly y: number }>;
  readonly bands: readonly Band[];
}

interface Row {
  readonly heading: string;
  readonly boxes: readonly number[];
}

/**
 * Places wave after wave as words are placed in lines: each a block of columns, its boxes in the order of what they wait
 * for. For graphs that are too large for lines that do not cross. Cost: linear, save the sorting in each wave.
 */
export function placeWaves(
  rows: readonly Row[],
  edges: readonly { readonly from: number; readonly to: number }[],
): Places {
  const ordered = orderRows(rows, edges);
  const count = rows.reduce((sum, { boxes }) => sum + boxes.length, 0);
  // A large drawing is seen from afar, where only large words are legible.
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

/** Each row by the mean place of what its boxes wait for; what waits for nothing keeps its place. */
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
