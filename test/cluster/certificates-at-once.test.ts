import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { readBundle } from '../../src/tls/certificate.ts';
import { loadPair } from '../../src/tls/files.ts';
import { issueCertificateAuthority } from '../../src/tls/issue.ts';
import { connectApi, type SendToApi } from '../support/api.ts';
import { describeNeeding, sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { CONFIGURATIONS, idleConfiguration, pathOf, readCaBundle } from '../support/idle-webhook.ts';
import { createSidecarAccount, type Sidecar, startSidecar } from '../support/sidecar.ts';

const SECRET = 'authority';
const SERVICE = 'gate';
/** More than the minute for which a new authority is published before it signs, if a gate is ready. */
const patience = { timeout: 120_000, interval: 100 };
const WAITS: unknown = expect.stringContaining('for a minute if a gate is ready');
const merge = 'application/merge-patch+json';

describeNeeding([], 'new pods after the Secret was lost', () => {
  const cluster = sharedCluster();
  const namespace = useNamespace();
  const name = `at-once-${namespace}`;
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
  const secret = `/api/v1/namespaces/${namespace}/secrets/${SECRET}`;
  let send: SendToApi;
  let account: string;

  beforeAll(async () => {
    send = connectApi(cluster);
    await cluster.kubectl(['create', 'secret', 'generic', SECRET, '--namespace', namespace]);
    expect(await send('POST', CONFIGURATIONS, idleConfiguration(name))).toMatchObject({ status: 201 });
    account = await createSidecarAccount(cluster, namespace, SECRET, [`validating/${name}`]);
    const first = await startOne();
    await vi.waitUntil(() => hasLeaf(first), patience);
    await first.stop();
  });
  afterAll(() => send('DELETE', pathOf(`validating/${name}`)));

  it('have certificates at once if no gate is ready, of an authority that is trusted beside the old one', async () => {
    const old = await readTrusted();
    expect(old).toHaveLength(1);
    await writeSecret(null);
    const pod = await startOne();
    onTestFinished(() => pod.stop());
    await expect.poll(() => hasLeaf(pod), patience).toBe(true);
    expect(await readWaits(pod)).not.toContainEqual(WAITS);
    expect((await readTrusted()).slice(0, 1)).toEqual(old);
    expect(await readTrusted()).toHaveLength(2);
  });

  it('wait for as long as a gate is ready, and say so', async () => {
    const endpoint = (ready: boolean) => ({ endpoints: [{ addresses: ['192.0.2.1'], conditions: { ready } }] });
    const metadata = { name: 'by-hand', labels: { 'kubernetes.io/service-name': SERVICE } };
    const slice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata,
      addressType: 'IPv4',
      ports: [],
    };
    expect(await send('POST', slices, { ...slice, ...endpoint(true) })).toMatchObject({ status: 201 });
    await writeSecret(null);
    const pod = await startOne();
    onTestFinished(() => pod.stop());
    await expect.poll(() => readWaits(pod), patience).toContainEqual(WAITS);
    expect(await hasLeaf(pod)).toBe(false);
    await send('PATCH', `${slices}/by-hand`, endpoint(false), merge);
    await expect.poll(() => hasLeaf(pod), patience).toBe(true);
  });

  it('do not trust an authority that was written into the Secret alone', async () => {
    const foreign = await issueCertificateAuthority({ commonName: 'foreign', lifetimeMs: 3_600_000, now: new Date() });
    const before = await readTrusted();
    await writeSecret({ 'ca.crt': Buffer.from(foreign.certificatePem).toString('base64') });
    const pod = await startOne();
    onTestFinished(() => pod.stop());
    await expect.poll(() => hasLeaf(pod), patience).toBe(true);
    const trusted = await readTrusted();
    expect(trusted.slice(0, -1)).toEqual(before);
    expect(trusted).not.toContain(foreign.certificatePem);
  });

  function startOne(): Promise<Sidecar> {
    return startSidecar(account, [
      ...['--certificates=selfManaged', `--certificate-secret=${SECRET}`, `--own-namespace=${namespace}`],
      ...['--certificate-dns-names=gate.test.svc', `--certificate-service=${SERVICE}`],
      `--webhook-configurations=validating/${name}`,
    ]);
  }

  /** Why the sidecar has waited. */
  async function readWaits(pod: Sidecar) {
    return (await pod.readLog()).map(({ why }) => why);
  }

  async function hasLeaf({ tlsDir }: Sidecar): Promise<boolean> {
    return (await loadPair(tlsDir)).ok;
  }

  /** Null empties it. */
  async function writeSecret(data: object | null): Promise<void> {
    expect(await send('PATCH', secret, { data }, merge)).toMatchObject({ status: 200 });
  }

  async function readTrusted(): Promise<readonly string[]> {
    return readBundle(await readCaBundle(send, `validating/${name}`)).map(({ certificatePem }) => certificatePem);
  }
});
