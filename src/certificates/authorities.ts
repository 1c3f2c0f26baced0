import type { Certificate } from '../tls/certificate.ts';

/** A certificate authority that clients of the gate trust. */
export interface Authority extends Certificate {
  /** PKCS #8 in PEM. Absent if the authority is only trusted and does not sign. */
  readonly privateKeyPem?: string;
  /**
   * No leaf of this authority is valid after this time. It is set before a leaf is issued. The authority is trusted
   * until then.
   */
  readonly leavesUntil: Date;
}

/**
 * The state that all replicas share, stored in the Secret. `trusted` contains `signing` and `next`, and is ordered by
 * age.
 */
export interface Authorities {
  readonly trusted: readonly Authority[];
  /** Signs leaves. Absent while the first authority is being published in addition to those trusted before. */
  readonly signing?: Authority;
  /** The authority that is being published. It signs as soon as every API server can know it. */
  readonly next?: Authority;
}

/** Replaces one authority with a changed version in the same role. */
export function replaceAuthority(authorities: Authorities, changed: Authority): Authorities {
  const isSame = ({ certificatePem }: Authority) => certificatePem === changed.certificatePem;
  const pick = (authority: Authority | undefined) => (authority && isSame(authority) ? changed : authority);
  return assign(
    authorities.trusted.map((authority) => (isSame(authority) ? changed : authority)),
    pick(authorities.signing),
    pick(authorities.next),
  );
}

/** Combines authorities with their roles. Undefined means that no authority has the role. */
export function assign(
  trusted: readonly Authority[],
  signing: Authority | undefined,
  next: Authority | undefined,
): Authorities {
  return { trusted, ...(signing ? { signing } : {}), ...(next ? { next } : {}) };
}
