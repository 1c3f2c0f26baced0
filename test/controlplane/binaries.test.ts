import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resolveBinaries } from '../support/controlplane/binaries.ts';
import type { Settings } from '../support/controlplane/settings.ts';

describe('resolveBinaries', () => {
  let folder: string;
  let log: string[];
  const resolve = (settings: Partial<Settings> = {}) =>
    resolveBinaries(
      {
        assetsFolder: null,
        kubernetes: null,
        envtestIndex: 'http://127.0.0.1:1/index.yaml',
        cacheFolder: join(folder, 'cache'),
        existingKubeconfig: null,
        environment: { PATH: `${folder}:/usr/bin:/bin` },
        ...settings,
      },
      (line) => log.push(line),
    );
  const executable = async (name: string, script = '') => {
    await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, name), 0o755);
  };
  /** A Go that writes its arguments to the file it should build. */
  const go = `
    for last; do [ "$previous" = -o ] && file=$last; previous=$last; done
    echo k8s.io/one >&2; sleep 0.2; echo "$@" > "$file"; chmod +x "$file"`;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'binaries-'));
    log = [];
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('takes what KUBEBUILDER_ASSETS holds, even when Go is there', async () => {
    await executable('go', 'exit 1');
    await executable('etcd');
    await executable('kube-apiserver');
    expect(await resolve({ assetsFolder: folder })).toEqual({
      etcd: [join(folder, 'etcd')],
      apiserver: [join(folder, 'kube-apiserver')],
      controllerManager: null,
    });
    await executable('kube-controller-manager');
    expect((await resolve({ assetsFolder: folder })).controllerManager).toEqual([
      join(folder, 'kube-controller-manager'),
    ]);
  });

  it('names what KUBEBUILDER_ASSETS lacks instead of building it', async () => {
    await executable('go', go);
    await executable('etcd');
    await expect(resolve({ assetsFolder: folder })).rejects.toThrow(
      `${folder}/kube-apiserver is not an executable file`,
    );
  });

  it('builds with Go, once, and stamps the version of go.mod', async () => {
    await executable('go', go);
    const built = await resolve();
    expect(built.apiserver).toEqual([expect.stringContaining(join(folder, 'cache')), 'apiserver']);
    expect(log).toContainEqual(
      expect.stringMatching(/^building kube-apiserver and kube-controller-manager v1\.\d+\.\d+ /),
    );
    await executable('go', 'exit 1');
    expect(await resolve()).toEqual(built);
  });

  it('builds an older Kubernetes on request, beside the newest, and lists the known versions', async () => {
    await executable('go', go);
    const newest = await resolve();
    log = [];
    const older = await resolve({ kubernetes: '1.34' });
    expect(older.apiserver).not.toEqual(newest.apiserver);
    expect(older.etcd).toEqual(newest.etcd);
    expect(log).toContainEqual(expect.stringContaining('kube-controller-manager v1.34.'));
    expect(await readFile(older.apiserver[0], 'utf8')).toContain('-modfile=v1.34.mod');
    await expect(resolve({ kubernetes: '1.2' })).rejects.toThrow('KUBERNETES is "1.2": set it to 1.34, or unset it.');
  });

  it('allows two processes to build at once, and leaves no partial file', async () => {
    await executable('go', go);
    const [one, other] = await Promise.all([resolve(), resolve()]);
    expect(one).toEqual(other);
    const made = await readdir(join(folder, 'cache'), { recursive: true });
    expect(made.map((name) => name.replace(/^[0-9a-f]{16}\/?/, '')).sort()).toEqual(['', '', 'etcd', 'kube']);
  });

  it('shows what Go said when the build fails, and builds again the next time', async () => {
    await executable('go', 'echo "go: go.mod requires go >= 1.26.0 (running go 1.20)" >&2; exit 1');
    await expect(resolve()).rejects.toThrow(/with Go failed:\ngo: go.mod requires go >= 1.26.0/);
    await executable('go', go);
    await expect(resolve()).resolves.toBeDefined();
  });

  it('says in one sentence what to do without Go and assets', async () => {
    await mkdir(join(folder, 'empty'));
    const failure = resolve({ environment: { PATH: join(folder, 'empty') } });
    await expect(failure).rejects.toThrow(
      /^There is no Go to build a control plane with: install Go 1\.26 .*KUBEBUILDER_ASSETS.*, but not make run, .*KUBECONFIG\.$/,
    );
  });
});
