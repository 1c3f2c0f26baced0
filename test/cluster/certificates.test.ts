import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { FieldManager } from '../../src/orchestration/vocabulary/metadata.ts';
import { CERTIFICATE_METRICS } from '../../src/runtime/certificate-metrics.ts';
import { readBundle } from '../../src/tls/certificate.ts';
import { loadPair } from '../../src/tls/files.ts';
import { issueCertificateAuthority } from '../../src/tls/issue.ts';
import { connectApi, type SendToApi } from '../support/api.ts';
import { findFreePorts } from '../support/controlplane/network.ts';
import { describeNeeding, sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { applyWebhooks, type Gate, installCrds, startGate } from '../support/gate.ts';
import { connectGated, orchestration } from '../support/gated.ts';
import { pathOf, readCaBundle } from '../support/idle-webhook.ts';
import { createSidecarAccount, type Sidecar, startSidecar } from '../support/sidecar.ts';
import { step } from '../support/steps.ts';

const SECRET = 'gate-authority';
const patience = { timeout: 120_000, interval: 50 };
/** Many processes start, on a machine that may be busy. */
const slowly = 180_000;
const merge = 'application/merge-patch+json';

describeNeeding(['loopbackWebhooks'], 'certificates that the replicas make', () => {
  const cluster = sharedCluster();
  const namespace = useNamespace();
  let send: SendToApi;
  let configurations: readonly string[] = [];
  let account: string;
  let url: string;
  let gate: Gate;
  let one: Sidecar;
  let two: Sidecar;

  beforeAll(async () => {
    await installCrds(cluster, 'agents');
    send = connectApi(cluster);
    await cluster.kubectl(['create', 'secret', 'generic', SECRET, '--namespace', namespace]);
    const [port] = await findFreePorts(1);
    url = `https://127.0.0.1:${port}`;
    const items = await applyWebhooks(cluster, url, { release: 'certs', namespaces: [namespace] });
    configurations = items.map(
      ({ kind, metadata }) => `${kind.replace('WebhookConfiguration', '').toLowerCase()}/${metadata.name}`,
    );
    account = await createSidecarAccount(cluster, namespace, SECRET, configurations);
    // Both at once: they race for the first authority.
    [one, two] = await Promise.all([startOne(), startOne()]);
    await vi.waitUntil(async () => (await loadPair(one.tlsDir)).ok && (await loadPair(two.tlsDir)).ok, patience);
    gate = await startGate({ flags: [`--tls-dir=${one.tlsDir}`, `--port=${port}`] });
  }, slowly);
  afterAll(async () => {
    for (const name of configurations) await send('DELETE', pathOf(name));
    await Promise.all([gate?.stop(), one?.stop(), two?.stop()]);
  });

  function startOne(): Promise<Sidecar> {
    return startSidecar(account, [
      ...['--certificates=selfManaged', `--certificate-secret=${SECRET}`, `--own-namespace=${namespace}`],
      ...['--certificate-dns-names=gate.test.svc,127.0.0.1', `--webhook-configurations=${configurations.join(',')}`],
    ]);
  }

  it('are one authority for both replicas, which every configuration trusts', async () => {
    const { data } = await readSecret();
    const [authority, ...others] = readBundle(data['ca.crt'] ?? '');
    expect(others).toEqual([]);
    for (const name of configurations) expect(await readCaBundle(send, name)).toBe(authority?.certificatePem);
    for (const { tlsDir } of [one, two]) {
      const leaf = await readLeaf(tlsDir);
      expect(leaf.verify(new X509Certificate(authority?.certificatePem ?? '').publicKey)).toBe(true);
      expect([leaf.checkHost('gate.test.svc'), leaf.checkIP('127.0.0.1')]).toEqual(['gate.test.svc', '127.0.0.1']);
    }
    expect(Object.keys(data).sort()).toEqual(['ca.crt', 'rotation.json', 'signing.key']);
  });

  it('let the API server reach the gate', async () => {
    const { kubectl } = connectGated(cluster, namespace, gate);
    await expect
      .poll(() => kubectl(['apply', '-f', '-'], orchestration('good', [step('a')])), patience)
      .toMatchObject({ code: 0 });
    const broken = await kubectl(['apply', '-f', '-'], orchestration('broken', [step('a', 'b'), step('b', 'a')]));
    expect(broken.stderr).toContain('dependency cycle');
  });

  it('own caBundle and nothing else of a configuration', async () => {
    for (const name of configurations) {
      const { metadata, webhooks } = await readConfiguration(name);
      const owned = metadata.managedFields.filter(({ manager }) => manager === FieldManager.Certificates);
      const entry = {
        [`k:{"name":"${webhooks[0]?.name}"}`]: { '.': {}, 'f:clientConfig': { 'f:caBundle': {} }, 'f:name': {} },
      };
      expect(owned).toMatchObject([{ operation: 'Apply', fieldsV1: { 'f:webhooks': entry } }]);
      expect(Object.keys(owned[0]?.fieldsV1 ?? {})).toEqual(['f:webhooks']);
    }
  });

  it('are written only where they differ: nothing changes while nothing happens', async () => {
    const versions = () =>
      Promise.all(configurations.map(async (name) => (await readConfiguration(name)).metadata.resourceVersion));
    const before = [...(await versions()), (await readSecret()).version];
    // Another replica looks at everything, and there is nothing for it to write but its own leaf.
    const third = await startOne();
    onTestFinished(() => third.stop());
    await expect.poll(async () => (await loadPair(third.tlsDir)).ok, patience).toBe(true);
    expect([...(await versions()), (await readSecret()).version]).toEqual(before);
  });

  it('are repaired when another client overwrites a bundle, and the log says which', async () => {
    const [name = ''] = configurations;
    const wanted = await readCaBundle(send, name);
    const foreign = await issueCertificateAuthority({ commonName: 'foreign', lifetimeMs: 3_600_000, now: new Date() });
    const caBundle = Buffer.from(foreign.certificatePem).toString('base64');
    const { webhooks } = await readConfiguration(name);
    const changed = webhooks.map((webhook) => ({ ...webhook, clientConfig: { ...webhook.clientConfig, caBundle } }));
    await send('PATCH', `${pathOf(name)}?fieldManager=meddler`, { webhooks: changed }, merge);
    await expect.poll(() => readCaBundle(send, name), patience).toBe(wanted);

    const removal = '[{"op":"remove","path":"/webhooks/0/clientConfig/caBundle"}]';
    const [kind, plainName = ''] = name.split('/');
    const removed = await cluster.kubectl([
      ...['patch', `${kind}webhookconfiguration`, plainName, '--type=json', '-p', removal],
    ]);
    expect(removed).toMatchObject({ code: 0 });
    await expect.poll(() => readCaBundle(send, name), patience).toBe(wanted);
    const told = [...(await one.readLog()), ...(await two.readLog())].filter(({ msg }) => msg === 'caBundle written');
    expect(told.some((line) => JSON.stringify(line['writersBefore']).includes('meddler'))).toBe(true);
  });

  it('are repaired when a configuration is created again', async () => {
    const [name = ''] = configurations;
    const wanted = await readCaBundle(send, name);
    const { metadata, ...rest } = await readConfiguration(name);
    await send('DELETE', pathOf(name));
    const bare = rest.webhooks.map(({ clientConfig: { caBundle: _, ...clientConfig }, ...webhook }) => ({
      ...webhook,
      clientConfig,
    }));
    await send('POST', pathOf(name).replace(/\/[^/]+$/, ''), {
      ...rest,
      metadata: { name: metadata.name },
      webhooks: bare,
    });
    await expect.poll(() => readCaBundle(send, name), patience).toBe(wanted);
  });

  it.each([
    ['emptied', null, /the Secret is empty/],
    ['broken', { 'rotation.json': Buffer.from('{').toString('base64') }, /rotation\.json is not valid/],
  ])('survive that the Secret is %s: a new authority is published beside the old', async (fate, data, why) => {
    const before = readBundle((await readSecret()).data['ca.crt'] ?? '').map(({ certificatePem }) => certificatePem);
    const leaf = await readLeaf(one.tlsDir);
    const patch = ['patch', 'secret', SECRET, '--namespace', namespace, '--type=merge', '-p', JSON.stringify({ data })];
    expect(await cluster.kubectl(patch)).toMatchObject({ code: 0 });
    await wake();
    for (const name of configurations) {
      const trusted = async () =>
        readBundle(await readCaBundle(send, name)).map(({ certificatePem }) => certificatePem);
      await expect.poll(trusted, patience).toHaveLength(before.length + 1);
      expect((await trusted()).slice(0, before.length)).toEqual(before);
    }
    // The new authority does not sign yet, and the gate goes on serving.
    expect((await readLeaf(one.tlsDir)).serialNumber).toBe(leaf.serialNumber);
    const { data: filled } = await readSecret();
    expect(JSON.parse(filled['rotation.json'] ?? '')).toMatchObject({ phase: 'Publishing' });
    const told = [...(await one.readLog()), ...(await two.readLog())];
    expect(told.some((line) => why.test(String(line['why'])))).toBe(true);
    const { kubectl } = connectGated(cluster, namespace, gate);
    expect(await kubectl(['apply', '-f', '-'], orchestration(`after-${fate}`, [step('a')]))).toMatchObject({ code: 0 });
  });

  it('report that the Secret is gone, and continue when it is back', async () => {
    const { data } = await readSecret();
    await send('DELETE', secretPath());
    await wake();
    const lines = async () => [...(await one.readLog()), ...(await two.readLog())].map((line) => String(line['why']));
    await expect.poll(lines, patience).toContain('the Secret does not exist: install the chart again');
    await cluster.kubectl(['create', 'secret', 'generic', SECRET, '--namespace', namespace]);
    await wake();
    await expect.poll(async () => (await readSecret()).data['ca.crt'], patience).toContain(data['ca.crt']);
  });

  it('are reported in metrics', async () => {
    const text = await (await fetch(`${one.sideUrl}/metrics`)).text();
    for (const { name } of Object.values(CERTIFICATE_METRICS)) expect(text).toContain(`# TYPE ${name} `);
    const { validTo } = await readLeaf(one.tlsDir);
    expect(text).toContain(`${CERTIFICATE_METRICS.leafNotAfter.name} ${Date.parse(validTo) / 1_000}\n`);
    for (const name of configurations) {
      expect(text).toContain(`${CERTIFICATE_METRICS.inSync.name}{configuration="${name}"} `);
    }
  });

  it('are served by the gate from the folder', async () => {
    const { hostname: host, port } = new URL(url);
    const ca = await readCaBundle(send, configurations[0] ?? '');
    const served = await new Promise<string | undefined>((resolve, reject) => {
      const socket = connect({ host, port: Number(port), ca }, () => {
        resolve(socket.getPeerX509Certificate()?.serialNumber);
        socket.destroy();
      });
      socket.on('error', reject);
    });
    expect(served).toBe((await readLeaf(one.tlsDir)).serialNumber);
  });

  /** Changes a configuration: otherwise no replica looks at the Secret for ten seconds. */
  const wake = () =>
    send('PATCH', pathOf(configurations[0] ?? ''), { metadata: { labels: { woken: String(Date.now()) } } }, merge);

  const secretPath = () => `/api/v1/namespaces/${namespace}/secrets/${SECRET}`;

  async function readSecret() {
    const { body } = await send('GET', secretPath());
    const { data = {}, metadata } = body as { data?: Record<string, string>; metadata: { resourceVersion: string } };
    const texts = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]);
    return { version: metadata?.resourceVersion, data: Object.fromEntries(texts) as Record<string, string> };
  }

  async function readConfiguration(name: string): Promise<StoredConfiguration> {
    return (await send('GET', pathOf(name))).body as StoredConfiguration;
  }
});

interface StoredConfiguration {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly managedFields: readonly { readonly manager: string; readonly fieldsV1: object }[];
  };
  readonly webhooks: readonly { readonly name: string; readonly clientConfig: { readonly caBundle?: string } }[];
}

async function readLeaf(folder: string): Promise<X509Certificate> {
  const loaded = await loadPair(folder);
  if (!loaded.ok) throw new Error(loaded.reason);
  return new X509Certificate(loaded.pair.certificatePem);
}
