import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { type AddressInfo, isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkServerIdentity, connect, createServer, type PeerCertificate } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { type CertificatePair, issueCertificateAuthority, issueLeaf } from '../../src/tls/issue.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const now = new Date();
const commonName = 'test authority';
const authority = await issueCertificateAuthority({ commonName, lifetimeMs: 365 * DAY_MS, now });
const namesake = await issueCertificateAuthority({ commonName, lifetimeMs: 365 * DAY_MS, now });
// Longer than the 64 characters of a common name.
const serviceName = `${'gate-'.repeat(12)}x.${'namespace-'.repeat(6)}y.svc`;
const leafOptions = {
  authority,
  dnsNames: ['gate.test', serviceName],
  ipAddresses: ['127.0.0.1', '::1'],
  lifetimeMs: 30 * DAY_MS,
  now,
};
const leaf = await issueLeaf(leafOptions);
const namesakesLeaf = await issueLeaf({ ...leafOptions, authority: namesake });

describe('a TLS client', () => {
  test.each(['gate.test', serviceName, '127.0.0.1', '::1'])(
    'that trusts the authority accepts the leaf as %s',
    async (host) => {
      expect(await shakeHands(leaf, host, authority.certificatePem)).toBe('accepted');
    },
  );

  test('rejects a name that is not in the leaf', async () => {
    expect(await shakeHands(leaf, 'other.test', authority.certificatePem)).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  test('rejects a leaf of another authority with the same name', async () => {
    expect(await shakeHands(namesakesLeaf, 'gate.test', authority.certificatePem)).not.toBe('accepted');
  });

  test('that trusts a bundle of two authorities with the same name accepts the leaves of both', async () => {
    const bundle = authority.certificatePem + namesake.certificatePem;
    expect(await shakeHands(leaf, 'gate.test', bundle)).toBe('accepted');
    expect(await shakeHands(namesakesLeaf, 'gate.test', bundle)).toBe('accepted');
  });
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

test.skipIf(!hasOpenssl)('openssl verifies the chain with strict rules', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'issue-test-'));
  const bundleFile = join(folder.path, 'ca.crt');
  const leafFile = join(folder.path, 'tls.crt');
  await writeFile(bundleFile, namesake.certificatePem + authority.certificatePem);
  await writeFile(leafFile, leaf.certificatePem);
  const purpose = ['-x509_strict', '-purpose', 'sslserver', '-verify_hostname', 'gate.test'];
  expect(execFileSync('openssl', ['verify', ...purpose, '-CAfile', bundleFile, leafFile], { encoding: 'utf8' })).toBe(
    `${leafFile}: OK\n`,
  );
});

describe('a serial number', () => {
  const serials = [authority, namesake, leaf, namesakesLeaf].map((pair) => parse(pair).serialNumber);

  test('is never used twice', () => {
    expect(new Set(serials).size).toBe(serials.length);
  });

  test('is positive and 16 bytes long', () => {
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
  });
});

describe('the validity period of a certificate', () => {
  test('starts 5 minutes ago and ends after the lifetime', () => {
    expect(secondsFromNow(parse(leaf).validFromDate)).toBe(-5 * 60);
    expect(secondsFromNow(parse(leaf).validToDate)).toBe(30 * 24 * 60 * 60);
  });

  test('is backdated by at most a tenth if it is short', async () => {
    const short = await issueLeaf({ ...leafOptions, lifetimeMs: 10 * MINUTE_MS });
    expect(secondsFromNow(parse(short).validFromDate)).toBe(-60);
  });

  test('ends no later than that of the authority', async () => {
    const long = await issueLeaf({ ...leafOptions, lifetimeMs: 1_000 * DAY_MS });
    expect(parse(long).validToDate).toEqual(parse(authority).validToDate);
  });

  test('does not start under an expired authority', async () => {
    const later = new Date(now.getTime() + 366 * DAY_MS);
    await expect(issueLeaf({ ...leafOptions, now: later })).rejects.toThrow(RangeError);
  });
});

test('a leaf without a name is not issued', async () => {
  await expect(issueLeaf({ ...leafOptions, dnsNames: [], ipAddresses: [] })).rejects.toThrow(
    'at least one DNS name or IP address',
  );
});

function parse(pair: CertificatePair): X509Certificate {
  return new X509Certificate(pair.certificatePem);
}

function secondsFromNow(date: Date): number {
  // Certificates store whole seconds.
  return Math.round((date.getTime() - Math.floor(now.getTime() / 1_000) * 1_000) / 1_000);
}

/** Serves with the pair and connects as if to `host`. Resolves with 'accepted' or the client's error code. */
async function shakeHands(pair: CertificatePair, host: string, trustedPem: string): Promise<string> {
  const server = createServer({ cert: pair.certificatePem, key: pair.privateKeyPem }, (socket) => socket.end());
  server.on('tlsClientError', () => {});
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  // An address cannot be a server name, so it replaces the address of the connection.
  const asHost = isIP(host)
    ? { checkServerIdentity: (_: string, certificate: PeerCertificate) => checkServerIdentity(host, certificate) }
    : { servername: host };
  const client = connect({ host: '127.0.0.1', port, ca: trustedPem, ...asHost });
  try {
    await once(client, 'secureConnect');
    return 'accepted';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    client.destroy();
    server.close();
  }
}
