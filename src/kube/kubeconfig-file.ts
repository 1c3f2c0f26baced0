import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import { asRecord } from '../orchestration/decode.ts';

/** A named cluster, user or context of a kubeconfig file. */
export interface Entry {
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** The folder of the file. Relative paths start here. */
  readonly folder: string;
}

/** A kubeconfig, possibly merged from several files. */
export interface Kubeconfig {
  /** Empty if no file sets a current context. */
  readonly currentContext: string;
  readonly contexts: ReadonlyMap<string, Entry>;
  readonly clusters: ReadonlyMap<string, Entry>;
  readonly users: ReadonlyMap<string, Entry>;
}

/** Merges kubeconfigs as kubectl does: the first current context and the first entry of each name win. */
export function readKubeconfig(files: readonly string[]): Kubeconfig {
  const contents = files.map((file) => ({ folder: dirname(resolve(file)), content: asRecord(parseFile(file)) }));
  const merge = (list: string, kind: string) => {
    const entries = new Map<string, Entry>();
    for (const { folder, content } of contents) {
      for (const { name, ...entry } of listOf(content[list]).map(asRecord)) {
        if (typeof name !== 'string' || entries.has(name)) continue;
        entries.set(name, { name, fields: asRecord(entry[kind]), folder });
      }
    }
    return entries;
  };
  return {
    currentContext: contents.map(({ content }) => textOf(content['current-context'])).find(Boolean) ?? '',
    contexts: merge('contexts', 'context'),
    clusters: merge('clusters', 'cluster'),
    users: merge('users', 'user'),
  };
}

function parseFile(file: string): unknown {
  const text = readText(file);
  try {
    return parse(text, { logLevel: 'error' });
  } catch (error) {
    // Leave out the parser's messages and warnings, because they quote the file, including its tokens and keys.
    const [at] = (error instanceof YAMLParseError && error.linePos) || [];
    const place = at === undefined ? '' : ` at line ${at.line}, column ${at.col}`;
    throw unreadable(file, `it is not valid YAML${place}`);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw unreadable(file, (error as Error).message);
  }
}

function unreadable(file: string, why: string): Error {
  return new Error(`the kubeconfig ${JSON.stringify(file)} cannot be read: ${why}`);
}

/** Returns the text of a field. Undefined if the field is absent, empty, or not text. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Returns the list of a field. Empty if the field is absent or not a list. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Returns the content of the field `NAME-data` (base64), or else of the file that the field `NAME` names. */
export function readDataOrFile({ fields, folder }: Entry, name: string): string | undefined {
  const data = textOf(fields[`${name}-data`]);
  if (data !== undefined) return Buffer.from(data, 'base64').toString();
  const file = textOf(fields[name]);
  return file === undefined ? undefined : readFileSync(resolve(folder, file), 'utf8');
}
