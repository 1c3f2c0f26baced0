import { type Certificate, fingerprintOf, isKeyOf, readBundle, writeBundle } from '../tls/certificate.ts';
import { type Authorities, type Authority, assign } from './authorities.ts';
import type { ObservedSecret } from './plan.ts';

/** The keys of the Secret. `ca.crt` is the published bundle, under the name that other tools use. */
const BUNDLE = 'ca.crt';
const ROTATION = 'rotation.json';
const SIGNING_KEY = 'signing.key';
const NEXT_KEY = 'next.key';

/** Describes the certificate at the same position in `ca.crt`. */
interface Entry {
  readonly fingerprint: string;
  readonly role: 'Signing' | 'Next' | 'Trusted';
  /** For people to read. The certificate has the same value. */
  readonly notAfter: string;
  readonly leavesUntil: string;
}

interface Rotation {
  /** For people to read. `Publishing` while there is a next authority. */
  readonly phase: 'Steady' | 'Publishing';
  readonly authorities: readonly Entry[];
}

/** Encodes authorities as the Secret's data, key to text. Null removes a key. */
export function encodeAuthorities({ trusted, signing, next }: Authorities): Readonly<Record<string, string | null>> {
  const entryOf = (authority: Authority): Entry => ({
    fingerprint: fingerprintOf(authority.certificatePem),
    role: authority === signing ? 'Signing' : authority === next ? 'Next' : 'Trusted',
    notAfter: authority.notAfter.toISOString(),
    leavesUntil: authority.leavesUntil.toISOString(),
  });
  const rotation: Rotation = { phase: next ? 'Publishing' : 'Steady', authorities: trusted.map(entryOf) };
  return {
    [BUNDLE]: writeBundle(trusted),
    [ROTATION]: `${JSON.stringify(rotation, undefined, 2)}\n`,
    [SIGNING_KEY]: signing?.privateKeyPem ?? null,
    [NEXT_KEY]: next?.privateKeyPem ?? null,
  };
}

/** Decodes the Secret's data, or says what is wrong with it. Never throws and never quotes a key. */
export function decodeAuthorities(data: Readonly<Record<string, string>>): ObservedSecret['content'] {
  const broken = (what: string) => ({ problem: `is broken: ${what}` });
  if (Object.values(data).every((text) => text === '')) return { problem: 'is empty' };
  const bundle = readBundle(data[BUNDLE] ?? '');
  const entries = readEntries(data[ROTATION] ?? '');
  if (entries === undefined) return broken(`${ROTATION} is not valid`);
  if (!isSameOrder(bundle, entries)) return broken(`${ROTATION} and ${BUNDLE} have different certificates`);

  const keys: Readonly<Record<Entry['role'], string | undefined>> = {
    Signing: data[SIGNING_KEY],
    Next: data[NEXT_KEY],
    Trusted: undefined,
  };
  const trusted = bundle.map((certificate, i): Authority => {
    const { role = 'Trusted', leavesUntil = '' } = entries[i] ?? {};
    const privateKeyPem = keys[role];
    return { ...certificate, leavesUntil: new Date(leavesUntil), ...(privateKeyPem ? { privateKeyPem } : {}) };
  });
  const [signing, ...otherSigning] = trusted.filter((_, i) => entries[i]?.role === 'Signing');
  const [next, ...otherNext] = trusted.filter((_, i) => entries[i]?.role === 'Next');
  if (otherSigning.length + otherNext.length > 0) return broken(`${ROTATION} gives one role to several certificates`);
  if (!signing && !next) return broken(`${ROTATION} names no authority that signs now or next`);
  if (signing && !hasItsKey(signing)) return broken(`${SIGNING_KEY} is not the key of the authority that signs`);
  if (next && !hasItsKey(next)) return broken(`${NEXT_KEY} is not the key of the next authority`);
  return assign(trusted, signing, next);
}

function hasItsKey({ privateKeyPem, certificatePem }: Authority): boolean {
  return privateKeyPem !== undefined && isKeyOf(privateKeyPem, certificatePem);
}

function isSameOrder(certificates: readonly Certificate[], entries: readonly Entry[]): boolean {
  return (
    certificates.length === entries.length &&
    certificates.every(({ certificatePem }, i) => fingerprintOf(certificatePem) === entries[i]?.fingerprint)
  );
}

function readEntries(text: string): readonly Entry[] | undefined {
  try {
    const { authorities } = JSON.parse(text) as Partial<Rotation>;
    return Array.isArray(authorities) && authorities.every(isEntry) ? authorities : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(value: Partial<Entry> | null): boolean {
  return (
    typeof value?.fingerprint === 'string' &&
    ['Signing', 'Next', 'Trusted'].includes(value.role ?? '') &&
    typeof value.leavesUntil === 'string' &&
    !Number.isNaN(Date.parse(value.leavesUntil))
  );
}
