import { readdir, readFile, stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { displayText } from '../../dag/display.ts';

/** A text, and the name under which its problems are reported. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

/** Mistakes are sentences about what could not be read. The rest was read nevertheless. */
export interface Sources {
  readonly sources: readonly Source[];
  readonly mistakes: readonly string[];
}

/** The name of `-` in reported places. */
const STDIN = 'stdin';

const MANIFEST = /\.(?:ya?ml|json)$/i;

/**
 * Reads files, folders (recursively: *.yaml, *.yml, *.json, by name) and `-`, standard input. Reads each file once, in
 * the order given. Inside a folder, skips folders that are hidden, named node_modules, or links.
 */
export async function readSources(paths: readonly string[], stdin: AsyncIterable<Uint8Array>): Promise<Sources> {
  const sources = new Map<string, Source>();
  const mistakes: string[] = [];
  for (const path of new Set(paths)) {
    try {
      if (path === '-') sources.set(path, { file: STDIN, text: decodeText(await buffer(stdin)) });
      else if ((await stat(path)).isDirectory()) await readFolder(path, sources, mistakes);
      else await readInto(sources, path);
    } catch (error) {
      mistakes.push(explain(path, error as NodeJS.ErrnoException));
    }
  }
  return { sources: [...sources.values()], mistakes };
}

async function readFolder(folder: string, sources: Map<string, Source>, mistakes: string[]): Promise<void> {
  const files = await findManifests(folder);
  if (files.length === 0) mistakes.push(`${quotePath(folder)} holds no *.yaml, *.yml or *.json file`);
  for (const file of files) await readInto(sources, file);
}

async function readInto(sources: Map<string, Source>, path: string): Promise<void> {
  const file = normalize(path);
  if (!sources.has(file)) sources.set(file, { file, text: decodeText(await readFile(file)) });
}

async function findManifests(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!entry.name.startsWith('.') && entry.name !== 'node_modules') found.push(...(await findManifests(path)));
    } else if (MANIFEST.test(entry.name) && (entry.isFile() || (await leadsToFile(path)))) found.push(path);
  }
  return found;
}

/** Whether a link leads to a file. Editors mark files that are being edited with links that lead nowhere. */
async function leadsToFile(link: string): Promise<boolean> {
  const target = await stat(link).catch(() => undefined);
  return target?.isFile() === true;
}

/**
 * Decodes UTF-8, or UTF-16 with a byte order mark, which PowerShell writes and kubectl reads. Anything else becomes
 * U+FFFD.
 */
function decodeText(bytes: Uint8Array): string {
  const isLittle = bytes[0] === 0xff && bytes[1] === 0xfe;
  const isBig = bytes[0] === 0xfe && bytes[1] === 0xff;
  return new TextDecoder(isLittle ? 'utf-16le' : isBig ? 'utf-16be' : 'utf-8').decode(bytes);
}

function explain(path: string, { code, message }: NodeJS.ErrnoException): string {
  return code === 'ENOENT'
    ? `${quotePath(path)} does not exist`
    : `${quotePath(path)} cannot be read: ${displayText(message)}`;
}

function quotePath(path: string): string {
  return `"${displayText(path)}"`;
}
