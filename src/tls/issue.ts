import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import forge from 'node-forge';
import type { Life } from './expiry.ts';

/** A certificate and its private key as PEM text. The key is PKCS #8 and not encrypted. */
export interface CertificatePair {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export interface AuthorityOptions {
  /** Subject of the authority. At most 64 characters (X.520). */
  readonly commonName: string;
  readonly lifetimeMs: number;
  readonly now: Date;
}

export interface LeafOptions {
  /** An authority from `issueCertificateAuthority`. */
  readonly authority: CertificatePair;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly lifetimeMs: number;
  readonly now: Date;
}

/**
 * 112 bits of security, which suffices until 2030 (NIST SP 800-57). 3072 bits would triple the time of each handshake.
 */
const MODULUS_LENGTH_BITS = 2048;

/**
 * The most that clocks in a cluster may differ. Kubernetes backdates the certificates that it signs by the same 5
 * minutes.
 */
const CLOCK_SKEW_MS = 5 * 60_000;

/**
 * Issues a self-signed RSA authority that can sign only leaf certificates. Keys are generated on the thread pool.
 * Signing with node-forge blocks the event loop for about 20 ms.
 */
export async function issueCertificateAuthority(options: AuthorityOptions): Promise<CertificatePair> {
  const keys = await generateRsaKeys();
  const subject = [{ name: 'commonName', value: options.commonName }];
  const certificate = draft(keys.publicKey, lifeFrom(options.now, options.lifetimeMs));
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.setExtensions([
    { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
    { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  return sign(certificate, keys.privateKey, keys.privateKey);
}

/**
 * Issues a serving certificate for the names and addresses. It does not outlive its authority. Its subject is empty,
 * because clients read only the alternative names and a Service's DNS name can exceed the 64 characters of a common
 * name. Throws a RangeError if there is no name, or if the authority has expired. Costs as much as issuing an
 * authority.
 */
export async function issueLeaf(options: LeafOptions): Promise<CertificatePair> {
  const authority = forge.pki.certificateFromPem(options.authority.certificatePem);
  const altNames = [
    ...options.dnsNames.map((value) => ({ type: 2, value })),
    ...options.ipAddresses.map((ip) => ({ type: 7, ip })),
  ];
  if (altNames.length === 0) throw new RangeError('a leaf certificate needs at least one DNS name or IP address');
  const life = lifeFrom(options.now, options.lifetimeMs, authority.validity.notAfter);

  const keys = await generateRsaKeys();
  const certificate = draft(keys.publicKey, life);
  certificate.setSubject([]);
  certificate.setIssuer(authority.subject.attributes);
  certificate.setExtensions([
    { name: 'basicConstraints', critical: true, cA: false },
    { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
    { name: 'extKeyUsage', serverAuth: true },
    { name: 'subjectAltName', critical: true, altNames },
    { name: 'subjectKeyIdentifier' },
    // If a bundle has two authorities of the same name, this shows a client which one signed.
    { name: 'authorityKeyIdentifier', keyIdentifier: authority.generateSubjectKeyIdentifier().getBytes() },
  ]);
  return sign(certificate, keys.privateKey, options.authority.privateKeyPem);
}

/**
 * Backdates the start by the clock skew, but at most by a tenth of the lifetime. Otherwise a certificate of one minute
 * would be due at once.
 */
function lifeFrom(now: Date, lifetimeMs: number, latestEnd?: Date): Life {
  const notBefore = new Date(now.getTime() - Math.min(CLOCK_SKEW_MS, lifetimeMs / 10));
  const notAfter = new Date(Math.min(now.getTime() + lifetimeMs, latestEnd?.getTime() ?? Number.POSITIVE_INFINITY));
  if (!(notAfter > now)) throw new RangeError(`a certificate from ${now.toISOString()} would already be expired`);
  return { notBefore, notAfter };
}

function draft(publicKeyPem: string, life: Life): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKeyPem);
  certificate.serialNumber = randomSerial();
  certificate.validity.notBefore = life.notBefore;
  certificate.validity.notAfter = life.notAfter;
  return certificate;
}

function sign(certificate: forge.pki.Certificate, privateKeyPem: string, signingKeyPem: string): CertificatePair {
  certificate.sign(forge.pki.privateKeyFromPem(signingKeyPem), forge.md.sha256.create());
  return { certificatePem: toUnixLines(forge.pki.certificateToPem(certificate)), privateKeyPem };
}

/**
 * 16 random bytes whose first two bits are 01, so the number is positive, has a fixed length, and has 126 random bits.
 */
function randomSerial(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes.toString('hex');
}

function toUnixLines(pem: string): string {
  return pem.replaceAll('\r\n', '\n');
}

const generateRsaKeyPair = promisify(generateKeyPair);

function generateRsaKeys(): Promise<{ publicKey: string; privateKey: string }> {
  return generateRsaKeyPair('rsa', {
    modulusLength: MODULUS_LENGTH_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}
