import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What `make release` has written. */
export const RELEASE = join(import.meta.dirname, '../../dist/release');

/** The path of the one artifact whose name matches a pattern. */
export function artifact(pattern: string): string {
  const found = globSync(pattern, { cwd: RELEASE });
  if (found.length !== 1) throw new Error(`${found.length} files match ${pattern} in dist/release: run make release.`);
  return join(RELEASE, String(found[0]));
}

interface Descriptor {
  readonly digest: string;
  readonly platform?: { readonly architecture: string };
}

/** The archive of images, unpacked. */
export interface UnpackedImages {
  /** The digest of the index. */
  readonly digest: string;
  readonly architectures: readonly string[];
  readonly configOf: (architecture: string) => { readonly config: Readonly<Record<string, unknown>> };
  /** Extracts the layers of an architecture into a folder, as a container would see them. */
  readonly extract: (architecture: string, folder: string) => Promise<void>;
}

/** Unpacks the archive of images into `folder`. */
export async function unpackImages(folder: string): Promise<UnpackedImages> {
  await run('tar', ['--extract', '--file', artifact('orchestration-gate-image-*.oci.tar'), '--directory', folder]);
  const read = (path: string) => JSON.parse(readFileSync(join(folder, path), 'utf8'));
  const blobOf = ({ digest }: Descriptor) => `blobs/${digest.replace(':', '/')}`;
  const [index] = read('index.json').manifests as [Descriptor];
  const manifests = read(blobOf(index)).manifests as Descriptor[];
  const manifestOf = (architecture: string): { readonly config: Descriptor; readonly layers: readonly Descriptor[] } =>
    read(blobOf(manifests.find(({ platform }) => platform?.architecture === architecture) ?? index));
  return {
    digest: index.digest,
    architectures: manifests.map(({ platform }) => platform?.architecture ?? ''),
    configOf: (architecture) => read(blobOf(manifestOf(architecture).config)),
    async extract(architecture, target) {
      await mkdir(target, { recursive: true });
      for (const layer of manifestOf(architecture).layers)
        await run('tar', ['--extract', '--gzip', '--file', join(folder, blobOf(layer)), '--directory', target]);
    },
  };
}

/** Mounts what a container runtime mounts, makes the root file system read-only, and enters it. */
const ENTER = `
  mount --bind "$0" "$0" && mount --rbind /dev "$0/dev" && mount -t proc proc "$0/proc" && mount --rbind /tmp "$0/tmp" &&
  mount -o remount,bind,ro "$0" && exec chroot "$0" "$@"`;

/**
 * Returns the words that start the entry point of an image from its extracted root file system. Of this machine, the
 * program sees only /dev, /proc, /tmp and the network. Needs root.
 */
export async function programOf(rootFolder: string, entrypoint: readonly string[]): Promise<readonly string[]> {
  for (const name of ['dev', 'proc', 'tmp']) await mkdir(join(rootFolder, name), { recursive: true });
  const [node = '', ...words] = entrypoint;
  return ['unshare', '--mount', 'sh', '-c', ENTER, rootFolder, `/usr/local/bin/${node}`, ...words];
}
