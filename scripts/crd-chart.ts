import { renderCrds } from './crds.ts';
import { findDrift, type GeneratedFile, writeGenerated } from './drift.ts';

const TEMPLATES = 'charts/orchestration-gate-crds/templates';

/** Returns a sentence for each file of the CRD chart under `root` that differs from what the schema gives. */
export function checkCrdChart(root: string): Promise<readonly string[]> {
  return findDrift(root, generate(), 'make generate');
}

/** Writes the generated files of the CRD chart under `root`. Returns no mistakes. */
export function writeCrdChart(root: string): Promise<readonly string[]> {
  return writeGenerated(root, generate());
}

function generate(): GeneratedFile[] {
  return [...renderCrds()].map(([name, content]) => ({ path: `${TEMPLATES}/${name}`, content }));
}
