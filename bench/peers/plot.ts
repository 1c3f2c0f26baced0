import type { Point } from './growth.ts';

const PANEL = { width: 250, height: 220, left: 76, top: 34, gap: 44 };
/** The looks differ in shape as well as in colour. Each is legible on white and on black. */
const looks = [
  { light: '#0969da', dark: '#58a6ff', mark: 'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0' },
  { light: '#bc4c00', dark: '#f0883e', mark: 'M-4 -4h8v8h-8z' },
  { light: '#8250df', dark: '#bc8cff', mark: 'M0 -5L5 4H-5z' },
];

type Scale = (value: number) => number;

/**
 * Draws an SVG that shows how the time to decide grows, for each shape of graph. Both axes are logarithmic. It is light
 * or dark, as the reader prefers.
 */
export function plotGrowth(points: readonly Point[]): string {
  const panels = Object.entries(Object.groupBy(points, ({ shape }) => shape))
    .map(([shape, of = []]) => ({ shape, of }))
    .filter(({ of }) => of.length > 1);
  const peers = Object.keys(points[0]?.ms ?? {});
  const all = panels.flatMap(({ of }) => of);
  const times = all.flatMap(({ ms }) => Object.values(ms));
  const steps = [...new Set(all.map((point) => point.steps))];
  const decades = range(Math.floor(Math.log10(Math.min(...times))), Math.ceil(Math.log10(Math.max(...times))));
  const x = logScale(Math.min(...steps), Math.max(...steps), 0, PANEL.width);
  const y = logScale(10 ** (decades[0] ?? 0), 10 ** (decades.at(-1) ?? 0), PANEL.height, 0);
  const width = PANEL.left + panels.length * (PANEL.width + PANEL.gap);
  const height = PANEL.top + PANEL.height + 66;
  const drawn = panels.map(({ shape, of }, index) => {
    const lines = peers.map((peer, at) => drawLine(peer, at, of, x, y));
    const place = `translate(${PANEL.left + index * (PANEL.width + PANEL.gap)} ${PANEL.top})`;
    return `<g transform="${place}">${drawFrame(shape, steps, x, index === 0, decades, y)}${lines.join('')}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>Milliseconds to decide a graph, by its number of steps</title>
<style>${css()}</style>
<rect class="paper" width="${width}" height="${height}"/>
${drawn.join('\n')}
${drawLegend(peers, height - 12)}
</svg>
`;
}

function drawFrame(
  title: string,
  steps: readonly number[],
  x: Scale,
  isFirst: boolean,
  decades: readonly number[],
  y: Scale,
): string {
  const rows = decades.map((decade) => {
    const at = y(10 ** decade).toFixed(1);
    const label = isFirst
      ? `<text class="end" x="-6" y="${Number(at) + 4}">${(10 ** decade).toLocaleString('en-US')} ms</text>`
      : '';
    return `<path class="grid" d="M0 ${at}H${PANEL.width}"/>${label}`;
  });
  const columns = steps.map((count) => {
    const label = count.toLocaleString('en-US');
    return `<text class="middle" x="${x(count).toFixed(1)}" y="${PANEL.height + 16}">${label}</text>`;
  });
  return `<text class="title" x="0" y="-12">${title}</text>${rows.join('')}${columns.join('')}`;
}

function drawLine(peer: string, at: number, points: readonly Point[], x: Scale, y: Scale): string {
  const places = points.flatMap(({ steps, ms }) => {
    const own = ms[peer];
    return own === undefined ? [] : [`${x(steps).toFixed(1)} ${y(own).toFixed(1)}`];
  });
  const marks = places.map((place) => `<path transform="translate(${place})" d="${looks[at]?.mark}"/>`);
  return `<g class="peer${at}"><path class="line" style="fill:none" d="M${places.join('L')}"/>${marks.join('')}</g>`;
}

function drawLegend(peers: readonly string[], y: number): string {
  const entries = peers.map(
    (peer, at) =>
      `<g class="peer${at}" transform="translate(${PANEL.left + at * 170} ${y})"><path d="${looks[at]?.mark}"/><text x="10" y="4">${peer}</text></g>`,
  );
  return entries.join('');
}

function css(): string {
  const colours = (theme: 'light' | 'dark') =>
    looks.map((look, at) => `.peer${at} path{fill:${look[theme]};stroke:${look[theme]}}`).join('');
  return [
    'text{font:12px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600}.end{text-anchor:end}.middle{text-anchor:middle}',
    `.paper{fill:#fff}.grid{stroke:#d0d7de}${colours('light')}.line{stroke-width:2}`,
    `@media(prefers-color-scheme:dark){text{fill:#e6edf3}.paper{fill:#0d1117}.grid{stroke:#30363d}${colours('dark')}}`,
  ].join('');
}

function logScale(from: number, to: number, start: number, end: number): Scale {
  return (value) => start + ((Math.log(value) - Math.log(from)) / (Math.log(to) - Math.log(from))) * (end - start);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
