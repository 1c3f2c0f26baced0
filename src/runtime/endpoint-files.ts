import { type DirectoryFiles, watchDirectory } from './directory-watch.ts';

/** What requests to an endpoint need from mounted Secrets and ConfigMaps. Both change with their folders. */
export interface EndpointFiles {
  readonly headers: () => Readonly<Record<string, string>>;
  /** Authorities in PEM. Undefined if there is no such file. */
  readonly ca: () => string | undefined;
}

/**
 * Watches a folder with one file for each header, named after the header, and a folder with `ca.crt`. Resolves after
 * the first read. Drops white space around a header, because text editors add it.
 */
export async function watchEndpointFiles(
  headersDir: string | undefined,
  caDir: string | undefined,
  log: { error(fields: object, message: string): void },
): Promise<EndpointFiles> {
  let headers: Readonly<Record<string, string>> = {};
  let ca: string | undefined;
  const watch = async (folder: string | undefined, onChange: (files: DirectoryFiles) => void) => {
    const onError = (error: unknown) => log.error({ error, folder }, 'cannot read the settings of a receiver');
    if (folder !== undefined) await watchDirectory(folder, { onChange, onError });
  };
  await watch(headersDir, (files) => {
    headers = Object.fromEntries([...files].map(([name, text]) => [name.toLowerCase(), text.trim()]));
  });
  await watch(caDir, (files) => {
    ca = files.get('ca.crt');
  });
  return { headers: () => headers, ca: () => ca };
}
