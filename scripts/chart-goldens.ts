import { globSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { runHelm } from './charts.ts';
import { findDrift, type GeneratedFile } from './drift.ts';

const CHART = 'charts/orchestration-gate';

/** Sentences about presets of the gate's chart, its `ci/*-values.yaml`, that do not render as expected. `helm` is a path. */
export async function checkChartGoldens(root: string, helm: string): Promise<readonly string[]> {
  return findDrift(root, await renderPresets(root, helm), 'make golden');
}

/** Writes what each preset renders into test/charts/golden. */
export async function writeChartGoldens(root: string, helm: string): Promise<void> {
  for (const { path, content } of await renderPresets(root, helm)) await writeFile(join(root, path), content);
}

async function renderPresets(root: string, helm: string): Promise<GeneratedFile[]> {
  const files: GeneratedFile[] = [];
  for (const values of globSync(`${CHART}/ci/*-values.yaml`, { cwd: root }).sort()) {
    const name = basename(values, '-values.yaml');
    const release = ['template', 'gate', CHART, '--namespace', 'agents', '--values', values];
    const { output, isDone } = await runHelm(root, helm, release);
    if (!isDone) throw new Error(output);
    files.push({ path: `test/charts/golden/${name}.yaml`, content: output });
  }
  return files;
}
