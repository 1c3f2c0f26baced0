import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { asRecord } from '../orchestration/decode.ts';

/** A named cluster, user or context, as its file has it. */
export interface Entry {
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** The folder of its file: relative paths begin here. */
  readonly folder: string;
}

/** One kubeconfig, or several merged. */
export interface Kubeconfig {
  /** Empty if no file sets one. */
  readonly currentContext: string;
  readonly contexts: ReadonlyMap<string, Entry>;
  readonly clusters: ReadonlyMap<string, Entry>;
  readonly users: ReadonlyMap<string, Entry>;
}

/** Merges kubeconfigs as kubectl does: the first current context, and the first entry of a name, count. */
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
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    // The lines that follow the first one, and its colon, draw the place.
    const [message] = (error as Error).message.split(/:?\n/);
    throw new Error(`the kubeconfig ${JSON.stringify(file)} cannot be read: ${message}`, { cause: error });
  }
}

/** A field that holds text; `undefined` if it is absent, empty or something else. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A field that holds a list; empty if it is absent or something else. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What the field `NAME-data` (base64) or the file that `NAME` names holds. */
export function readDataOrFile({ fields, folder }: Entry, name: string): string | undefined {
  const data = textOf(fields[`${name}-data`]);
  if (data !== undefined) return Buffer.from(data, 'base64').toString();
  const file = textOf(fields[name]);
  return file === undefined ? undefined : readFileSync(resolve(folder, file), 'utf8');
}
