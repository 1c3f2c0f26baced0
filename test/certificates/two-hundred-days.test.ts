import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createIssuer } from '../../src/certificates/leaf.ts';
import type { RotationPort } from '../../src/certificates/ports.ts';
import { createRotation } from '../../src/certificates/rotation.ts';
import type { Round } from '../../src/certificates/round.ts';
import { decodeAuthorities, encodeAuthorities } from '../../src/certificates/secret-data.ts';
import { readBundle, writeBundle } from '../../src/tls/certificate.ts';
import { loadPair } from '../../src/tls/files.ts';
import { silentLog } from '../support/timing.ts';
import { DAY_MS, MINUTE_MS, settings, silentObserver } from './world.ts';

const DAYS = 200;
const STEP_MS = DAY_MS / 2;
const SERVICE = 'gate.agents.svc';
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** The cluster is simulated in memory. The certificates and the folders are real. */
interface Played {
  nowMs: number;
  version: number;
  data: Readonly<Record<string, string>>;
  readonly caBundles: Map<string, string>;
}

interface Replica {
  readonly folder: string;
  readonly round: Round;
}

test('200 days: every leaf and authority is replaced in time, and every served leaf verifies after every step', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'days-'));
  const names = ['validating/one', 'validating/two', 'mutating/three'];
  const played: Played = {
    nowMs: Date.parse('2026-01-01T00:00:00Z'),
    version: 0,
    data: {},
    caBundles: new Map(names.map((name) => [name, ''])),
  };
  const replicas = ['a', 'b', 'c'].map((name) => startReplica(played, join(folder.path, name)));
  const seen = { leaves: new Set<string>(), authorities: new Set<string>(), bundleSizes: new Set<number>() };

  async function lookEverywhere(): Promise<void> {
    for (const { round } of replicas) {
      await round();
      await verifyAll(played, replicas, seen, folder.path);
    }
  }
  for (const end = played.nowMs + DAYS * DAY_MS; played.nowMs < end; played.nowMs += STEP_MS) {
    await lookEverywhere();
    // A rotation takes a minute, so a longer step would miss it.
    while (played.data['next.key'] !== undefined) {
      played.nowMs += MINUTE_MS / 2;
      await lookEverywhere();
    }
  }

  // An authority of 90 days is replaced after 60 days. A leaf of 30 days is replaced after 20 days, and when its
  // authority is replaced.
  expect(seen.authorities.size).toBe(4);
  expect(seen.leaves.size).toBeGreaterThanOrEqual(replicas.length * (DAYS / 20));
  expect(seen.leaves.size).toBeLessThanOrEqual(replicas.length * (DAYS / 20 + seen.authorities.size));
  // The old authority stays trusted next to the new one, and is dropped after its last leaf.
  expect(seen.bundleSizes).toEqual(new Set([1, 2]));
}, 300_000);

function startReplica(played: Played, folder: string): Replica {
  const names = { dnsNames: [SERVICE], ipAddresses: [] };
  const port: RotationPort = {
    ...createIssuer({ folder, names, commonName: 'played' }),
    readTime: () => Promise.resolve(new Date(played.nowMs)),
    isAnyGateReady: () => Promise.resolve(true),
    readSecret: () => Promise.resolve({ version: String(played.version), content: decodeAuthorities(played.data) }),
    writeSecret({ version }, authorities) {
      if (version !== String(played.version)) return Promise.resolve({ outcome: 'Outdated' });
      const texts = Object.entries(encodeAuthorities(authorities)).filter(([, text]) => text !== null);
      played.data = Object.fromEntries(texts) as Record<string, string>;
      played.version += 1;
      return Promise.resolve({ outcome: 'Done' });
    },
    readConfiguration(name) {
      const trusted = readBundle(played.caBundles.get(name) ?? '');
      return Promise.resolve({ name, version: '', writers: [], webhooks: [{ name: 'webhook', trusted }] });
    },
    publish({ name }, bundle) {
      played.caBundles.set(name, writeBundle(bundle));
      return Promise.resolve({ outcome: 'Done' });
    },
  };
  const elapsed = () => played.nowMs;
  const configurations = [...played.caBundles.keys()];
  const options = { port, configurations, settings, elapsed, log: silentLog, observer: silentObserver };
  return { folder, round: createRotation(options) };
}

/** Verifies a leaf with the bundle of each configuration, with Node and, if the leaf is new, also with OpenSSL. */
async function verifyAll(
  { nowMs, caBundles }: Played,
  replicas: readonly Replica[],
  seen: { leaves: Set<string>; authorities: Set<string>; bundleSizes: Set<number> },
  scratch: string,
): Promise<void> {
  for (const { folder } of replicas) {
    const loaded = await loadPair(folder);
    if (!loaded.ok) continue; // before its first check
    const leaf = new X509Certificate(loaded.pair.certificatePem);
    for (const caBundle of caBundles.values()) {
      const authorities = readBundle(caBundle).map(({ certificatePem }) => new X509Certificate(certificatePem));
      seen.bundleSizes.add(authorities.length);
      for (const { serialNumber } of authorities) seen.authorities.add(serialNumber);
      const issuer = authorities.find((authority) => leaf.checkIssued(authority) && leaf.verify(authority.publicKey));
      expect(issuer, `at ${new Date(nowMs).toISOString()}`).toBeDefined();
      for (const certificate of [leaf, issuer]) {
        expect(certificate?.validFromDate.getTime()).toBeLessThanOrEqual(nowMs);
        expect(certificate?.validToDate.getTime()).toBeGreaterThanOrEqual(nowMs);
      }
      expect(leaf.checkHost(SERVICE)).toBe(SERVICE);
      if (hasOpenssl && !seen.leaves.has(leaf.serialNumber)) await verifyByOpenssl(folder, caBundle, nowMs, scratch);
    }
    seen.leaves.add(leaf.serialNumber);
  }
}

async function verifyByOpenssl(folder: string, caBundle: string, nowMs: number, scratch: string): Promise<void> {
  const bundleFile = join(scratch, 'ca.crt');
  const leafFile = join(folder, 'tls.crt');
  await writeFile(bundleFile, caBundle);
  const when = ['-attime', String(Math.floor(nowMs / 1_000))];
  const rules = ['-x509_strict', '-purpose', 'sslserver', '-verify_hostname', SERVICE];
  const output = execFileSync('openssl', ['verify', ...when, ...rules, '-CAfile', bundleFile, leafFile]);
  expect(output.toString()).toBe(`${leafFile}: OK\n`);
}
