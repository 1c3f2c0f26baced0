import { X509Certificate } from 'node:crypto';

/** The age of a certificate. `due`: it still works, but must be replaced now. `expired`: clients reject it. */
type ExpiryState = 'fresh' | 'due' | 'expired';

/** The validity period. Both ends are inclusive. */
export interface Life {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface Expiry extends Life {
  /** After two thirds of the lifetime. The last third is for retries and alerts. */
  readonly renewAt: Date;
  readonly state: ExpiryState;
}

/**
 * Compares the first certificate of a PEM text with `now`. A certificate that is not valid yet is `due`: it was issued
 * while a clock was ahead, and a new one fixes that. Throws what `X509Certificate` throws if the text is not a
 * certificate.
 */
export function readExpiry(certificatePem: string, now: Date): Expiry {
  const certificate = new X509Certificate(certificatePem);
  return judgeLife({ notBefore: certificate.validFromDate, notAfter: certificate.validToDate }, now);
}

/** Compares a known validity period with `now`. */
export function judgeLife({ notBefore, notAfter }: Life, now: Date): Expiry {
  const renewAt = new Date(notBefore.getTime() + ((notAfter.getTime() - notBefore.getTime()) * 2) / 3);
  return { notBefore, notAfter, renewAt, state: stateAt(now, { notBefore, notAfter, renewAt }) };
}

function stateAt(now: Date, life: Omit<Expiry, 'state'>): ExpiryState {
  if (now > life.notAfter) return 'expired';
  return now < life.notBefore || now >= life.renewAt ? 'due' : 'fresh';
}
