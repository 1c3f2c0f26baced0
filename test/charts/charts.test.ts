import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkCharts } from '../../scripts/charts.ts';
import { readSettings } from '../support/controlplane/settings.ts';
import { resolveTools } from '../support/controlplane/tools.ts';

describe('checkCharts', () => {
  let helm: string;
  let root: string;
  let chart: string;

  beforeAll(async () => {
    ({ helm } = await resolveTools(readSettings(process.env)));
  });
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'charts-'));
    chart = join(root, 'charts/one');
    for (const folder of ['templates', 'ci']) await mkdir(join(chart, folder), { recursive: true });
    await writeFile(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: one\nversion: 0.1.0\n');
  });
  afterEach(() => rm(root, { recursive: true }));

  const template = (data: string) =>
    writeFile(
      join(chart, 'templates/map.yaml'),
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: one }\ndata: { a: ${data} }\n`,
    );

  it('finds nothing wrong with a plain chart', async () => {
    await template('b');
    expect(await checkCharts(root, helm)).toEqual([]);
  });

  it('names a chart that does not lint or render', async () => {
    await template('{{ .Values.absent.field }}');
    expect(await checkCharts(root, helm)).toEqual([
      expect.stringMatching(/^helm lint .*charts\/one\n.*nil pointer/s),
      expect.stringMatching(/^helm template .*charts\/one\n.*nil pointer/s),
    ]);
  });

  it('names a chart that renders differently each time', async () => {
    await template('{{ randAlpha 20 }}');
    expect(await checkCharts(root, helm)).toEqual([expect.stringMatching(/^charts\/one renders differently/)]);
  });

  it('renders a chart with each of its values files, in place of its defaults', async () => {
    await template('{{ required "a is missing" .Values.a }}');
    await writeFile(join(chart, 'ci/good-values.yaml'), 'a: b\n');
    await writeFile(join(chart, 'ci/bad-values.yaml'), 'c: d\n');
    expect(await checkCharts(root, helm)).toEqual([expect.stringMatching(/bad-values\.yaml\n.*a is missing/s)]);
  });
});
