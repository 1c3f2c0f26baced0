import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  js: 'text/javascript; charset=utf-8',
  ts: 'text/javascript; charset=utf-8',
};

export interface PageFile {
  readonly type: string;
  readonly text: string;
}

/**
 * A file of the page by its name; undefined where there is none. Compiled, the modules are there as they are served;
 * from the sources, their types are taken out as they are read.
 */
export async function readPageFile(name: string): Promise<PageFile | undefined> {
  const extension = /^[a-z-]+\.(html|css|svg|js|ts)$/.exec(name)?.[1];
  const type = TYPES[extension ?? ''];
  if (type === undefined) return undefined;
  const text = (await read(name)) ?? (extension === 'js' ? await read(name.replace(/js$/, 'ts')) : undefined);
  return text === undefined ? undefined : { type, text };
}

async function read(name: string): Promise<string | undefined> {
  try {
    const text = await readFile(new URL(`./page/${name}`, import.meta.url), 'utf8');
    return name.endsWith('.ts') ? stripTypeScriptTypes(text) : text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
