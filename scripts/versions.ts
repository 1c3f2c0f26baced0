import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findDrift, type GeneratedFile, writeGenerated } from './drift.ts';

/** The files that repeat the version of package.json, each with a function that writes it there. */
const REPEATS: Readonly<Record<string, (text: string, version: string) => string>> = {
  'package-lock.json': inJson,
  'editors/vscode/package.json': inJson,
  'editors/vscode/package-lock.json': inJson,
  'charts/orchestration-gate-crds/Chart.yaml': inYaml,
  'charts/orchestration-gate/Chart.yaml': inYaml,
};

function inJson(text: string, version: string): string {
  const found = JSON.parse(text) as { version: string; packages?: { '': { version: string } } };
  found.version = version;
  if (found.packages !== undefined) found.packages[''].version = version;
  return `${JSON.stringify(found, null, 2)}\n`;
}

function inYaml(text: string, version: string): string {
  return text.replaceAll(/^(version|appVersion): .*$/gm, `$1: ${version}`);
}

/** Returns a sentence for each file whose version differs from that of package.json. */
export async function checkVersions(root: string): Promise<readonly string[]> {
  const version = await readVersion(root);
  return [...(await findDrift(root, await repeat(root, version), 'make generate')), ...(await checkChangelog(root))];
}

/** Writes the version of package.json wherever it is repeated. Returns what only a person can write. */
export async function writeVersions(root: string): Promise<readonly string[]> {
  await writeGenerated(root, await repeat(root, await readVersion(root)));
  return checkChangelog(root);
}

async function readVersion(root: string): Promise<string> {
  return (JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }).version;
}

function repeat(root: string, version: string): Promise<GeneratedFile[]> {
  return Promise.all(
    Object.entries(REPEATS).map(async ([path, withVersion]) => ({
      path,
      content: withVersion(await readFile(join(root, path), 'utf8'), version),
    })),
  );
}

async function checkChangelog(root: string): Promise<string[]> {
  const version = await readVersion(root);
  const [, newest] = /^## \[(.*?)\]/m.exec(await readFile(join(root, 'CHANGELOG.md'), 'utf8')) ?? [];
  if (newest === version) return [];
  return [`CHANGELOG.md: the newest entry is ${newest}, and package.json says ${version}: add an entry for it`];
}
