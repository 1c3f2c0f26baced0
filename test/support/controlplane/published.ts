import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EnvHttpProxyAgent, fetch } from 'undici';
import { parse } from 'yaml';
import { isExecutable } from './cache.ts';
import type { Settings } from './settings.ts';

const run = promisify(execFile);

/** Architectures as the archives name them. */
const ARCHITECTURES: Readonly<Partial<Record<NodeJS.Architecture, string>>> = { x64: 'amd64', arm64: 'arm64' };
const INDEX_MS = 15_000;
const ARCHIVE_MS = 300_000;

/** The index that setup-envtest reads too: for each version its archives, with SHA-512 checksums in hexadecimal digits. */
interface Index {
  readonly releases: Readonly<
    Record<string, Readonly<Record<string, { readonly hash: string; readonly selfLink: string }>>>
  >;
}

/**
 * Returns a folder with the etcd and the kube-apiserver that the Kubernetes project publishes for tests, of the newest patch of
 * `minor`, such as `1.36`. Downloads them into the cache unless they are there. Throws a sentence if that cannot be done.
 */
export async function findPublished(
  minor: string,
  settings: Settings,
  log: (line: string) => void,
  machine: { readonly platform: string; readonly arch: NodeJS.Architecture } = process,
): Promise<string> {
  const { cacheFolder, envtestIndex } = settings;
  const platform = `${machine.platform}-${ARCHITECTURES[machine.arch] ?? machine.arch}`;
  const folder = join(cacheFolder, `envtest-${minor}-${platform}`);
  if (await isComplete(folder)) return folder;
  const startedAt = performance.now();
  const get = (url: string, patienceMs: number) => download(url, patienceMs, settings);
  const index = parse((await get(envtestIndex, INDEX_MS)).toString()) as Index | null;
  const versions = Object.keys(index?.releases ?? {}).filter((version) => version.startsWith(`v${minor}.`));
  const patchOf = (version: string) => Number(version.split('.')[2]);
  const version = versions.filter((one) => patchOf(one) >= 0).sort((one, other) => patchOf(other) - patchOf(one))[0];
  if (version === undefined) throw new Error(`${envtestIndex} has no Kubernetes ${minor}.`);
  const archive = index?.releases[version]?.[`envtest-${version}-${platform}.tar.gz`];
  if (archive === undefined) throw new Error(`${envtestIndex} has no Kubernetes ${version} for ${platform}.`);

  log(`downloading kube-apiserver and etcd ${version} from ${archive.selfLink}`);
  const bytes = await get(archive.selfLink, ARCHIVE_MS);
  const found = createHash('sha512').update(bytes).digest('hex');
  if (found !== archive.hash)
    throw new Error(`${archive.selfLink} has the checksum ${found}, and not ${archive.hash}: it was not used.`);
  await unpack(bytes, folder, archive.selfLink);
  log(`downloaded kube-apiserver and etcd ${version} in ${Math.round((performance.now() - startedAt) / 1_000)} s`);
  return folder;
}

async function isComplete(folder: string): Promise<boolean> {
  return (await isExecutable(join(folder, 'etcd'))) && (await isExecutable(join(folder, 'kube-apiserver')));
}

/** Uses the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name. */
async function download(url: string, patienceMs: number, { environment }: Settings): Promise<Buffer> {
  const read = (name: string) => environment[name] || environment[name.toLowerCase()] || '';
  const dispatcher = new EnvHttpProxyAgent({
    httpProxy: read('HTTP_PROXY'),
    httpsProxy: read('HTTPS_PROXY'),
    noProxy: read('NO_PROXY'),
  });
  try {
    const response = await fetch(url, { dispatcher, signal: AbortSignal.timeout(patienceMs) });
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    const { message, cause } = error as Error;
    throw new Error(`${url} cannot be downloaded: ${cause instanceof Error ? cause.message || message : message}.`);
  } finally {
    await dispatcher.destroy();
  }
}

/** The programs appear in the cache all at once. */
async function unpack(bytes: Buffer, folder: string, url: string): Promise<void> {
  await mkdir(join(folder, '..'), { recursive: true });
  const scratch = await mkdtemp(`${folder}.`);
  try {
    await writeFile(join(scratch, 'archive'), bytes);
    await run('tar', [
      '--extract',
      '--gzip',
      '--strip-components=2',
      '--directory',
      scratch,
      '--file',
      join(scratch, 'archive'),
    ]);
    await rm(join(scratch, 'archive'));
    if (!(await isComplete(scratch))) throw new Error(`${url} holds no etcd or no kube-apiserver.`);
    // Another process may have been faster, with the same content.
    await rename(scratch, folder).catch(async (error: unknown) => {
      if (!(await isComplete(folder))) throw error;
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
