import { type DirectoryFiles, watchDirectory } from './directory-watch.ts';
import type { Logger } from './log.ts';

/** The settings of a folder, or every mistake in them. */
type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly mistakes: readonly string[] };

export interface SettingsWatchOptions<Value> {
  readonly folder: string;
  readonly parse: (files: DirectoryFiles) => Parsed<Value>;
  readonly onValue: (value: Value) => void;
  /** Must not throw. */
  readonly onReload?: (result: 'success' | 'failure') => void;
  readonly log: Pick<Logger, 'info' | 'error'>;
}

/**
 * Watches a folder of settings. Resolves after the first read. If there is a mistake, the previous settings stay in
 * force.
 */
export async function watchSettings<Value>(options: SettingsWatchOptions<Value>): Promise<void> {
  const { folder, parse, onValue, onReload, log } = options;
  await watchDirectory(folder, {
    onChange: (files) => {
      const parsed = parse(files);
      onReload?.(parsed.ok ? 'success' : 'failure');
      if (!parsed.ok) return log.error({ folder, mistakes: parsed.mistakes }, 'settings rejected');
      log.info({ folder }, 'settings read');
      return onValue(parsed.value);
    },
    onError: (error) => log.error({ error, folder }, 'cannot read settings'),
  });
}
