import { expect, test } from 'vitest';
import type { Authorities, Authority } from '../../src/certificates/authorities.ts';
import { createIssuer } from '../../src/certificates/leaf.ts';
import { decodeAuthorities, encodeAuthorities } from '../../src/certificates/secret-data.ts';
import { DAY_MS } from './world.ts';

const issuer = createIssuer({ folder: '', names: { dnsNames: [], ipAddresses: [] }, commonName: 'x'.repeat(80) });
const [old, signing, next] = await Promise.all([issue(), issue(), issue()]);
const { privateKeyPem: _, ...keyless } = old;
const authorities: Authorities = { trusted: [keyless, signing, next], signing, next };
const data = withoutAbsent(encodeAuthorities(authorities));

test('encoded authorities decode with their roles and times, and an old key is removed', () => {
  expect(decodeAuthorities(data)).toEqual(authorities);
  const steady = { trusted: [old, signing], signing };
  expect(encodeAuthorities(steady)).toMatchObject({ 'next.key': null, 'signing.key': signing.privateKeyPem });
  expect(decodeAuthorities(withoutAbsent(encodeAuthorities(steady)))).toEqual({ trusted: [keyless, signing], signing });
});

test('a Secret shows people the state of a rotation', () => {
  expect(JSON.parse(data['rotation.json'] ?? '')).toMatchObject({
    phase: 'Publishing',
    authorities: [{ role: 'Trusted' }, { role: 'Signing' }, { role: 'Next' }],
  });
});

test.each<[string, Record<string, string>, RegExp]>([
  ['without anything', {}, /^is empty$/],
  ['whose keys are all empty', { 'ca.crt': '', 'signing.key': '' }, /^is empty$/],
  ['without rotation.json', omit('rotation.json'), /rotation\.json is not valid/],
  [
    'with half of rotation.json',
    { ...data, 'rotation.json': data['rotation.json']?.slice(0, 200) ?? '' },
    /rotation\.json/,
  ],
  ['with null for rotation.json', { ...data, 'rotation.json': 'null' }, /rotation\.json/],
  [
    'with half of ca.crt',
    { ...data, 'ca.crt': data['ca.crt']?.slice(0, 1_700) ?? '' },
    /rotation\.json and ca\.crt have different certificates/,
  ],
  ['without the key that signs', omit('signing.key'), /signing\.key is not the key/],
  ['with another key that signs', { ...data, 'signing.key': next.privateKeyPem ?? '' }, /signing\.key is not the key/],
  ['with garbage for the next key', { ...data, 'next.key': 'garbage' }, /next\.key is not the key/],
  ['without a signing authority', { ...data, 'rotation.json': roles('Trusted') }, /names no authority/],
  ['with only signing authorities', { ...data, 'rotation.json': roles('Signing') }, /one role to several/],
])('a Secret %s is recognized, and no key is quoted', (_case, broken, problem) => {
  const content = decodeAuthorities(broken);
  expect(content).toEqual({ problem: expect.stringMatching(problem) });
  expect(JSON.stringify(content)).not.toContain('PRIVATE KEY');
});

async function issue(): Promise<Authority> {
  const authority = await issuer.issueAuthority(new Date(), 90 * DAY_MS);
  return { ...authority, leavesUntil: new Date(authority.notBefore.getTime() + 30 * DAY_MS) };
}

function withoutAbsent(texts: Readonly<Record<string, string | null>>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== null)) as Record<string, string>;
}

function omit(key: string): Record<string, string> {
  return Object.fromEntries(Object.entries(data).filter(([name]) => name !== key));
}

function roles(role: string): string {
  return (data['rotation.json'] ?? '').replaceAll(/"role": "\w+"/g, `"role": "${role}"`);
}
