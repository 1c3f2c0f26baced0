import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Life } from './expiry.ts';

/** One certificate as PEM text that ends with a newline. The same certificate always has the same text. */
export interface Certificate extends Life {
  readonly certificatePem: string;
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Returns the certificates of a PEM text in order and without duplicates. Skips what cannot be parsed, as the API
 * server does.
 */
export function readBundle(text: string): readonly Certificate[] {
  const certificates = (text.match(PEM_CERTIFICATE) ?? []).flatMap((pem) => parse(pem) ?? []);
  const byPem = new Map(certificates.map((certificate) => [certificate.toString(), certificate]));
  return [...byPem].map(([certificatePem, { validFromDate, validToDate }]) => ({
    certificatePem,
    notBefore: validFromDate,
    notAfter: validToDate,
  }));
}

/** Joins certificates to a bundle, as in `caBundle` and `ca.crt`. */
export function writeBundle(certificates: readonly Certificate[]): string {
  return certificates.map(({ certificatePem }) => certificatePem).join('');
}

/**
 * Returns the SHA-256 of the whole certificate in hexadecimal, which is unique. Throws if the text is not a
 * certificate.
 */
export function fingerprintOf(certificatePem: string): string {
  return new X509Certificate(certificatePem).fingerprint256.replaceAll(':', '').toLowerCase();
}

/**
 * Whether the authority signed the certificate. Ignores the validity periods. Throws if either text is not a
 * certificate.
 */
export function isIssuedBy(certificatePem: string, authorityPem: string): boolean {
  const [certificate, authority] = [new X509Certificate(certificatePem), new X509Certificate(authorityPem)];
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

/**
 * Whether this private key, in PEM and not encrypted, belongs to the certificate. Throws if the latter is not a
 * certificate.
 */
export function isKeyOf(privateKeyPem: string, certificatePem: string): boolean {
  const certificate = new X509Certificate(certificatePem);
  try {
    return certificate.checkPrivateKey(createPrivateKey(privateKeyPem));
  } catch {
    return false;
  }
}

/** Whether the certificate is valid for all of these names and addresses. Throws if the text is not a certificate. */
export function coversNames(
  certificatePem: string,
  names: { readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] },
): boolean {
  const certificate = new X509Certificate(certificatePem);
  return (
    names.dnsNames.every((name) => certificate.checkHost(name) !== undefined) &&
    names.ipAddresses.every((address) => certificate.checkIP(address) !== undefined)
  );
}

function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
