import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** File name to content (UTF-8), in order of name. */
export type DirectoryFiles = ReadonlyMap<string, string>;

export interface DirectoryWatchOptions {
  /** Called with what is there now before `watchDirectory` resolves, then at each change of content; never twice at once. */
  readonly onChange: (files: DirectoryFiles) => void | Promise<void>;
  /** Gets what `onChange` throws, or why a file cannot be read; both are tried again at the next look. */
  readonly onError: (error: unknown) => void;
  /** 10 s, as controller-runtime's certificate watcher: catches what no event tells, such as a folder that appears. */
  readonly pollIntervalMs?: number;
  /** How long to wait after an event for the rest of its burst. */
  readonly settleMs?: number;
}

export interface DirectoryWatch {
  /** Ends it: `onChange` is not called again. */
  close(): void;
}

/**
 * Watches the content of a folder: its regular files, through links, not below it, without entries named `..*` (a
 * Kubernetes volume's own). The folder itself is watched, never a file, since a Kubernetes volume replaces the link
 * `..data`, after which the watch of a file hears nothing more. A folder that is absent counts as empty, so an optional
 * ConfigMap may come and go. Does not keep the process alive. Cost: all files are read at each poll and each burst.
 */
export async function watchDirectory(folder: string, options: DirectoryWatchOptions): Promise<DirectoryWatch> {
  const { onChange, onError, pollIntervalMs = 10_000, settleMs = 100 } = options;
  let watcher: FSWatcher | undefined;
  let timer: NodeJS.Timeout | undefined;
  let delivered: string | undefined;
  let isLooking = false;
  let isStale = false;
  let isClosed = false;

  function lookAfter(delayMs: number): void {
    clearTimeout(timer);
    if (!isClosed) timer = setTimeout(() => void look(), delayMs).unref();
  }

  function noticeEvent(): void {
    if (isStale) return;
    isStale = true;
    if (!isLooking) lookAfter(settleMs);
  }

  function dropWatcher(): void {
    watcher?.close();
    watcher = undefined;
  }

  async function look(): Promise<void> {
    isLooking = true;
    isStale = false;
    watcher ??= tryWatch(folder, noticeEvent, dropWatcher);
    try {
      const files = await readFiles(folder);
      const fingerprint = hash(files);
      if (fingerprint !== delivered && !isClosed) {
        await onChange(files);
        delivered = fingerprint;
      }
    } catch (error) {
      onError(error);
    }
    isLooking = false;
    lookAfter(isStale ? settleMs : pollIntervalMs);
  }

  await look();
  return {
    close() {
      isClosed = true;
      clearTimeout(timer);
      dropWatcher();
    },
  };
}

/** Undefined while the folder is absent or the system has no watches left; polling carries on. */
function tryWatch(folder: string, onEvent: () => void, onBroken: () => void): FSWatcher | undefined {
  try {
    return watch(folder, { persistent: false }, onEvent).on('error', onBroken);
  } catch {
    return undefined;
  }
}

/** All from one generation of a Kubernetes volume: when `..data` has moved on meanwhile, the reading starts again. */
async function readFiles(folder: string): Promise<DirectoryFiles> {
  for (;;) {
    const generation = await currentGeneration(folder);
    const files = await readRegularFiles(generation);
    if ((await currentGeneration(folder)) === generation) return files;
  }
}

function currentGeneration(folder: string): Promise<string> {
  return realpath(join(folder, '..data')).catch(() => folder);
}

async function readRegularFiles(folder: string): Promise<DirectoryFiles> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isAbsence(error)) return [];
    throw error;
  });
  const files = new Map<string, string>();
  for (const name of names.filter((entry) => !entry.startsWith('..')).sort()) {
    const text = await readRegularFile(join(folder, name));
    if (text !== undefined) files.set(name, text);
  }
  return files;
}

/** Undefined for what is not a file, and for one that vanished since the folder was listed. */
async function readRegularFile(path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).isFile() ? await readFile(path, 'utf8') : undefined;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

function isAbsence(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** JSON delimits names and contents, so no two sets of files share a text. */
function hash(files: DirectoryFiles): string {
  return createHash('sha256')
    .update(JSON.stringify([...files]))
    .digest('base64');
}
