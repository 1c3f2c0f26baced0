import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Cluster } from '../support/controlplane/cluster.ts';
import { type ControlPlane, startControlPlane } from '../support/controlplane/controlplane.ts';
import { describeNeeding, sharedCluster, startOwnControlPlane, useNamespace } from '../support/controlplane/suite.ts';

const read = async (cluster: Cluster, ...toolArguments: string[]) => (await cluster.kubectl(toolArguments)).stdout;

describe('the shared cluster', () => {
  const cluster = sharedCluster();
  const namespace = useNamespace();

  it('answers kubectl, and gives its failures as codes', async () => {
    expect(await cluster.kubectl(['get', 'namespace', namespace, '-o', 'name'])).toEqual({
      code: 0,
      stdout: `namespace/${namespace}\n`,
      stderr: '',
    });
    expect(await cluster.kubectl(['get', 'namespace', 'absent'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('"absent" not found'),
    });
  });

  it('hands input to kubectl, and answers helm', async () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'given', namespace }, data: { a: 'b' } };
    expect(await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(object) })).toMatchObject({ code: 0 });
    expect(await read(cluster, 'get', 'configmap', 'given', '-n', namespace, '-o', 'jsonpath={.data.a}')).toBe('b');
    expect(await cluster.helm(['list', '--namespace', namespace, '-o', 'json'])).toMatchObject({
      code: 0,
      stdout: '[]\n',
    });
  });

  it('writes nothing into the home folder', async () => {
    const home = await mkdtemp(join(tmpdir(), 'home-'));
    try {
      await cluster.kubectl(['get', 'configmaps', '-n', namespace], { env: { HOME: home } });
      await cluster.helm(['list', '--namespace', namespace], { env: { HOME: home } });
      expect(await readdir(home)).toEqual([]);
    } finally {
      await rm(home, { recursive: true });
    }
  });

  it('gives a service account what RBAC gives it, and no more', async () => {
    await cluster.kubectl(['create', 'serviceaccount', 'reader', '-n', namespace]);
    await cluster.kubectl(['create', 'role', 'reader', '-n', namespace, '--verb=get', '--resource=secrets']);
    await cluster.kubectl([
      'create',
      'rolebinding',
      'reader',
      '-n',
      namespace,
      '--role=reader',
      `--serviceaccount=${namespace}:reader`,
    ]);
    const kubeconfig = await cluster.serviceAccountKubeconfig(namespace, 'reader');
    const asReader = async (...toolArguments: string[]) =>
      (await cluster.kubectl(toolArguments, { kubeconfig })).stdout;
    expect(await asReader('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}')).toBe(
      `system:serviceaccount:${namespace}:reader`,
    );
    expect(await asReader('auth', 'can-i', 'get', 'secrets', '-n', namespace)).toBe('yes\n');
    expect(await asReader('auth', 'can-i', 'delete', 'secrets', '-n', namespace)).toBe('no\n');
  });

  it('says which service account does not exist', async () => {
    await expect(cluster.serviceAccountKubeconfig(namespace, 'nobody')).rejects.toThrow(`${namespace}/nobody`);
  });
});

describeNeeding(['controllers'], 'the controllers of the shared cluster', () => {
  const cluster = sharedCluster();
  const namespace = useNamespace();

  it('collect what a deleted owner leaves', async () => {
    const create = (name: string, ownerReferences: object[]) =>
      cluster.kubectl(['apply', '-f', '-', '-o', 'jsonpath={.metadata.uid}'], {
        input: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, ownerReferences } }),
      });
    const { stdout: uid } = await create('owner', []);
    await create('owned', [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }]);
    await cluster.kubectl(['delete', 'configmap', 'owner', '-n', namespace]);
    const wait = ['wait', '--for=delete', 'configmap/owned', '-n', namespace, '--timeout=30s'];
    expect(await cluster.kubectl(wait)).toMatchObject({ code: 0 });
  });
});

describeNeeding(['ownControlPlane'], 'control planes of a suite', () => {
  let one: ControlPlane;
  let other: ControlPlane;

  beforeAll(async () => {
    [one, other] = await Promise.all([startOwnControlPlane({ audit: true }), startOwnControlPlane()]);
  });
  afterAll(() => Promise.all([one?.stop(), other?.stop()]));

  it('do not share ports, data, certificates or tokens', async () => {
    await one.kubectl(['create', 'namespace', 'only-here']);
    expect(await read(one, 'get', 'namespaces')).toContain('only-here');
    expect(await read(other, 'get', 'namespaces')).not.toContain('only-here');
    const token = await other.kubectl(['get', 'namespaces', '--token', one.adminToken]);
    expect(token).toMatchObject({ code: 1, stderr: expect.stringContaining('logged in') });
    const certificate = await other.kubectl(['get', 'namespaces', '--server', one.server]);
    expect(certificate).toMatchObject({ code: 1, stderr: expect.stringContaining('x509') });
  });

  it('log every request if asked to', async () => {
    await one.kubectl(['create', 'namespace', 'audited']);
    const lines = (await readFile(one.auditLog, 'utf8')).trimEnd().split('\n');
    const created = lines.map((line) => JSON.parse(line)).filter(({ verb }) => verb === 'create');
    expect(created).toContainEqual(
      expect.objectContaining({ objectRef: expect.objectContaining({ resource: 'namespaces', name: 'audited' }) }),
    );
  });

  it('survive the death of any component with the same data and address', async () => {
    await other.kubectl(['create', 'namespace', 'kept']);
    for (const component of [other.etcd, other.apiserver]) {
      const { pid } = component;
      await component.kill('SIGKILL');
      expect(component.pid).toBeNull();
      await component.start();
      expect(component.pid).not.toBe(pid);
    }
    expect(await read(other, 'get', 'namespaces')).toContain('kept');
  });

  it('are gone after stop, which may be called twice', async () => {
    await one.stop();
    await one.stop();
    expect([one.etcd.pid, one.apiserver.pid]).toEqual([null, null]);
    await expect(stat(one.folder)).rejects.toThrow('ENOENT');
  });

  it('say why a component did not start, and leave no folder', async () => {
    const parts = inject('controlPlaneParts');
    if (parts === null) throw new Error('no parts');
    const etcd = ['/bin/sh', '-c', 'pwd; echo disk full >&2; exit 3'] as const;
    const failure = await startControlPlane({ ...parts, binaries: { ...parts.binaries, etcd } }).then(
      () => '',
      (error: Error) => error.message,
    );
    const [, folder] =
      /^etcd ended \(exit code 3\) before it was ready; the end of its log:\n(.*)\ndisk full$/.exec(failure) ?? [];
    expect(folder).toMatch(/orchestration-gate-/);
    await expect(stat(folder ?? '')).rejects.toThrow('ENOENT');
  });
});
