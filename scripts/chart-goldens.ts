import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { runHelm } from './charts.ts';
import { findDrift, type GeneratedFile } from './drift.ts';

const CHART = 'charts/orchestration-gate';
/** The preset that is stored whole. Of each other preset, only its differences from this one are stored. */
const WHOLE = 'default';

/**
 * Returns a sentence for each preset of the gate's chart, `ci/*-values.yaml`, that renders unexpectedly. `helm` is a
 * path.
 */
export async function checkChartGoldens(root: string, helm: string): Promise<readonly string[]> {
  return findDrift(root, await generateGoldens(root, helm), 'make golden');
}

/** Writes the rendered default preset into test/charts/golden, and how each other preset differs from it. */
export async function writeChartGoldens(root: string, helm: string): Promise<void> {
  for (const { path, content } of await generateGoldens(root, helm)) await writeFile(join(root, path), content);
}

/** Returns the names of the presets of the chart, sorted. */
export function listPresets(root: string): string[] {
  return globSync(`${CHART}/ci/*-values.yaml`, { cwd: root })
    .map((file) => basename(file, '-values.yaml'))
    .sort();
}

/** Renders a preset as release `gate` in the namespace `agents`. If Helm fails, throws what it prints. */
export async function renderPreset(root: string, helm: string, preset: string): Promise<string> {
  const values = `${CHART}/ci/${preset}-values.yaml`;
  const release = ['template', 'gate', CHART, '--namespace', 'agents', '--values', values];
  const { output, isDone } = await runHelm(root, helm, release);
  if (!isDone) throw new Error(output);
  return output;
}

async function generateGoldens(root: string, helm: string): Promise<GeneratedFile[]> {
  const whole = await renderPreset(root, helm, WHOLE);
  const files: GeneratedFile[] = [{ path: `test/charts/golden/${WHOLE}.yaml`, content: whole }];
  for (const preset of listPresets(root).filter((name) => name !== WHOLE)) {
    const content = await diffDocuments(whole, await renderPreset(root, helm, preset));
    files.push({ path: `test/charts/golden/${preset}.diff`, content });
  }
  return files;
}

/** Returns the differences, document by document. New documents appear whole, and removed ones only by name. */
async function diffDocuments(before: string, after: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'golden-'));
  try {
    for (const [side, manifest] of Object.entries({ before, after })) {
      await mkdir(join(folder, side));
      for (const document of manifest.split(/^---\n/m).slice(1))
        await writeFile(join(folder, side, nameDocument(document)), document, { flag: 'wx' });
    }
    return diffFolders(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function nameDocument(document: string): string {
  const { kind, metadata } = parse(document);
  return [kind, metadata.namespace, metadata.name, 'yaml'].filter(Boolean).join('.');
}

/** Returns the differences as git shows them, without hashes, and independent of the configuration of the user. */
function diffFolders(folder: string): string {
  const omitted = ['--no-index', '--no-prefix', '--no-color', '--no-ext-diff', '--no-renames', '--irreversible-delete'];
  const options = [...omitted, '--unified=1', '--inter-hunk-context=0', '--diff-algorithm=myers'];
  const { status, stdout, stderr } = spawnSync('git', ['diff', ...options, 'before', 'after'], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (status !== 0 && status !== 1) throw new Error(`git diff failed: ${stderr}`);
  return stdout.replace(/^index .*\n/gm, '');
}
