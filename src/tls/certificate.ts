import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Life } from './expiry.ts';

/** One certificate of a text, in PEM with a line end behind it, spelt alike wherever it was read. */
export interface Certificate extends Life {
  readonly certificatePem: string;
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM text in their order, each once; what cannot be read is passed over, as the API server does. */
export function readBundle(text: string): readonly Certificate[] {
  const certificates = (text.match(PEM_CERTIFICATE) ?? []).flatMap((pem) => parse(pem) ?? []);
  const byPem = new Map(certificates.map((certificate) => [certificate.toString(), certificate]));
  return [...byPem].map(([certificatePem, { validFromDate, validToDate }]) => ({
    certificatePem,
    notBefore: validFromDate,
    notAfter: validToDate,
  }));
}

/** The bundle of these certificates, as `caBundle` and `ca.crt` hold it. */
export function writeBundle(certificates: readonly Certificate[]): string {
  return certificates.map(({ certificatePem }) => certificatePem).join('');
}

/** SHA-256 of the whole certificate, in hexadecimal: no two certificates share it. Throws when it is none. */
export function fingerprintOf(certificatePem: string): string {
  return new X509Certificate(certificatePem).fingerprint256.replaceAll(':', '').toLowerCase();
}

/** Whether the authority signed the certificate; neither's life is looked at. Throws when one is not a certificate. */
export function isIssuedBy(certificatePem: string, authorityPem: string): boolean {
  const [certificate, authority] = [new X509Certificate(certificatePem), new X509Certificate(authorityPem)];
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

/** Whether this is the private key, in PEM and not encrypted, of that certificate. Throws when the latter is none. */
export function isKeyOf(privateKeyPem: string, certificatePem: string): boolean {
  const certificate = new X509Certificate(certificatePem);
  try {
    return certificate.checkPrivateKey(createPrivateKey(privateKeyPem));
  } catch {
    return false;
  }
}

/** Whether a client that connects by any of these names or addresses finds it. Throws when it is not a certificate. */
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
