import type { BoxView, EdgeView, Picture } from '../protocol.ts';

/** The path data of many edges: their lines, and the heads of their arrows. */
export interface EdgePaths {
  readonly lines: string;
  readonly heads: string;
}

/** Draws many edges as one path, because one path is cheap for the browser and a thousand paths are not. */
export function drawEdges({ boxes }: Picture, edges: readonly EdgeView[]): EdgePaths {
  const drawn = edges.map((edge) => drawEdge(edge, boxes[edge.from], boxes[edge.to]));
  return { lines: drawn.map(({ lines }) => lines).join(''), heads: drawn.map(({ heads }) => heads).join('') };
}

/** A data edge begins with a dot, so that it is recognizable without its color. */
function drawEdge(edge: EdgeView, source?: BoxView, target?: BoxView): EdgePaths {
  if (source === undefined || target === undefined) return { lines: '', heads: '' };
  const { lines, heads } = drawLine(edge, source, target);
  return edge.reads.length === 0 ? { lines, heads } : { lines, heads: `${heads}${drawDot(lines)}` };
}

/** Draws a circle around the start of a line. */
function drawDot(lines: string): string {
  const [, x = '0', y = '0'] = /^M(\S+) ([^A-Z]+)/.exec(lines) ?? [];
  return `M${Number(x) - 3.5} ${y}a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z`;
}

function drawLine({ line = [], from, to }: EdgeView, source: BoxView, target: BoxView): EdgePaths {
  if (from === to) return drawCorners(turnBack(target));
  const isForward = target.x >= source.x + source.width;
  if (!isForward && line.length > 0) return drawCorners(line);
  // The line goes from side to side. Its inner corners lead it through other waves.
  const corners = [
    ...[source.x + source.width, source.y + source.height / 2],
    ...(line.length > 6 ? line.slice(2, -2) : []),
    ...[target.x, target.y + target.height / 2],
  ];
  let lines = `M${corners[0]} ${corners[1]}`;
  for (let at = 2; at < corners.length; at += 2) {
    const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = corners.slice(at - 2, at + 2);
    const bend = isForward ? (x1 - x0) / 2 : 140;
    lines += `C${x0 + bend} ${y0} ${x1 - bend} ${y1} ${x1} ${y1}`;
  }
  return { lines, heads: drawHead(target.x, target.y + target.height / 2, 1, 0) };
}

/** Draws a line with rounded corners. */
function drawCorners(line: readonly number[]): EdgePaths {
  const at = (index: number) => ({ x: line[2 * index] ?? 0, y: line[2 * index + 1] ?? 0 });
  const last = line.length / 2 - 1;
  let lines = `M${pair(at(0))}`;
  if (last < 2) lines += `L${pair(at(last))}`;
  for (let corner = 1; corner < last; corner++) {
    const [here, next] = [at(corner), at(corner + 1)];
    const end = corner === last - 1 ? next : { x: (here.x + next.x) / 2, y: (here.y + next.y) / 2 };
    lines += `Q${pair(here)} ${pair(end)}`;
  }
  const [before, end] = [at(last - 1), at(last)];
  const length = Math.hypot(end.x - before.x, end.y - before.y) || 1;
  return { lines, heads: drawHead(end.x, end.y, (end.x - before.x) / length, (end.y - before.y) / length) };
}

function turnBack({ x, y, width }: BoxView): readonly number[] {
  const [middle, top] = [x + width / 2, y];
  return [middle + 24, top, middle + 24, top - 22, middle - 24, top - 22, middle - 24, top];
}

/** Draws a triangle with its tip at (x, y). (dx, dy) is its direction, with length 1. */
function drawHead(x: number, y: number, dx: number, dy: number): string {
  const [length, half] = [8, 4];
  const [backX, backY] = [x - dx * length, y - dy * length];
  return `M${pair({ x, y })}L${pair({ x: backX - dy * half, y: backY + dx * half })}L${pair({ x: backX + dy * half, y: backY - dx * half })}z`;
}

function pair({ x, y }: { readonly x: number; readonly y: number }): string {
  return `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
}
