import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LAUNCHER, PROGRAM } from './bundle.ts';

export const MAN_PAGE = 'orchestration-gate.1';

/**
 * Lays out the package for npm in `folder`/package. It holds the bundled program, and has no dependencies. `manPage` is
 * its manual.
 */
export async function layOutNpmPackage(
  root: string,
  programFolder: string,
  folder: string,
  manPage: string,
): Promise<void> {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
  const target = join(folder, 'package');
  await mkdir(target, { recursive: true });
  for (const name of [PROGRAM, LAUNCHER]) await copyFile(join(programFolder, name), join(target, name));
  for (const name of ['LICENSE', 'README.md']) await copyFile(join(root, name), join(target, name));
  await writeFile(join(target, MAN_PAGE), manPage);
  const { name, version, description, license } = manifest;
  const published = {
    ...{ name, version, description, license },
    keywords: ['kubernetes', 'orchestration', 'admission', 'dag'],
    engines: { node: '>=22.19' },
    bin: { 'orchestration-gate': LAUNCHER, 'kubectl-orchestration': LAUNCHER },
    man: [`./${MAN_PAGE}`],
  };
  await writeFile(join(target, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
}
