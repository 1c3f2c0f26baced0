import { captionOf, type Drawing, type DrawnEdge, type DrawnStep } from '../../drawing/drawing.ts';
import { layOut, type Point } from '../../drawing/layout.ts';
import { escapeXml } from './escape.ts';

/**
 * Pixels. A character of the monospaced fonts is 0.6 em wide, which is 7.8 at 13 pixels. A wide character takes two of
 * these.
 */
const CHARACTER = 8;
const BOX_HEIGHT = 44;
/** The height of the condition of a step. */
const CONDITION_HEIGHT = 14;
const PADDING = 12;
/** Room for the longest heading, "can never start". */
const HEADINGS = 15 * CHARACTER + PADDING;
const TITLE_HEIGHT = 36;
/** How far the baseline of a text is below its middle. */
const BASELINE = 4;

const STYLE = `
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328; }
.paper { fill: #ffffff; } .row { fill: #f0f3f6; } .heading, .kind { fill: #59636e; } .kind { font-size: 11px; }
.box { fill: #ffffff; stroke: #59636e; } .arrow { fill: none; stroke: #59636e; } .head { fill: #59636e; }
.sequential { stroke-dasharray: 5 4; } .missing { stroke-dasharray: 4 3; } .conditional { stroke-dasharray: 6 4; }
.data { stroke: #0969da; } .data-head { fill: #0969da; } .reads { stroke-dasharray: 2 4; }
.loop { stroke: #cf222e; stroke-width: 2; } .loop-head { fill: #cf222e; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.paper { fill: #0d1117; } .row { fill: #1c2128; } .heading, .kind { fill: #9198a1; }
.box { fill: #0d1117; stroke: #9198a1; } .arrow { stroke: #9198a1; } .head { fill: #9198a1; }
.data { stroke: #4493f8; } .data-head { fill: #4493f8; }
.loop { stroke: #ff7b72; } .loop-head { fill: #ff7b72; }
}
`;

/** Writes a picture that needs no other files, with the drawings below each other. Throws LayoutTooLargeError. */
export function formatSvg(drawings: readonly Drawing[]): string {
  const parts = drawings.map(draw);
  const width = Math.max(...parts.map((part) => part.width));
  let height = 0;
  const placed = parts.map((part) => {
    const top = height;
    height += part.height;
    return `<g transform="translate(0 ${top})">\n${part.svg}</g>\n`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">\n`,
    `<style>${STYLE}</style>\n<defs>${drawHead('head')}${drawHead('loop-head')}${drawHead('data-head')}${drawTail()}</defs>\n`,
    `<rect class="paper" width="${width}" height="${height}"/>\n`,
    ...placed,
    '</svg>\n',
  ].join('');
}

function drawHead(name: string): string {
  const size = 'viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse"';
  return `<marker id="${name}" ${size} orient="auto"><path class="${name}" d="M0 0L10 5L0 10z"/></marker>`;
}

/** Draws the start of an arrow of data, so that the arrow can be recognised without its colour. */
function drawTail(): string {
  const size = 'viewBox="0 0 10 10" refX="5" refY="5" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse"';
  return `<marker id="data-tail" ${size}><circle class="data-head" cx="5" cy="5" r="4"/></marker>`;
}

function draw({ title, isSequential, rows, edges }: Drawing) {
  const boxes = rows.flatMap(({ steps }, row) =>
    steps.map((step) => ({ id: step.id, step, row, width: widthOf(step), height: heightOf(step) })),
  );
  const layout = layOut(
    boxes,
    edges.map(({ from, to }) => ({ from: from.id, to: to.id })),
  );
  const heading = isSequential ? `${title} (sequential)` : title;
  const width = Math.ceil(Math.max(HEADINGS + layout.width, measure(heading)) + 2 * PADDING);
  const bands = rows.map((row, index) => {
    const middles = boxes.flatMap((box, at) => (box.row === index ? (layout.middles[at]?.y ?? 0) : []));
    const tallest = Math.max(...row.steps.map(heightOf));
    return drawBand(row.heading, Math.min(...middles), Math.max(...middles), tallest);
  });
  const svg = [
    `<text x="${PADDING}" y="${TITLE_HEIGHT - PADDING}" font-weight="bold">${escapeXml(heading)}</text>\n`,
    `<g transform="translate(0 ${TITLE_HEIGHT})">\n${bands.join('')}</g>\n`,
    `<g transform="translate(${HEADINGS + PADDING} ${TITLE_HEIGHT})">\n`,
    ...edges.map((edge, at) => drawArrow(layout.lines[at] ?? [], edge, isSequential)),
    ...boxes.map(({ step, width: boxWidth }, at) => drawBox(step, boxWidth, layout.middles[at] ?? { x: 0, y: 0 })),
    '</g>\n',
  ].join('');
  return { svg, width, height: Math.ceil(TITLE_HEIGHT + layout.height + 2 * PADDING) };
}

/** Draws the background of a row. `from` and `to` are the middles of its highest and its lowest box. */
function drawBand(heading: string, from: number, to: number, tallest: number): string {
  const top = from - tallest / 2 - PADDING / 2;
  const height = to - from + tallest + PADDING;
  return (
    `<rect class="row" x="0" y="${round(top)}" width="100%" height="${round(height)}"/>` +
    `<text class="heading" x="${PADDING}" y="${round(from + BASELINE)}">${heading}</text>\n`
  );
}

function drawBox(step: DrawnStep, width: number, { x, y }: Point): string {
  const [height, top] = [heightOf(step), y - heightOf(step) / 2];
  const size = `x="${round(x - width / 2)}" y="${round(top)}" width="${width}" height="${height}"`;
  const lines = captionOf(step).map((line, at) => {
    const place = `x="${round(x)}" y="${round(top + 19 + (at === 0 ? 0 : 2 + at * CONDITION_HEIGHT))}"`;
    return `<text${at === 0 ? '' : ' class="kind"'} ${place} text-anchor="middle">${escapeXml(line)}</text>`;
  });
  const isConditional = step.condition !== '';
  return `<rect class="box ${step.state}${isConditional ? ' conditional' : ''}" ${size} rx="6"/>${lines.join('')}\n`;
}

/** Draws an arrow that is rounded at each corner: every point between the ends pulls the line towards it. */
function drawArrow(points: readonly Point[], edge: DrawnEdge, isSequential: boolean): string {
  const { isOnLoop, isOrder, reads } = edge;
  const [first, ...rest] = points;
  if (first === undefined) return '';
  const bends = rest.slice(0, -1).map((point, index) => {
    const next = rest[index + 1] ?? point;
    const isLast = index === rest.length - 2;
    return `Q${pair(point)} ${pair(isLast ? next : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 })}`;
  });
  const isData = reads.length > 0;
  const styles = [isOnLoop && 'loop', isData && !isOnLoop && 'data', !isOrder && 'reads', isSequential && 'sequential'];
  const style = ['arrow', ...styles.filter((name) => name !== false)].join(' ');
  const head = isOnLoop ? 'loop-head' : isData ? 'data-head' : 'head';
  const tail = isData ? ' marker-start="url(#data-tail)"' : '';
  const path = `<path class="${style}" marker-end="url(#${head})"${tail} d="M${pair(first)}${bends.join('')}"`;
  return isData ? `${path}><title>${escapeXml(reads.join(', '))}</title></path>\n` : `${path}/>\n`;
}

function heightOf({ condition }: DrawnStep): number {
  return BOX_HEIGHT + (condition === '' ? 0 : CONDITION_HEIGHT);
}

function widthOf(step: DrawnStep): number {
  return Math.max(...captionOf(step).map(measure)) + 2 * PADDING;
}

/** Returns the width of a text. Characters from U+2E80 on count as wide, whether they are or not. */
function measure(text: string): number {
  const isWide = (character: string) => (character.codePointAt(0) ?? 0) >= 0x2e80;
  return Array.from(text).reduce((width, character) => width + (isWide(character) ? 2 : 1) * CHARACTER, 0);
}

function pair({ x, y }: Point): string {
  return `${round(x)} ${round(y)}`;
}

function round(length: number): number {
  return Math.round(length * 10) / 10;
}
