import { copyFile, mkdir, mkdtempDisposable, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { tarFolder } from './archive.ts';
import { PROGRAM } from './bundle.ts';
import { type Architecture, extractDebian, SUITE } from './debian.ts';
import { extractNode } from './node.ts';
import type { Image } from './oci.ts';

/** Where the sources, the bundled program and earlier downloads are, and what the image says about itself. */
export interface ImageSources {
  readonly root: string;
  /** The folder of the bundled program. */
  readonly programFolder: string;
  readonly cacheFolder: string;
  /** The address of an archive of Debian: see `extractDebian`. */
  readonly mirror: string;
  readonly epoch: number;
  readonly version: string;
  readonly revision: string;
}

/**
 * A young generation of a few MiB stays in the cache of the processor, and keeps memory flat under load (make bench).
 */
export const NODE_FLAGS = ['--max-semi-space-size=2'] as const;

/** What a container runs. */
const ENTRYPOINT = ['node', ...NODE_FLAGS, `/app/${PROGRAM}`] as const;

/**
 * One heap of glibc for all threads of Node. With a heap for each thread, memory that a thread frees stays with that
 * thread, and memory grows under load (make bench).
 */
export const ALLOCATOR = { MALLOC_ARENA_MAX: '1' } as const;

/** A number, so that Kubernetes sees that it is not root. */
const USER = '1000:1000';

/** The files in which libraries find names of users and hosts, and links for paths of older layouts. */
const FILES: Readonly<Record<string, string>> = {
  'etc/passwd': 'root:x:0:0:root:/root:/sbin/nologin\nnode:x:1000:1000:node:/app:/sbin/nologin\n',
  'etc/group': 'root:x:0:\nnode:x:1000:\n',
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
};
const LINKS: Readonly<Record<string, string>> = {
  lib: 'usr/lib',
  lib64: 'usr/lib64',
  'etc/os-release': '../usr/lib/os-release',
};

/**
 * Assembles the image of one architecture, on a machine of any architecture. The libraries of Node, Node, and the
 * bundled program are a layer each. Nothing of the image is executed. It holds no shell and no package manager. Takes
 * 10 s, and a download the first time.
 */
export async function assembleImage(architecture: Architecture, sources: ImageSources): Promise<Image> {
  const { root, programFolder, cacheFolder, mirror, epoch, version, revision } = sources;
  const layers = [
    await makeLayer(epoch, async (folder) => {
      // Before the packages, so that what they put into /lib64 is found there on every architecture.
      for (const path of ['usr/lib', 'usr/lib64', 'etc', 'app']) await mkdir(join(folder, path), { recursive: true });
      for (const [path, target] of Object.entries(LINKS)) await symlink(target, join(folder, path));
      for (const [path, content] of Object.entries(FILES)) await writeFile(join(folder, path), content);
      await extractDebian(architecture, folder, { cacheFolder, mirror });
    }),
    await makeLayer(epoch, (folder) => extractNode(root, architecture, folder, cacheFolder)),
    await makeLayer(epoch, async (folder) => {
      await mkdir(join(folder, 'app'));
      for (const [from, to] of [
        [join(programFolder, PROGRAM), PROGRAM],
        [join(root, 'LICENSE'), 'LICENSE'],
      ] as const)
        await copyFile(from, join(folder, 'app', to));
    }),
  ];
  const labels = {
    'org.opencontainers.image.title': 'orchestration-gate',
    'org.opencontainers.image.description': 'Rejects Orchestrations that can never run, and runs the others',
    'org.opencontainers.image.licenses': 'MIT',
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.revision': revision,
  };
  return {
    ...{ architecture, layers, epoch },
    history: [`libraries of Debian ${SUITE}`, 'Node', 'orchestration-gate'],
    config: {
      ...{ User: USER, Entrypoint: ENTRYPOINT, WorkingDir: '/app', Labels: labels },
      Env: [
        'PATH=/usr/local/bin',
        'NODE_ENV=production',
        ...Object.entries(ALLOCATOR).map(([name, value]) => `${name}=${value}`),
      ],
    },
    annotations: labels,
  };
}

async function makeLayer(epoch: number, fill: (folder: string) => Promise<void>): Promise<Buffer> {
  await using scratch = await mkdtempDisposable(join(tmpdir(), 'orchestration-gate-'));
  await fill(scratch.path);
  return await tarFolder(scratch.path, epoch);
}

/** Writes files below `folder`. */
export async function writeFiles(
  folder: string,
  files: Iterable<readonly [path: string, content: Buffer]>,
): Promise<void> {
  for (const [path, content] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}
