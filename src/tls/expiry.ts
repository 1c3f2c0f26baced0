import { X509Certificate } from 'node:crypto';

/** Where in its life a certificate is. `due`: replace it now, it still works. `expired`: clients refuse it. */
type ExpiryState = 'fresh' | 'due' | 'expired';

/** Both ends included. */
export interface Life {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface Expiry extends Life {
  /** Two thirds of its life: a third is left to try again and to raise an alarm. */
  readonly renewAt: Date;
  readonly state: ExpiryState;
}

/**
 * Judges the first certificate of a PEM text against the wall clock. One whose life has not begun is `due`: it was made
 * while a clock ran ahead, and a new one mends that. Throws what `X509Certificate` throws when the text is not a certificate.
 */
export function readExpiry(certificatePem: string, now: Date): Expiry {
  const certificate = new X509Certificate(certificatePem);
  return judgeLife({ notBefore: certificate.validFromDate, notAfter: certificate.validToDate }, now);
}

/** Judges a life that is known already. */
export function judgeLife({ notBefore, notAfter }: Life, now: Date): Expiry {
  const renewAt = new Date(notBefore.getTime() + ((notAfter.getTime() - notBefore.getTime()) * 2) / 3);
  return { notBefore, notAfter, renewAt, state: stateAt(now, { notBefore, notAfter, renewAt }) };
}

function stateAt(now: Date, life: Omit<Expiry, 'state'>): ExpiryState {
  if (now > life.notAfter) return 'expired';
  return now < life.notBefore || now >= life.renewAt ? 'due' : 'fresh';
}
