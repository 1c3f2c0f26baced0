import type { BoxView, Picture } from '../protocol.ts';

/** Finds the next box: right goes to a dependent, left goes to a dependency, and up and down stay within the wave. */
export function findNext({ edges, boxes, bands }: Picture, index: number, key: string): number | undefined {
  if (key === 'ArrowRight') return edges.find(({ from, to }) => from === index && to !== index)?.to;
  if (key === 'ArrowLeft') return edges.find(({ to, from }) => to === index && from !== index)?.from;
  if (key !== 'ArrowUp' && key !== 'ArrowDown') return undefined;
  const isIn = (band: Picture['bands'][number], box: BoxView) =>
    box.x >= band.x && box.y >= band.y && box.x < band.x + band.width && box.y < band.y + band.height;
  const here = boxes[index];
  const band = here && bands.find((candidate) => isIn(candidate, here));
  if (here === undefined || band === undefined) return undefined;
  const inBand = [...boxes.keys()].filter((at) => isIn(band, boxes[at] as BoxView));
  const sorted = inBand.sort((left, right) => {
    const [a, b] = [boxes[left] as BoxView, boxes[right] as BoxView];
    return a.x - b.x || a.y - b.y;
  });
  return sorted[sorted.indexOf(index) + (key === 'ArrowDown' ? 1 : -1)];
}
