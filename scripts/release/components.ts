import type { Metafile } from 'esbuild';
import { type Architecture, PACKAGES } from './debian.ts';
import { NODE_PACKAGES, readLocked } from './node.ts';

/** A part of the release that somebody else made. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** Package URL: `pkg:npm/ajv@8.20.0`. */
  readonly purl: string;
  /** SPDX expression. Undefined if the package states its licences in another way. */
  readonly license?: string;
  readonly checksum: { readonly algorithm: 'SHA256' | 'SHA512'; readonly hex: string };
}

/** Returns the packages of npm that esbuild has read for the bundle and for the page in it, by name. */
export async function listBundled(root: string, { inputs }: Pick<Metafile, 'inputs'>): Promise<Component[]> {
  const paths = Object.keys(inputs).flatMap((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
  const components = new Map<string, Component>();
  for (const path of [...new Set(paths)].sort()) {
    const { version, integrity, license } = await readLocked(root, path);
    const name = path.replace(/^.*node_modules\//, '');
    const purl = npmUrl(name, version);
    components.set(purl, { name, version, purl, license, checksum: readIntegrity(integrity) });
  }
  return [...components.values()];
}

/** Returns what the image of an architecture holds in addition to the bundle. */
export async function listBase(root: string, architecture: Architecture): Promise<Component[]> {
  const name = NODE_PACKAGES[architecture];
  const { version, integrity, license } = await readLocked(root, `node_modules/${name}`);
  const node = { name, version, purl: npmUrl(name, version), license, checksum: readIntegrity(integrity) };
  const libraries = PACKAGES.map(
    (one): Component => ({
      ...{ name: one.name, version: one.version },
      purl: `pkg:deb/debian/${encodeURIComponent(one.name)}@${encodeURIComponent(one.version)}?arch=${architecture}`,
      checksum: { algorithm: 'SHA256', hex: one.sha256[architecture] },
    }),
  );
  return [node, ...libraries];
}

function npmUrl(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

function readIntegrity(integrity: string): Component['checksum'] {
  return { algorithm: 'SHA512', hex: Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex') };
}
