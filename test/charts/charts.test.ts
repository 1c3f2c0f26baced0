import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkChartGoldens, writeChartGoldens } from '../../scripts/chart-goldens.ts';
import { checkCharts } from '../../scripts/charts.ts';
import { readSettings } from '../support/controlplane/settings.ts';
import { resolveTools } from '../support/controlplane/tools.ts';

const { helm } = await resolveTools(readSettings(process.env));

describe('checkCharts', () => {
  let root: string;
  let chart: string;

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

describe('checkChartGoldens', () => {
  let root: string;
  const map = (data: string) => `---\nkind: ConfigMap\nmetadata:\n  name: one\ndata:\n  a: ${data}\n`;
  const secret = '---\nkind: Secret\nmetadata:\n  name: two\n';
  const write = (file: string, text: string) => writeFile(join(root, 'charts/orchestration-gate', file), text);

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'goldens-'));
    for (const folder of ['templates', 'ci'])
      await mkdir(join(root, 'charts/orchestration-gate', folder), { recursive: true });
    await mkdir(join(root, 'test/charts/golden'), { recursive: true });
    await write('Chart.yaml', 'apiVersion: v2\nname: orchestration-gate\nversion: 0.1.0\n');
    await write('ci/default-values.yaml', 'a: b\nsecret: true\n');
    await write('ci/other-values.yaml', 'a: c\n');
    await write('templates/all.yaml', `${map('{{ .Values.a }}')}{{ if .Values.secret }}\n${secret}{{ end }}`);
    await writeChartGoldens(root, helm);
  });
  afterEach(() => rm(root, { recursive: true }));

  it('finds nothing wrong with what was just written, which is how each preset differs from the default', async () => {
    expect(await checkChartGoldens(root, helm)).toEqual([]);
    expect(await readFile(join(root, 'test/charts/golden/other.diff'), 'utf8')).toBe(
      'diff --git before/ConfigMap.one.yaml after/ConfigMap.one.yaml\n' +
        '--- before/ConfigMap.one.yaml\n+++ after/ConfigMap.one.yaml\n' +
        '@@ -5,2 +5,2 @@ metadata:\n data:\n-  a: b\n+  a: c\n' +
        'diff --git before/Secret.two.yaml before/Secret.two.yaml\ndeleted file mode 100644\n',
    );
  });

  it('names the preset and the lines that differ from what is stored', async () => {
    await write('ci/other-values.yaml', 'a: d\n');
    expect(await checkChartGoldens(root, helm)).toEqual([
      expect.stringMatching(
        /^test\/charts\/golden\/other\.diff:7 is not as generated.*\n {2}- \+ {2}a: c\n.*\n {2}\+ \+ {2}a: d\n/s,
      ),
    ]);
  });
});
