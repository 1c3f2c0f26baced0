import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Metafile } from 'esbuild';

/** In the bundled program, the files of the page as JSON: texts by name. scripts/release/bundle.ts puts them here. */
declare const BUNDLED_PAGE: string | undefined;

/** The files of the page, with their types. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ['page.html', 'text/html; charset=utf-8'],
  ['page.css', 'text/css; charset=utf-8'],
  ['icon.svg', 'image/svg+xml'],
  ['main.js', 'text/javascript; charset=utf-8'],
]);

export const PAGE_FILES: readonly string[] = [...TYPES.keys()];

export interface PageFile {
  readonly type: string;
  readonly text: string;
}

/** Returns a file of the page by its name. Undefined if there is none. */
export async function readPageFile(name: string): Promise<PageFile | undefined> {
  const type = TYPES.get(name);
  if (type === undefined) return undefined;
  const text = typeof BUNDLED_PAGE === 'string' ? JSON.parse(BUNDLED_PAGE)[name] : await readSource(name);
  return { type, text };
}

async function readSource(name: string): Promise<string> {
  if (name === 'main.js') return (await bundlePage()).text;
  return readFile(fileURLToPath(new URL(`./page/${name}`, import.meta.url)), 'utf8');
}

/** Bundles the script of the page from its sources. Returns the script, and the metafile that lists those sources. */
export async function bundlePage(): Promise<{ readonly text: string; readonly metafile: Metafile }> {
  const { build } = await import('esbuild');
  const entryPoint = fileURLToPath(new URL('./page/main.ts', import.meta.url));
  const { outputFiles, metafile } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    format: 'esm',
    write: false,
    metafile: true,
  });
  return { text: outputFiles[0]?.text ?? '', metafile };
}
