import { coversNames, isIssuedBy, readBundle } from '../tls/certificate.ts';
import { loadPair, writeGeneration } from '../tls/files.ts';
import { issueCertificateAuthority, issueLeaf } from '../tls/issue.ts';
import type { Authority } from './authorities.ts';
import type { RotationPort } from './ports.ts';

export interface IssuerOptions {
  /** The folder in which the gate reads `tls.crt` and `tls.key`. */
  readonly folder: string;
  readonly names: { readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] };
  /** Subject of new authorities, for people to read. Cut at the 64 characters that X.520 allows. */
  readonly commonName: string;
}

/** Creates the part of the rotation's port that issues certificates and stores the leaf in a folder. */
export function createIssuer(options: IssuerOptions): Pick<RotationPort, 'readLeaf' | 'writeLeaf' | 'issueAuthority'> {
  const { folder, names, commonName } = options;
  return {
    async readLeaf(trusted) {
      const loaded = await loadPair(folder);
      if (!loaded.ok) return undefined;
      const { certificatePem } = loaded.pair;
      const [leaf] = readBundle(certificatePem);
      if (leaf === undefined) return undefined;
      const issuer = trusted.find((authority) => isIssuedBy(certificatePem, authority.certificatePem));
      return { ...leaf, issuerPem: issuer?.certificatePem, coversNames: coversNames(certificatePem, names) };
    },
    async writeLeaf({ certificatePem, privateKeyPem = '' }, now, lifetimeMs) {
      const leaf = await issueLeaf({ authority: { certificatePem, privateKeyPem }, ...names, lifetimeMs, now });
      await writeGeneration(folder, { 'tls.crt': leaf.certificatePem, 'tls.key': leaf.privateKeyPem });
    },
    async issueAuthority(now, lifetimeMs): Promise<Authority> {
      const pair = await issueCertificateAuthority({ commonName: commonName.slice(0, 64), lifetimeMs, now });
      const [certificate] = readBundle(pair.certificatePem);
      if (certificate === undefined) throw new Error('node-forge made a certificate that cannot be read');
      // The authority has signed no leaf yet.
      return { ...certificate, privateKeyPem: pair.privateKeyPem, leavesUntil: certificate.notBefore };
    },
  };
}
