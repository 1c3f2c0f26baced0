import { gzipSync } from 'node:zlib';
import { sha256 } from './archive.ts';
import type { Architecture } from './debian.ts';

/** An image of one architecture, as plain data. */
export interface Image {
  readonly architecture: Architecture;
  /** Tar archives, the lowest first. */
  readonly layers: readonly Buffer[];
  /** Says for each layer what it holds. */
  readonly history: readonly string[];
  /** Seconds since 1970. */
  readonly epoch: number;
  readonly config: Readonly<Record<string, unknown>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A file of an archive of images: its path, and its content. */
export type ImageFile = readonly [path: string, content: Buffer];

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture: string; readonly os: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

const OCI = 'application/vnd.oci.image';

/**
 * Lays out images as the OCI image layout says: one image for each architecture behind one index. `name` is the name of
 * the index, `name:tag`. If there is only one image, the files include a manifest.json, so that `docker load` can read
 * them too. Returns the files and the digest of the index.
 */
export function layOutImages(images: readonly Image[], name: string): { files: ImageFile[]; digest: string } {
  const blobs = new Map<string, Buffer>();
  const add = (mediaType: string, content: Buffer): Descriptor => {
    const digest = sha256(content);
    blobs.set(`blobs/sha256/${digest}`, content);
    return { mediaType, digest: `sha256:${digest}`, size: content.length };
  };
  const addJson = (mediaType: string, value: object) => add(mediaType, toJson(value));

  const written = images.map((image) => {
    const layers = image.layers.map((layer) => add(`${OCI}.layer.v1.tar+gzip`, gzipSync(layer, { level: 9 })));
    const config = addJson(`${OCI}.config.v1+json`, describeConfig(image));
    const manifest = { schemaVersion: 2, mediaType: `${OCI}.manifest.v1+json`, config, layers };
    const descriptor = addJson(manifest.mediaType, { ...manifest, annotations: image.annotations });
    return { config, layers, manifest: { ...descriptor, platform: { architecture: image.architecture, os: 'linux' } } };
  });
  const index = addJson(`${OCI}.index.v1+json`, {
    schemaVersion: 2,
    mediaType: `${OCI}.index.v1+json`,
    manifests: written.map(({ manifest }) => manifest),
    annotations: images[0]?.annotations,
  });
  const annotations = {
    'io.containerd.image.name': name,
    'org.opencontainers.image.ref.name': name.replace(/^.*:/, ''),
  };
  const [only] = written;
  const forDocker =
    written.length === 1 && only !== undefined ? [['manifest.json', describeForDocker(only, name)] as const] : [];
  return {
    digest: index.digest,
    files: [
      ['oci-layout', toJson({ imageLayoutVersion: '1.0.0' })],
      ['index.json', toJson({ schemaVersion: 2, manifests: [{ ...index, annotations }] })],
      ...forDocker,
      ...blobs,
    ],
  };
}

function describeConfig({ architecture, layers, history, epoch, config }: Image): object {
  const created = new Date(epoch * 1_000).toISOString();
  return {
    ...{ created, architecture, os: 'linux', config },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`) },
    history: history.map((comment) => ({ created, created_by: 'make image', comment })),
  };
}

function describeForDocker(
  { config, layers }: { readonly config: Descriptor; readonly layers: readonly Descriptor[] },
  name: string,
): Buffer {
  const path = ({ digest }: Descriptor) => `blobs/${digest.replace(':', '/')}`;
  return toJson([{ Config: path(config), RepoTags: [name], Layers: layers.map(path) }]);
}

function toJson(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
