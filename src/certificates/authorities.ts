import type { Certificate } from '../tls/certificate.ts';

/** A certificate authority that clients of the gate are told to trust. */
export interface Authority extends Certificate {
  /** PKCS #8 in PEM; absent where all that is left to do is to trust what it signed. */
  readonly privateKeyPem?: string;
  /** No leaf of this authority lives longer: raised before one is issued. It is trusted until then. */
  readonly leavesUntil: Date;
}

/** Everything the replicas share, as the Secret holds it. `signing` and `next` are among `trusted`, which is in order of age. */
export interface Authorities {
  readonly trusted: readonly Authority[];
  /** Signs leaves. Absent while the very first is still being published beside what was trusted before. */
  readonly signing?: Authority;
  /** Is being published, and will sign as soon as every API server can know it. */
  readonly next?: Authority;
}

/** The authorities with one of them changed; its role stays. */
export function replaceAuthority(authorities: Authorities, changed: Authority): Authorities {
  const isSame = ({ certificatePem }: Authority) => certificatePem === changed.certificatePem;
  const pick = (authority: Authority | undefined) => (authority && isSame(authority) ? changed : authority);
  return assign(
    authorities.trusted.map((authority) => (isSame(authority) ? changed : authority)),
    pick(authorities.signing),
    pick(authorities.next),
  );
}

/** Authorities with these roles, where undefined is nobody. */
export function assign(
  trusted: readonly Authority[],
  signing: Authority | undefined,
  next: Authority | undefined,
): Authorities {
  return { trusted, ...(signing ? { signing } : {}), ...(next ? { next } : {}) };
}
