import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { renderCrds } from './crds.ts';
import { findDrift, type GeneratedFile, readIfThere } from './drift.ts';

const CHART = 'charts/orchestration-gate-crds';
/** Remembers which version of the chart the CRDs were generated for, so that they never change under one version. */
const LOCK = `${CHART}/crds.lock`;

/**
 * What of the CRD chart under `root` is not as the schema gives it, as sentences; empty when nothing is. CRDs that changed
 * under an unchanged chart version are such a mistake too.
 */
export async function checkCrdChart(root: string): Promise<readonly string[]> {
  const { files, mistakes } = await generate(root);
  return [...mistakes, ...(await findDrift(root, files, 'make generate'))];
}

/** Writes the generated files of the CRD chart under `root`; returns what stands in the way of the rest. */
export async function writeCrdChart(root: string): Promise<readonly string[]> {
  const { files, mistakes } = await generate(root);
  for (const { path, content } of files) await writeFile(join(root, path), content);
  return mistakes;
}

async function generate(root: string): Promise<{ files: GeneratedFile[]; mistakes: string[] }> {
  const crds = renderCrds();
  const files = [...crds].map(([name, content]) => ({ path: `${CHART}/templates/${name}`, content }));
  const { version } = parse(await readFile(join(root, CHART, 'Chart.yaml'), 'utf8')) as { version: string };
  const lock = `${version} sha256:${createHash('sha256')
    .update([...crds.values()].join(''))
    .digest('hex')}\n`;
  const previous = await readIfThere(join(root, LOCK));
  if (lock !== previous && previous.startsWith(`${version} `)) {
    const mistake =
      `${CHART}: the CRDs changed and the chart’s version is still ${version}: raise it in Chart.yaml, then run ` +
      `make generate. (If no ${version} was ever published, delete ${LOCK} instead.)`;
    return { files, mistakes: [mistake] };
  }
  return { files: [...files, { path: LOCK, content: lock }], mistakes: [] };
}
