import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import forge from 'node-forge';
import type { CertificatePair } from '../../src/tls/issue.ts';
import type { Gate } from './gate.ts';

/** A certificate with which a client, such as an API server, proves who it is. It is valid for an hour. */
export function issueClientCertificate(authority: CertificatePair, commonName: string): CertificatePair {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey.export({ type: 'spki', format: 'pem' }).toString());
  certificate.serialNumber = `40${randomBytes(8).toString('hex')}`;
  certificate.validity.notBefore = new Date(Date.now() - 60_000);
  certificate.validity.notAfter = new Date(Date.now() + 60 * 60_000);
  certificate.setSubject([{ name: 'commonName', value: commonName }]);
  certificate.setIssuer(forge.pki.certificateFromPem(authority.certificatePem).subject.attributes);
  certificate.setExtensions([
    { name: 'keyUsage', critical: true, digitalSignature: true },
    { name: 'extKeyUsage', clientAuth: true },
  ]);
  certificate.sign(forge.pki.privateKeyFromPem(authority.privateKeyPem), forge.md.sha256.create());
  const privateKeyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { certificatePem: forge.pki.certificateToPem(certificate), privateKeyPem };
}

/** Posts a review over its own connection, with this certificate or none; rejects if the gate does not serve it. */
export function askGate(gate: Gate, body: string, client?: CertificatePair): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const sent = request(`${gate.url}/validate`, {
    method: 'POST',
    ca: gate.caPem,
    agent: false,
    headers: { 'content-type': 'application/json' },
    ...(client && { cert: client.certificatePem, key: client.privateKeyPem }),
  });
  sent.on('response', (reply) => void text(reply).then(resolve, reject)).on('error', reject);
  sent.end(body);
  return promise;
}
