import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A file as it should be: its path from the root of the repository, and its content. */
export interface GeneratedFile {
  readonly path: string;
  readonly content: string;
}

/** Returns, for each file under `root` that is not as generated, a sentence with the first lines that differ. */
export async function findDrift(root: string, files: readonly GeneratedFile[], cure: string): Promise<string[]> {
  const drifts: string[] = [];
  for (const { path, content } of files) {
    const found = await readIfThere(join(root, path));
    if (found !== content) drifts.push(describeDrift(path, found.split('\n'), content.split('\n'), cure));
  }
  return drifts;
}

/** Writes each file under `root`, and the folders that it needs. Returns no mistakes. */
export async function writeGenerated(root: string, files: readonly GeneratedFile[]): Promise<readonly string[]> {
  for (const { path, content } of files) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return [];
}

/** Shows three lines of each version, from the first line that differs. */
function describeDrift(path: string, found: readonly string[], wanted: readonly string[], cure: string): string {
  const longer = found.length > wanted.length ? found : wanted;
  const at = longer.findIndex((_, index) => found[index] !== wanted[index]);
  const show = (sign: string, lines: readonly string[]) => lines.slice(at, at + 3).map((line) => `\n  ${sign} ${line}`);
  const difference = [...show('-', found), ...show('+', wanted)].join('');
  return `${path}:${at + 1} is not as generated: run ${cure}${difference}`;
}

/** Returns the content of a file, or '' if there is none. */
export function readIfThere(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
}
