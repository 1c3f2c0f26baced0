import { expect, test } from 'vitest';
import { readExpiry } from '../../src/tls/expiry.ts';
import { issueCertificateAuthority } from '../../src/tls/issue.ts';

const DAY_MS = 24 * 60 * 60_000;
const issuedAt = new Date('2026-03-01T00:00:00Z');
const { certificatePem } = await issueCertificateAuthority({ commonName: 'x', lifetimeMs: 30 * DAY_MS, now: issuedAt });
// From 28 February 23:55 to 31 March 00:00: 30 days and 5 minutes, two thirds of which are 20 days, 3 minutes, 20 seconds.
const renewAt = '2026-03-20T23:58:20.000Z';

test('gives the validity period and the instant at two thirds of it', () => {
  expect(readExpiry(certificatePem, issuedAt)).toEqual({
    notBefore: new Date('2026-02-28T23:55:00Z'),
    notAfter: new Date('2026-03-31T00:00:00Z'),
    renewAt: new Date(renewAt),
    state: 'fresh',
  });
});

test.each([
  ['2026-02-28T23:54:59.999Z', 'due', 'before it is valid: a clock was wrong'],
  ['2026-02-28T23:55:00.000Z', 'fresh', 'at its first instant'],
  ['2026-03-20T23:58:19.999Z', 'fresh', 'just before two thirds'],
  [renewAt, 'due', 'at two thirds'],
  ['2026-03-31T00:00:00.000Z', 'due', 'at its last instant'],
  ['2026-03-31T00:00:00.001Z', 'expired', 'after its last instant'],
])('at %s a certificate is %s (%s)', (now, state) => {
  expect(readExpiry(certificatePem, new Date(now)).state).toBe(state);
});

test('throws on a text that is not a certificate', () => {
  expect(() => readExpiry('garbage', issuedAt)).toThrow();
});
