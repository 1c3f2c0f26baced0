import { displayName } from '../dag/display.ts';
import { type Drawing, drawOrchestration } from '../drawing/drawing.ts';
import { LayoutTooLargeError, layOut } from '../drawing/layout.ts';
import { decodeOrchestration } from '../orchestration/decode.ts';
import { listInputTexts } from '../orchestration/input-texts.ts';
import { defaultPolicy, judgeOrchestration } from '../orchestration/judge.ts';
import type { StepKinds } from '../orchestration/kinds/step-kinds.ts';
import type { Step } from '../orchestration/schema.ts';
import type { Band, BoxView, EdgeView, NamedText, Picture } from './page/protocol.ts';
import { viewText } from './texts.ts';
import { BOX, HEADING, HEADING_SIZE, PADDING, type Places, placeWaves } from './waves.ts';

/**
 * Up to this size, the layout library draws a better picture than plain waves, in 0.1 s. Measured: 100 steps took 50 to
 * 140 ms, and a wave of 100 steps made a drawing of 18,000 pixels. 1,000 steps took 0.6 to 3.7 s, and 184,000 pixels.
 */
const LIBRARY = { boxes: 100, edges: 250, wave: 12 } as const;

type Edges = readonly { readonly from: number; readonly to: number }[];

/** Draws an Orchestration for the page, even if it is invalid. */
export function drawPicture(object: unknown, note?: string, policy = defaultPolicy): Picture {
  const { orchestration } = decodeOrchestration(object);
  const drawing = drawOrchestration(orchestration, policy.kinds);
  const all = drawing.rows.flatMap(({ steps }) => steps);
  const declared = orchestration.steps.length;
  const indexOf = new Map(
    all.map(({ id }) => [id, id.startsWith('s') ? Number(id.slice(1)) : declared + Number(id.slice(1))]),
  );
  const at = (id: string) => indexOf.get(id) ?? 0;
  const edges = drawing.edges.map(({ from, to, ...edge }) => ({ from: at(from.id), to: at(to.id), ...edge }));
  const rows = drawing.rows.map(({ heading, steps }) => ({ heading, boxes: steps.map(({ id }) => at(id)) }));
  const { places, lines } = place(rows, edges, drawing);
  const boxes: BoxView[] = [];
  for (const { id, ...drawn } of all) {
    const corner = places.corners.get(at(id)) ?? { x: 0, y: 0 };
    const inputs = viewInputs(orchestration.steps[at(id)], policy.kinds);
    // A box that is not a step has the name that other steps depend on.
    const name = orchestration.steps[at(id)]?.name ?? drawn.label;
    boxes[at(id)] = { ...corner, ...BOX, ...drawn, name, inputs };
  }
  const { denials, warnings } = judgeOrchestration(object, policy);
  return {
    width: places.width,
    height: places.height,
    isSequential: drawing.isSequential,
    ...(note !== undefined && { note }),
    headingSize: places.headingSize,
    bands: places.bands,
    boxes,
    kinds: Object.fromEntries(policy.kinds.all.map(({ name, does }) => [name, does])),
    edges: edges.map((edge, index): EdgeView => ({ ...edge, ...(lines?.[index] && { line: lines[index] }) })),
    problems: [...denials, ...warnings].map(({ severity, code, field, message }) => ({
      severity,
      code,
      field,
      message,
    })),
  };
}

function viewInputs(step: Step | undefined, kinds: StepKinds): NamedText[] {
  if (step === undefined) return [];
  return [...listInputTexts(step, kinds.get(step.kind))]
    .filter(({ text }) => text.includes('${{'))
    .map(({ path, text }) => viewText(nameInput(path), text));
}

/** Names a text of a step by its place. */
export function nameInput(path: readonly (string | number)[]): string {
  return displayName(path.join('.'));
}

type Rows = readonly { readonly heading: string; readonly boxes: readonly number[] }[];

function place(rows: Rows, edges: Edges, { rows: drawn }: Drawing): { places: Places; lines?: readonly number[][] } {
  const count = rows.reduce((sum, { boxes }) => sum + boxes.length, 0);
  const isSmall = count <= LIBRARY.boxes && edges.length <= LIBRARY.edges;
  if (isSmall && drawn.every(({ steps }) => steps.length <= LIBRARY.wave)) {
    try {
      return placeByLibrary(rows, edges);
    } catch (error) {
      if (!(error instanceof LayoutTooLargeError)) throw error;
    }
  }
  return { places: placeWaves(rows, edges) };
}

/** The library places waves below each other, and the page shows them side by side, so both axes are swapped. */
function placeByLibrary(rows: Rows, edges: Edges): { places: Places; lines: readonly number[][] } {
  const boxes = rows.flatMap(({ boxes: indexes }, row) =>
    indexes.map((index) => ({ id: String(index), row, width: BOX.height, height: BOX.width })),
  );
  const layout = layOut(
    boxes,
    edges.map(({ from, to }) => ({ from: String(from), to: String(to) })),
  );
  const down = HEADING;
  const corners = new Map(
    boxes.map(({ id }, at) => {
      const { x, y } = layout.middles[at] ?? { x: 0, y: 0 };
      return [Number(id), { x: PADDING + y - BOX.width / 2, y: down + x - BOX.height / 2 }];
    }),
  );
  const height = HEADING + layout.width + PADDING;
  const bands = rows.map(({ heading, boxes: indexes }): Band => {
    const lefts = indexes.map((index) => corners.get(index)?.x ?? 0);
    const x = Math.min(...lefts) - PADDING;
    return { heading, x, y: 0, width: Math.max(...lefts) + BOX.width + PADDING - x, height };
  });
  return {
    places: { width: layout.height + 2 * PADDING, height, headingSize: HEADING_SIZE, corners, bands },
    lines: layout.lines.map((points) => points.flatMap(({ x, y }) => [round(PADDING + y), round(down + x)])),
  };
}

function round(length: number): number {
  return Math.round(length * 10) / 10;
}
