import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { describeNeeding, sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { type Gate, installCrds, installWebhooks, startGate, type Webhooks } from '../support/gate.ts';
import { connectGated, orchestration } from '../support/gated.ts';
import { type GateService, startGateService } from '../support/service.ts';
import { step } from '../support/steps.ts';

const leastApplies = 500;
const workers = [...Array(20).keys()];
/** Objects of each worker: its first applies create them, the others change them. */
const objects = 25;
/** Long enough for the service to notice; 15 s in a cluster, where that takes longer. */
const drain = '--drain-seconds=3';
const patience = { timeout: 120_000 };

describeNeeding(['loopbackWebhooks'], 'two gates behind one address', () => {
  const cluster = sharedCluster();
  const namespace = useNamespace();
  let one: Gate;
  let other: Gate;
  let service: GateService;
  let webhooks: Webhooks;

  beforeAll(async () => {
    await installCrds(cluster, 'agents');
    one = await startGate({ flags: [drain] });
    other = await startGate({ flags: [drain, `--tls-dir=${one.folders.tls}`] });
    service = await startGateService([one, other]);
    const both = { ...one, url: service.url, followLog: followLogs };
    webhooks = await installWebhooks(cluster, both, { release: 'gate', namespaces: [namespace] });
  });
  afterAll(async () => {
    await webhooks?.remove();
    service?.close();
    await Promise.all([one?.stop(), other?.stop()]);
  });

  async function followLogs() {
    const readers = await Promise.all([one.followLog(), other.followLog()]);
    return async () => (await Promise.all(readers.map((read) => read()))).flat();
  }

  it('answer every apply while each is restarted and their certificate is replaced', async () => {
    const serialBefore = await readServedSerial(one);
    const pidsBefore = [one.process.pid, other.process.pid];
    const { applies, failures } = await applyDuring(async () => {
      await restart(one);
      await one.renewCertificate();
      await restart(other);
    });
    expect(failures).toEqual([]);
    expect(applies).toBeGreaterThanOrEqual(leastApplies);

    const { serialNumber } = new X509Certificate(await readFile(join(one.folders.tls, 'tls.crt')));
    expect(serialNumber).not.toBe(serialBefore);
    for (const gate of [one, other]) {
      expect(await readServedSerial(gate)).toBe(serialNumber);
      expect(pidsBefore).not.toContain(gate.process.pid);
      expect((await gate.readLog()).filter(({ level }) => level === 'error')).toEqual([]);
    }
  });

  it('end although a connection is open on which nothing was ever asked', async () => {
    const socket = await openConnection(one);
    const askedAt = performance.now();
    await one.process.kill('SIGTERM');
    expect(performance.now() - askedAt).toBeLessThan(20_000); // of the 30 s that a pod is given
    socket.destroy();
  });

  async function restart(gate: Gate): Promise<void> {
    const ended = gate.process.kill('SIGTERM');
    await vi.waitUntil(() => !service.isServedBy(gate), patience);
    expect(gate.process.pid).not.toBeNull(); // new connections no longer reach it, but open ones still do
    await ended;
    await gate.process.start();
    await vi.waitUntil(() => service.isServedBy(gate), patience);
  }

  async function readServedSerial(gate: Gate): Promise<string | undefined> {
    const socket = await openConnection(gate);
    const serial = socket.getPeerX509Certificate()?.serialNumber;
    socket.destroy();
    return serial;
  }

  async function openConnection({ url }: Gate): Promise<TLSSocket> {
    const { hostname: host, port } = new URL(url);
    const socket = connect({ host, port: Number(port), ca: one.caPem });
    await once(socket, 'secureConnect');
    return socket;
  }

  /** Applies good and broken graphs until `interrupt` is done; `failures` are the answers that are not as they should be. */
  async function applyDuring(interrupt: () => Promise<void>) {
    const { send, pathOf, kubectl } = connectGated(cluster, namespace, one);
    const failures: object[] = [];
    let applies = 0;
    let isInterrupting = true;

    /** A graph that was never applied before, every fourth one broken. */
    function makeApply(name: string) {
      applies += 1;
      const second = `build-${applies}`;
      const isBroken = applies % 4 === 0;
      const steps = isBroken ? [step('fetch', second), step(second, 'fetch')] : [step('fetch'), step(second)];
      return { name, isBroken, manifest: orchestration(name, steps) };
    }

    async function applyByApi(worker: number): Promise<void> {
      for (let turn = 0; isInterrupting || applies < leastApplies; turn += 1) {
        const { name, isBroken, manifest } = makeApply(`worker-${worker}-${turn % objects}`);
        const path = `${pathOf(name)}?fieldManager=test`;
        const answer = await send('PATCH', path, manifest, 'application/apply-patch+yaml');
        const { spec, details } = answer.body as Answered;
        const isRight = isBroken
          ? details?.causes?.[0]?.reason === 'DependencyCycle'
          : spec?.steps[1]?.dependsOn?.[0] === 'fetch';
        if (!isRight) failures.push({ isBroken, ...answer });
      }
    }

    async function applyByKubectl(): Promise<void> {
      while (isInterrupting) {
        const { isBroken, manifest } = makeApply('kubectl');
        const { code, stderr } = await kubectl(['apply', '-f', '-'], manifest);
        const isRight = isBroken ? stderr.includes('dependency cycle') : code === 0;
        if (!isRight) failures.push({ isBroken, code, stderr });
      }
    }

    const interruption = interrupt().finally(() => {
      isInterrupting = false;
    });
    await Promise.all([interruption, applyByKubectl(), ...workers.map(applyByApi)]);
    return { applies, failures };
  }
});

/** The parts of an Orchestration and of a refusal that are looked at. */
interface Answered {
  readonly spec?: { readonly steps: readonly { readonly dependsOn?: readonly string[] }[] };
  readonly details?: { readonly causes?: readonly { readonly reason: string }[] };
}
