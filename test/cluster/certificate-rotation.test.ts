import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import type { Authority } from '../../src/certificates/authorities.ts';
import { connectRotation } from '../../src/certificates/cluster/connect.ts';
import { createIssuer } from '../../src/certificates/leaf.ts';
import { startLoop } from '../../src/certificates/loop.ts';
import { createRotation } from '../../src/certificates/rotation.ts';
import { encodeAuthorities } from '../../src/certificates/secret-data.ts';
import { readBundle } from '../../src/tls/certificate.ts';
import { connectApi, type SendToApi } from '../support/api.ts';
import { describeNeeding, sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { applyWebhooks, type Gate, installCrds, startGate } from '../support/gate.ts';
import { orchestration } from '../support/gated.ts';
import { pathOf, readCaBundle } from '../support/idle-webhook.ts';
import { connectKube, type ObservedClient } from '../support/kube.ts';
import { type GateService, startGateService } from '../support/service.ts';
import { step } from '../support/steps.ts';
import { silentLog, systemTiming } from '../support/timing.ts';

const DAY_MS = 24 * 60 * 60_000;
/** `settleMs` is short, instead of a minute, because the API server of a test follows at once. */
const settings = { leafLifetimeMs: 30 * DAY_MS, authorityLifetimeMs: 365 * DAY_MS, settleMs: 2_000 };
const observer = { setAuthorityEnd() {}, setLeafEnd() {}, setInSync() {}, countIssued() {}, countFailure() {} };
const patience = { timeout: 120_000, interval: 50 };
/** Many processes start, on a machine that may be busy. */
const slowly = 180_000;
const SECRET = 'rotated';

describeNeeding(['loopbackWebhooks'], 'an authority that is due', () => {
  const cluster = sharedCluster();
  const namespace = useNamespace();
  let send: SendToApi;
  let client: ObservedClient;
  let gates: readonly Gate[] = [];
  let service: GateService;
  let configurations: readonly string[] = [];

  beforeAll(async () => {
    await installCrds(cluster, 'agents');
    send = connectApi(cluster);
    client = connectKube(cluster.kubeconfig);
    gates = await Promise.all([startGate(), startGate()]);
    service = await startGateService(gates);
    const items = await applyWebhooks(cluster, service.url, { release: 'rotated', namespaces: [namespace] });
    configurations = items.map(
      ({ kind, metadata }) => `${kind.replace('WebhookConfiguration', '').toLowerCase()}/${metadata.name}`,
    );
  }, slowly);
  afterAll(async () => {
    for (const name of configurations) await send('DELETE', pathOf(name));
    service?.close();
    await client?.close();
    await Promise.all(gates.map((gate) => gate.stop()));
  });

  it(
    'is replaced while eight workers create and every new connection is verified: nothing ever fails',
    async () => {
      const old = await beginOld();
      const failures: unknown[] = [];
      let isRotating = true;
      const counts = { creates: 0, connections: 0 };

      async function create(worker: number): Promise<void> {
        while (isRotating) {
          const object = orchestration(`worker-${worker}-${counts.creates++}`, [step('a'), step('b')]);
          const { status, body } = await send('POST', objectsPath(), object);
          if (status !== 201) failures.push(body);
        }
      }
      /** Connects to the gates, as an API server does that knows one of the configurations as it is now. */
      async function verify(): Promise<void> {
        for (let turn = 0; isRotating; turn++) {
          const ca = await readCaBundle(send, configurations[turn % configurations.length] ?? '');
          await shakeHands(gates[turn % gates.length] as Gate, ca).catch((error: unknown) => failures.push(error));
          counts.connections += 1;
        }
      }

      const working = [...Array(8).keys()].map(create).concat(verify());
      const loops = gates.map((gate) => startReplica(gate.folders.tls));
      onTestFinished(() => Promise.all(loops.map((loop) => loop.stop())).then(() => {}));
      await vi.waitUntil(
        async () => (await servedIssuers()).every((issuer) => issuer !== old.certificatePem),
        patience,
      );
      const createsAtSwitch = counts.creates;
      await vi.waitUntil(() => counts.creates > createsAtSwitch + 50, patience);
      isRotating = false;
      await Promise.all(working);

      expect(failures).toEqual([]);
      expect(counts.connections).toBeGreaterThan(10);
      console.log(`rotated during ${counts.creates} creates and ${counts.connections} verified connections`);
      // The old authority stays trusted, for leaves of other replicas. Both replicas made one new authority, not two.
      for (const name of configurations) {
        const trusted = readBundle(await readCaBundle(send, name)).map(({ certificatePem }) => certificatePem);
        expect(trusted).toHaveLength(2);
        expect(trusted[0]).toBe(old.certificatePem);
        expect(await servedIssuers()).toEqual([trusted[1], trusted[1]]);
      }
    },
    slowly,
  );

  /** Makes an old state: an authority past two thirds of its year, trusted everywhere, and its leaves at both gates. */
  async function beginOld(): Promise<Authority> {
    const now = new Date();
    const issuer = createIssuer({ folder: '', names: { dnsNames: [], ipAddresses: [] }, commonName: 'old' });
    const made = await issuer.issueAuthority(new Date(now.getTime() - 250 * DAY_MS), settings.authorityLifetimeMs);
    const old = { ...made, leavesUntil: new Date(now.getTime() + settings.leafLifetimeMs) };
    const texts = Object.entries(encodeAuthorities({ trusted: [old], signing: old }));
    const stringData = Object.fromEntries(texts.filter(([, text]) => text !== null));
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: SECRET }, stringData };
    await send('POST', `/api/v1/namespaces/${namespace}/secrets`, secret);
    const rotation = connectRotation(client, { namespace, name: SECRET });
    for (const name of configurations) {
      const seen = await rotation.readConfiguration(name);
      if (seen) await rotation.publish(seen, [old]);
    }
    for (const { folders } of gates) await issuerFor(folders.tls).writeLeaf(old, now, settings.leafLifetimeMs);
    await vi.waitUntil(async () => (await servedIssuers()).every((issuer) => issuer === old.certificatePem), patience);
    // The API server follows the configurations with a lag, too.
    const probe = orchestration('probe', [step('a')]);
    await vi.waitUntil(async () => (await send('POST', objectsPath(), probe)).status === 201, patience);
    return old;
  }

  function startReplica(folder: string) {
    const port = {
      ...connectRotation(client, { namespace, name: SECRET }),
      ...issuerFor(folder),
      readTime: () => Promise.resolve(new Date()),
      isAnyGateReady: () => Promise.resolve(true),
    };
    const elapsed = () => performance.now();
    const round = createRotation({ port, configurations, settings, elapsed, log: silentLog, observer });
    return startLoop({ round, schedule: systemTiming.schedule, intervalMs: 500 });
  }

  /** For each gate, the trusted authority that signed the certificate that it serves now. */
  function servedIssuers(): Promise<(string | undefined)[]> {
    return Promise.all(
      gates.map(async (gate) => {
        for (const { certificatePem } of readBundle(await readCaBundle(send, configurations[0] ?? ''))) {
          const isVerified = await shakeHands(gate, certificatePem).then(
            () => true,
            () => false,
          );
          if (isVerified) return certificatePem;
        }
        return undefined;
      }),
    );
  }

  const objectsPath = () => `/apis/orchestration.proompteng.ai/v1alpha1/namespaces/${namespace}/orchestrations`;
});

function issuerFor(folder: string) {
  return createIssuer({ folder, names: { dnsNames: [], ipAddresses: ['127.0.0.1'] }, commonName: 'rotated' });
}

/** Opens a new connection to a gate as a client that trusts `ca`; rejects if the gate's certificate does not verify. */
async function shakeHands(gate: Gate, ca: string): Promise<void> {
  const { hostname: host, port } = new URL(gate.url);
  const socket = connect({ host, port: Number(port), ca });
  await once(socket, 'secureConnect');
  socket.destroy();
}
