import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** The files of the page, with their types. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ['page.html', 'text/html; charset=utf-8'],
  ['page.css', 'text/css; charset=utf-8'],
  ['icon.svg', 'image/svg+xml'],
  ['main.js', 'text/javascript; charset=utf-8'],
]);

export interface PageFile {
  readonly type: string;
  readonly text: string;
}

/** Returns a file of the page by its name. Undefined if there is none. */
export async function readPageFile(name: string): Promise<PageFile | undefined> {
  const type = TYPES.get(name);
  if (type === undefined) return undefined;
  const file = new URL(`./page/${name}`, import.meta.url);
  try {
    return { type, text: await readFile(file, 'utf8') };
  } catch (error) {
    if (name !== 'main.js' || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { type, text: await bundle(fileURLToPath(file).replace(/js$/, 'ts')) };
  }
}

/** Bundles the script of the page as the build does. It is used only if the program runs from its sources. */
async function bundle(entryPoint: string): Promise<string> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({ entryPoints: [entryPoint], bundle: true, format: 'esm', write: false });
  return outputFiles[0]?.text ?? '';
}
