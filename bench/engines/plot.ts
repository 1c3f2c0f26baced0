import * as echarts from 'echarts';
import { type Metric, metrics } from './compare.ts';
import type { Engine } from './engine.ts';
import { figureOf, type Results } from './results.ts';
import type { Scenario } from './scenarios.ts';

const PANEL = { width: 420, height: 200, left: 80, top: 60, gapX: 90, gapY: 90, columns: 2 };
/** Legible on white and on black. */
const INK = '#7d8590';
const COLOURS = ['#2f81f7', '#bc4c00', '#e3916a', '#8250df', '#b794f6'];
const TITLE = '<title>Bars for each scenario and engine</title>';
/** The styles that ECharts adds for bars under a pointer. An image has no pointer. */
const STYLES_OF_POINTERS = /<style [\s\S]*?<\/style>\n*| class="[^"]*"/g;

/**
 * Draws an SVG: a panel for each row of several scenarios, a group of bars for each scenario, a bar for each engine.
 */
export function plotEngines(results: Results, engines: readonly Engine[], scenarios: readonly Scenario[]): string {
  const valuesOf = (metric: Metric, engine: Engine) =>
    scenarios.map((scenario) => figureOf(results, engine.id, scenario, metric) ?? null);
  const shown = metrics.filter(
    (metric) =>
      scenarios.filter((_, index) => engines.some((engine) => valuesOf(metric, engine)[index] != null)).length > 2 &&
      engines.some((engine) => valuesOf(metric, engine).some((value) => value !== null && value !== 0)),
  );
  const { width, height, left, top, gapX, gapY, columns } = PANEL;
  const places = shown.map((_, index) => ({
    left: left + (index % columns) * (width + gapX),
    top: top + Math.floor(index / columns) * (height + gapY),
    ...{ width, height },
  }));
  const size = {
    width: left + columns * (width + gapX),
    height: top + Math.ceil(shown.length / columns) * (height + gapY),
  };
  const axisLabel = { interval: 0, color: INK };
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size });
  chart.setOption({
    ...{ animation: false, color: COLOURS, textStyle: { color: INK }, grid: places },
    legend: { top: 0, itemGap: 24, textStyle: { color: INK } },
    title: shown.map(({ title }, index) => ({
      ...{ text: title, left: places[index]?.left, top: (places[index]?.top ?? 0) - 26 },
      textStyle: { color: INK, fontSize: 13 },
    })),
    xAxis: shown.map((_, gridIndex) => ({
      gridIndex,
      type: 'category',
      data: scenarios.map(({ id }) => id),
      axisLabel,
    })),
    yAxis: shown.map((_, gridIndex) => ({
      gridIndex,
      type: 'log',
      splitLine: { lineStyle: { opacity: 0.3 } },
      axisLabel,
    })),
    series: shown.flatMap((metric, index) =>
      engines.map((engine) => ({
        ...{ type: 'bar', name: engine.id, xAxisIndex: index, yAxisIndex: index },
        data: valuesOf(metric, engine),
      })),
    ),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg.replaceAll(STYLES_OF_POINTERS, '').replace('>', `>${TITLE}`);
}
