import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resolveBinaries } from '../support/controlplane/binaries.ts';
import { readKubernetesVersion } from '../support/controlplane/gobuild.ts';
import { findPublished } from '../support/controlplane/published.ts';
import { readSettings } from '../support/controlplane/settings.ts';

const linux = { platform: 'linux', arch: 'x64' } as const;

describe('the published control plane', () => {
  let folder: string;
  let server: Server;
  let archive: Buffer;
  let hash: string;
  /** How much of the archive is sent. */
  let sentBytes: number;
  let host: string;
  let log: string[];

  const settings = (environment: Readonly<Record<string, string>> = {}) =>
    readSettings({
      XDG_CACHE_HOME: folder,
      PATH: '/usr/bin:/bin',
      ENVTEST_INDEX: `http://${host}/index.yaml`,
      ...environment,
    });
  const find = (environment = {}, machine: Parameters<typeof findPublished>[3] = linux) =>
    findPublished('1.36', settings(environment), (line) => log.push(line), machine);
  const portOf = () => (server.address() as AddressInfo).port;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'published-'));
    log = [];
    archive = await makeArchive(folder);
    hash = createHash('sha512').update(archive).digest('hex');
    sentBytes = archive.length;
    server = createServer((request, response) => {
      if (request.url?.endsWith('/index.yaml')) {
        response.end(describeIndex(['v1.35.9', 'v1.36.2', 'v1.36.10', 'v1.36.11-rc.0', 'v1.37.0'], host, hash));
        return;
      }
      response.setHeader('content-length', archive.length);
      response.write(archive.subarray(0, sentBytes), () =>
        sentBytes < archive.length ? response.destroy() : response.end(),
      );
    });
    // Acts as a proxy that connects every host name to this server.
    server.on('connect', (_, client) => {
      const target = connect(portOf(), '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
      for (const socket of [target, client]) socket.on('error', () => {});
      target.pipe(client).pipe(target);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    host = `127.0.0.1:${portOf()}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });

  it('is that of the newest patch, and is downloaded once', async () => {
    const found = await find();
    expect(await readFile(join(found, 'etcd'), 'utf8')).toBe('#!/bin/sh\n');
    expect(log[0]).toBe(
      `downloading kube-apiserver and etcd v1.36.10 from http://${host}/envtest-v1.36.10-linux-amd64.tar.gz`,
    );
    server.close();
    server.closeAllConnections();
    expect(await find()).toBe(found);
  });

  it('is downloaded through a proxy', async () => {
    const proxy = `http://${host}`;
    host = 'published.invalid';
    expect(await find({ HTTP_PROXY: proxy })).toMatch(/envtest-1\.36-linux-amd64$/);
  });

  it('is not used if its checksum is another', async () => {
    hash = '0'.repeat(128);
    await expect(find()).rejects.toThrow(/^http:.+ has the checksum [0-9a-f]{128}, and not 0{128}: it was not used\.$/);
    await expectEmptyCache();
  });

  it('is not used if only half of it comes', async () => {
    sentBytes = archive.length / 2;
    await expect(find()).rejects.toThrow(/^http:.+amd64\.tar\.gz cannot be downloaded: .+\.$/);
    await expectEmptyCache();
  });

  it('is missing for another architecture', async () => {
    await expect(find({}, { platform: 'linux', arch: 'riscv64' })).rejects.toThrow(
      `http://${host}/index.yaml has no Kubernetes v1.36.10 for linux-riscv64.`,
    );
  });

  it('cannot be found without a network', async () => {
    server.close();
    server.closeAllConnections();
    await expect(find()).rejects.toThrow(/index\.yaml cannot be downloaded: .*ECONNREFUSED/);
  });

  it('is tried before Go where nothing is built, and Go follows if that fails', async () => {
    const bin = join(folder, 'bin');
    await mkdir(bin);
    await writeFile(
      join(bin, 'go'),
      '#!/bin/sh\nfor last; do [ "$previous" = -o ] && file=$last; previous=$last; done\necho > "$file"; chmod +x "$file"\n',
    );
    await chmod(join(bin, 'go'), 0o755);
    const where = settings({ PATH: `${bin}:/usr/bin:/bin` });
    const resolve = () => resolveBinaries(where, (line) => log.push(line), 'download');
    expect(await readKubernetesVersion(where)).toMatch(/^v1\.36\./);
    if (process.arch === 'x64') expect((await resolve()).controllerManager).toBeNull();
    await rm(join(folder, 'orchestration-gate'), { recursive: true, force: true });
    hash = '';
    expect((await resolve()).controllerManager).not.toBeNull();
    expect(log).toContainEqual(expect.stringContaining('it was not used'));
    // What Go has built is in the cache now, so nothing is downloaded.
    log = [];
    expect((await resolve()).controllerManager).not.toBeNull();
    expect(log).toEqual([]);
  });

  async function expectEmptyCache(): Promise<void> {
    expect(await readdir(join(folder, 'orchestration-gate')).catch(() => [])).toEqual([]);
  }
});

/** Makes an archive as the Kubernetes project packs it. */
async function makeArchive(folder: string): Promise<Buffer> {
  const programs = join(folder, 'archive/controller-tools/envtest');
  await mkdir(programs, { recursive: true });
  for (const name of ['etcd', 'kube-apiserver', 'kubectl'])
    await writeFile(join(programs, name), '#!/bin/sh\n', { mode: 0o755 });
  const file = join(folder, 'archive.tar.gz');
  await promisify(execFile)('tar', ['-czf', file, '-C', join(folder, 'archive'), 'controller-tools']);
  return readFile(file);
}

function describeIndex(versions: readonly string[], host: string, hash: string): string {
  const releases = versions.map((version) => {
    const name = `envtest-${version}-linux-amd64.tar.gz`;
    return [version, { [name]: { hash, selfLink: `http://${host}/${name}` } }];
  });
  return JSON.stringify({ releases: Object.fromEntries(releases) });
}
