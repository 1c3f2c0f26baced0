import { renderCrds } from './crds.ts';
import { findDrift, type GeneratedFile, writeGenerated } from './drift.ts';

const TEMPLATES = 'charts/orchestration-gate-crds/templates';

/** What of the CRD chart under `root` is not as the schema gives it, as sentences; empty when nothing is. */
export function checkCrdChart(root: string): Promise<readonly string[]> {
  return findDrift(root, generate(), 'make generate');
}

/** Writes the generated files of the CRD chart under `root`. Nothing stands in the way. */
export function writeCrdChart(root: string): Promise<readonly string[]> {
  return writeGenerated(root, generate());
}

function generate(): GeneratedFile[] {
  return [...renderCrds()].map(([name, content]) => ({ path: `${TEMPLATES}/${name}`, content }));
}
