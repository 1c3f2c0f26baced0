// Assembles the image for the architecture of this machine, or for --architecture, and writes it to dist/image.tar.
import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readSettings } from '../test/support/controlplane/settings.ts';
import { tarFolder } from './release/archive.ts';
import { bundleProgram } from './release/bundle.ts';
import type { Architecture } from './release/debian.ts';
import { assembleImage, writeFiles } from './release/image.ts';
import { layOutImages } from './release/oci.ts';
import { readDebianMirror, readSource } from './release/source.ts';

const { values } = parseArgs({
  options: {
    name: { type: 'string', default: 'localhost/orchestration-gate:dev' },
    architecture: { type: 'string', default: process.arch === 'arm64' ? 'arm64' : 'amd64' },
  },
});
const root = join(import.meta.dirname, '..');
const source = await readSource(root, process.env);
await using scratch = await mkdtempDisposable(join(tmpdir(), 'orchestration-gate-'));
const programFolder = join(scratch.path, 'program');
await bundleProgram(root, programFolder);
const image = await assembleImage(values.architecture as Architecture, {
  ...{ root, programFolder, ...source },
  cacheFolder: readSettings(process.env).cacheFolder,
  mirror: await readDebianMirror(process.env),
});
const { files } = layOutImages([image], values.name);
const layout = join(scratch.path, 'layout');
await writeFiles(layout, files);
await mkdir(join(root, 'dist'), { recursive: true });
await writeFile(join(root, 'dist/image.tar'), await tarFolder(layout, source.epoch));
const mebibytes = image.layers.reduce((sum, { length }) => sum + length, 0) / 2 ** 20;
console.log(`dist/image.tar: ${values.name}, ${mebibytes.toFixed(0)} MiB unpacked`);
