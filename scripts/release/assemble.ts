import { execFile } from 'node:child_process';
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Metafile } from 'esbuild';
import { packFolder, sha256, tarFolder } from './archive.ts';
import { bundleProgram, PROGRAM } from './bundle.ts';
import { type PublishedImage, renderManifest, stageChart } from './charts.ts';
import { listBase, listBundled } from './components.ts';
import type { Architecture } from './debian.ts';
import { assembleImage, writeFiles } from './image.ts';
import { readHelp, writeManPage } from './man.ts';
import { layOutNpmPackage, MAN_PAGE } from './npm-package.ts';
import { layOutImages } from './oci.ts';
import { type Checksum, writeProvenance } from './provenance.ts';
import { writeCycloneDx, writeSpdx } from './sbom.ts';
import type { Source } from './source.ts';

const run = promisify(execFile);
const ARCHITECTURES: readonly Architecture[] = ['amd64', 'arm64'];

export interface ReleaseOptions extends Source {
  /** The repository to release. */
  readonly root: string;
  /** The folder that the artifacts are written to. It is empty. */
  readonly target: string;
  /** An empty folder for intermediate files. */
  readonly scratch: string;
  readonly cacheFolder: string;
  readonly mirror: string;
  readonly helm: string;
  /** Where the image will be published, without a tag: `ghcr.io/owner/orchestration-gate`. */
  readonly imageRepository: string;
  readonly sourceRepository: string;
  readonly builder: string;
}

/** Writes all artifacts of a release. The same commit gives the same bytes on any machine with the same Node. */
export async function assembleRelease(options: ReleaseOptions): Promise<void> {
  const { root, target, scratch, version, epoch } = options;
  const programFolder = join(scratch, 'program');
  const metafile = await bundleProgram(root, programFolder);
  const program = (...words: string[]) => runProgram(join(programFolder, PROGRAM), words);
  await copyFile(join(programFolder, `${PROGRAM}.map`), join(target, `${PROGRAM}.map`));

  const manPage = writeManPage(await program('help'), await readHelp(program), { version, epoch });
  await writeFile(join(target, MAN_PAGE), manPage);
  for (const [shell, name] of COMPLETIONS) await writeFile(join(target, name), await program('completion', shell));

  await layOutNpmPackage(root, programFolder, join(scratch, 'npm'), manPage);
  await writeFile(join(target, `orchestration-gate-npm-${version}.tgz`), await packFolder(join(scratch, 'npm'), epoch));
  const image = await writeImage(options, programFolder);
  await writeCharts(options, image);
  const materials = await writeBills(options, metafile);
  await writeSums(options, materials);
}

const COMPLETIONS = [
  ['bash', 'orchestration-gate.bash'],
  ['zsh', '_orchestration-gate'],
  ['fish', 'orchestration-gate.fish'],
] as const;

async function runProgram(file: string, words: readonly string[]): Promise<string> {
  return (await run(process.execPath, [file, ...words])).stdout;
}

async function writeImage(options: ReleaseOptions, programFolder: string): Promise<PublishedImage> {
  const { target, scratch, version, epoch, imageRepository } = options;
  const images = [];
  for (const architecture of ARCHITECTURES)
    images.push(await assembleImage(architecture, { ...options, programFolder }));
  const { files, digest } = layOutImages(images, `${imageRepository}:${version}`);
  const layout = join(scratch, 'layout');
  await writeFiles(layout, files);
  await writeFile(join(target, `orchestration-gate-image-${version}.oci.tar`), await tarFolder(layout, epoch));
  return { repository: imageRepository, digest };
}

async function writeCharts({ root, target, scratch, epoch, helm }: ReleaseOptions, image: PublishedImage) {
  const charts = [];
  for (const name of ['orchestration-gate-crds', 'orchestration-gate'])
    charts.push(await stageChart(join(root, 'charts', name), scratch, { helm, image }));
  for (const { parent, fileName } of charts) await writeFile(join(target, fileName), await packFolder(parent, epoch));
  await writeFile(join(target, 'install.yaml'), await renderManifest(charts, helm));
}

type Materials = Parameters<typeof writeProvenance>[1]['materials'];

/** Writes the bills of materials of the npm package and of each image. Returns all materials. */
async function writeBills({ root, target, version, epoch, imageRepository }: ReleaseOptions, metafile: Metafile) {
  const bundled = await listBundled(root, metafile);
  const subjects = [{ suffix: 'npm', purl: `pkg:npm/orchestration-gate@${version}`, components: bundled }];
  for (const architecture of ARCHITECTURES) {
    const purl = `pkg:oci/orchestration-gate@${version}?arch=${architecture}&repository_url=${imageRepository}`;
    const components = [...bundled, ...(await listBase(root, architecture))];
    subjects.push({ suffix: `image-${architecture}`, purl, components });
  }
  const materials = new Map<string, Materials[number]>();
  for (const { suffix, purl, components } of subjects) {
    const subject = { name: 'orchestration-gate', version, purl, epoch };
    await writeFile(join(target, `sbom-${suffix}.cdx.json`), writeCycloneDx(subject, components));
    await writeFile(join(target, `sbom-${suffix}.spdx.json`), writeSpdx(subject, components));
    for (const { purl: uri, checksum } of components)
      materials.set(uri, { uri, digest: { [checksum.algorithm.toLowerCase()]: checksum.hex } });
  }
  return [...materials.values()];
}

/** Writes the provenance of all artifacts, and the checksums of the artifacts and of the provenance. */
async function writeSums(options: ReleaseOptions, materials: Materials): Promise<void> {
  const { target, sourceRepository: repository } = options;
  const sums: Checksum[] = [];
  const add = async (name: string) => sums.push([name, sha256(await readFile(join(target, name)))]);
  for (const name of (await readdir(target)).sort()) await add(name);
  const statement = writeProvenance(sums, { ...options, repository, materials });
  await writeFile(join(target, 'provenance.intoto.json'), statement);
  await add('provenance.intoto.json');
  await writeFile(join(target, 'SHA256SUMS'), sums.map(([name, sum]) => `${sum}  ${name}\n`).join(''));
}
