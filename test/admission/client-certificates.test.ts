import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { writeGeneration } from '../../src/tls/files.ts';
import { type CertificatePair, issueCertificateAuthority } from '../../src/tls/issue.ts';
import { askGate, issueClientCertificate } from '../support/client-certificate.ts';
import { type Gate, startGate } from '../support/gate.ts';
import { cycle, orchestration, review } from '../support/reviews.ts';

const body = JSON.stringify(review(orchestration(cycle)));

describe('a gate that requires client certificates', () => {
  let folder: string;
  let gate: Gate;
  let authorities: readonly [CertificatePair, CertificatePair];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'client-ca-'));
    authorities = [await issueAuthority('first'), await issueAuthority('second')];
    await writeGeneration(folder, { 'ca.crt': authorities[0].certificatePem });
    gate = await startGate({ flags: [`--client-ca-dir=${folder}`] });
  });
  afterAll(async () => {
    await gate.stop();
    await rm(folder, { recursive: true });
  });

  test('answers only clients with a certificate of its authority', async () => {
    expect(await ask(issueClientCertificate(authorities[0], 'apiserver'))).toContain('"allowed":false');
    await expect(ask()).rejects.toThrow(/certificate required|ECONNRESET|socket hang up/);
    const stranger = issueClientCertificate(authorities[1], 'apiserver');
    await expect(ask(stranger)).rejects.toThrow(/unknown ca|bad certificate|ECONNRESET|socket hang up/);
  });

  test('keeps its authority if a new one cannot be read, and uses a new one that can', async () => {
    const [before, after] = authorities.map((authority) => issueClientCertificate(authority, 'apiserver'));
    const readNewLines = await gate.followLog();
    const logged = (message: string) =>
      expect.poll(async () => (await readNewLines()).map(({ msg }) => msg)).toContain(message);
    await writeGeneration(folder, { 'ca.crt': 'garbage' });
    await logged('cannot use the new client authorities, keeping the old ones');
    expect(await ask(before)).toContain('"allowed":false');
    await writeGeneration(folder, { 'ca.crt': authorities[1].certificatePem });
    await logged('serving a new certificate');
    expect(await ask(after)).toContain('"allowed":false');
    await expect(ask(before)).rejects.toThrow();
  });

  const ask = (client?: CertificatePair) => askGate(gate, body, client);
});

test('a gate without an authority for clients is not ready, and says why', async () => {
  const gate = await startGate({ flags: ['--client-ca-dir=/nowhere'], readyPath: '/livez' });
  onTestFinished(() => gate.stop());
  const readReadiness = async () => (await fetch(`${gate.sideUrl}/readyz`)).text();
  await expect.poll(readReadiness).toContain('/nowhere/ca.crt contains no certificate in PEM form');
});

function issueAuthority(commonName: string): Promise<CertificatePair> {
  return issueCertificateAuthority({ commonName, lifetimeMs: 60 * 60_000, now: new Date() });
}
