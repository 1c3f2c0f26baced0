// Writes everything that a release publishes into dist/release. Run twice, it writes the same bytes.
import { mkdir, mkdtempDisposable, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../test/support/controlplane/settings.ts';
import { resolveTools } from '../test/support/controlplane/tools.ts';
import { assembleRelease } from './release/assemble.ts';
import { readDebianMirror, readSource } from './release/source.ts';

const root = join(import.meta.dirname, '..');
const target = join(root, 'dist/release');
const settings = readSettings(process.env);
const owner = process.env['RELEASE_OWNER'] || 'orchestration-gate';
await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
await using scratch = await mkdtempDisposable(join(tmpdir(), 'orchestration-gate-'));
await assembleRelease({
  ...{ root, target, scratch: scratch.path, cacheFolder: settings.cacheFolder },
  ...(await readSource(root, process.env)),
  mirror: await readDebianMirror(process.env),
  helm: (await resolveTools(settings)).helm,
  imageRepository: `ghcr.io/${owner}/orchestration-gate`,
  sourceRepository: `git+https://github.com/${owner}/orchestration-gate`,
  builder: process.env['RELEASE_BUILDER'] || 'https://localhost/make-release',
});
for (const name of (await readdir(target)).sort()) {
  const { size } = await stat(join(target, name));
  console.log(`${(size / 2 ** 20).toFixed(2).padStart(8)} MiB  dist/release/${name}`);
}
