import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Maps file names to contents (UTF-8), in order of name. */
export type DirectoryFiles = ReadonlyMap<string, string>;

export interface DirectoryWatchOptions {
  /**
   * Called with the present files before `watchDirectory` resolves, then after each change of content. Calls never
   * overlap.
   */
  readonly onChange: (files: DirectoryFiles) => void | Promise<void>;
  /** Called with an error of `onChange` or of reading a file. The next check retries. */
  readonly onError: (error: unknown) => void;
  /**
   * The default is 10 s, as in controller-runtime's certificate watcher. Polling detects changes without an event, such
   * as a new folder.
   */
  readonly pollIntervalMs?: number;
  /** How long to wait after an event for more events of the same burst. */
  readonly settleMs?: number;
}

export interface DirectoryWatch {
  /** Ends the watch. `onChange` is not called again. */
  close(): void;
}

/**
 * Watches the content of a folder: its regular files, also behind links, but no subfolders and no entries named `..*`,
 * which Kubernetes volumes use internally. Watches the folder and not its files, because a Kubernetes volume replaces
 * the link `..data`, and a watch on a file then gets no more events. A missing folder counts as empty, so that an
 * optional ConfigMap can be created and deleted. Does not keep the process alive. Cost: each poll and each burst of
 * events reads all files.
 */
export async function watchDirectory(folder: string, options: DirectoryWatchOptions): Promise<DirectoryWatch> {
  const { onChange, onError, pollIntervalMs = 10_000, settleMs = 100 } = options;
  let watcher: FSWatcher | undefined;
  let timer: NodeJS.Timeout | undefined;
  let delivered: string | undefined;
  let isChecking = false;
  let isStale = false;
  let isClosed = false;

  function checkAfter(delayMs: number): void {
    clearTimeout(timer);
    if (!isClosed) timer = setTimeout(() => void check(), delayMs).unref();
  }

  function noticeEvent(): void {
    if (isStale) return;
    isStale = true;
    if (!isChecking) checkAfter(settleMs);
  }

  function dropWatcher(): void {
    watcher?.close();
    watcher = undefined;
  }

  async function check(): Promise<void> {
    isChecking = true;
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
    isChecking = false;
    checkAfter(isStale ? settleMs : pollIntervalMs);
  }

  await check();
  return {
    close() {
      isClosed = true;
      clearTimeout(timer);
      dropWatcher();
    },
  };
}

/** Undefined if the folder does not exist or the system has no watches left. Polling continues. */
function tryWatch(folder: string, onEvent: () => void, onBroken: () => void): FSWatcher | undefined {
  try {
    return watch(folder, { persistent: false }, onEvent).on('error', onBroken);
  } catch {
    return undefined;
  }
}

/** Reads all files from one generation of a Kubernetes volume. Starts again if `..data` changes meanwhile. */
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

/** Undefined if the path is not a file, or the file was deleted after the folder was listed. */
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

/** JSON separates names and contents, so different sets of files have different texts. */
function hash(files: DirectoryFiles): string {
  return createHash('sha256')
    .update(JSON.stringify([...files]))
    .digest('base64');
}
