import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtempDisposable, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadPair, writeGeneration } from '../../src/tls/files.ts';
import { type CertificatePair, issueCertificateAuthority } from '../../src/tls/issue.ts';
import { updateVolume } from '../support/kubernetes-volume.ts';

const first = await issuePair();
const second = await issuePair();

describe('writing a generation', () => {
  test('creates a folder whose pair loads and whose files only the owner can read', async () => {
    await using parent = await makeFolder();
    const folder = join(parent.path, 'not', 'there', 'yet');
    await writeGeneration(folder, asFiles(first));
    expect(await loadPair(folder)).toEqual({ ok: true, pair: first });
    for (const name of ['tls.crt', 'tls.key']) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
  });

  test('replaces the files and deletes the previous generation', async () => {
    await using folder = await makeFolder();
    await writeFile(join(folder.path, 'tls.crt'), 'a plain file from elsewhere');
    await writeGeneration(folder.path, asFiles(first));
    await writeGeneration(folder.path, asFiles(second));
    expect(await readFile(join(folder.path, 'tls.crt'), 'utf8')).toBe(second.certificatePem);
    const entries = await readdir(folder.path);
    expect(entries.sort()).toEqual(['..data', expect.stringMatching(/^\.\.generation-/), 'tls.crt', 'tls.key']);
  });

  test('leaves the old files in place if it fails halfway', async () => {
    await using folder = await makeFolder();
    await writeGeneration(folder.path, asFiles(first));
    await expect(writeGeneration(folder.path, { ...asFiles(second), 'no-folder/x': '' })).rejects.toThrow('ENOENT');
    expect(await loadPair(folder.path)).toEqual({ ok: true, pair: first });
    await writeGeneration(folder.path, asFiles(second));
    expect(await loadPair(folder.path)).toEqual({ ok: true, pair: second });
  });

  test('never shows a reader a certificate with the key of another generation', async () => {
    await using folder = await makeFolder();
    await writeGeneration(folder.path, asFiles(first));
    const seen = { [first.certificatePem]: 0, [second.certificatePem]: 0 };
    let isWriting = true;
    async function readOn(): Promise<void> {
      while (isWriting) {
        const result = await loadPair(folder.path);
        if (!result.ok) throw new Error(result.reason);
        seen[result.pair.certificatePem] = (seen[result.pair.certificatePem] ?? 0) + 1;
      }
    }
    async function writeOn(): Promise<void> {
      for (let round = 0; round < 100; round++) await writeGeneration(folder.path, asFiles(round % 2 ? first : second));
      isWriting = false;
    }
    await Promise.all([writeOn(), readOn(), readOn()]).finally(() => {
      isWriting = false;
    });
    for (const times of Object.values(seen)) expect(times).toBeGreaterThan(10);
  });
});

describe('loading a pair', () => {
  test('from a mounted Secret starts again if its generation is deleted meanwhile', async () => {
    await using folder = await makeFolder();
    updateVolume(folder.path, asFiles(first));
    for (let round = 0; round < 20; round++) {
      const loading = loadPair(folder.path);
      // The generation is being resolved on another thread now. This one continues only after the volume has changed.
      updateVolume(folder.path, asFiles(round % 2 ? first : second));
      expect(await loading).toMatchObject({ ok: true });
    }
  });

  test('loads another pair by its name, also from plain files', async () => {
    await using folder = await makeFolder();
    await writeFile(join(folder.path, 'ca.crt'), first.certificatePem);
    await writeFile(join(folder.path, 'ca.key'), first.privateKeyPem);
    expect(await loadPair(folder.path, 'ca')).toEqual({ ok: true, pair: first });
  });

  const encryptedKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'secret',
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['a missing key', { 'tls.crt': first.certificatePem }, /^cannot read tls\.crt and tls\.key in .*ENOENT.*tls\.key/],
    [
      'an invalid certificate',
      asFiles({ ...first, certificatePem: 'x' }),
      /tls\.crt is not a certificate in PEM form$/,
    ],
    [
      'an empty key',
      asFiles({ ...first, privateKeyPem: '' }),
      /tls\.key is not an unencrypted private key in PEM form$/,
    ],
    [
      'an encrypted key',
      asFiles({ ...first, privateKeyPem: encryptedKey.toString() }),
      /tls\.key is not an unencrypted private key/,
    ],
    [
      "another certificate's key",
      asFiles({ ...first, privateKeyPem: second.privateKeyPem }),
      /tls\.key does not belong to .*tls\.crt/,
    ],
    [
      'a truncated chain',
      asFiles({ ...first, certificatePem: first.certificatePem + second.certificatePem.slice(0, 300) }),
      /tls\.crt holds a certificate or key that TLS does not accept$/,
    ],
  ])('rejects %s and names the file', async (_, files, reason) => {
    await using folder = await makeFolder();
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder.path, name), text);
    expect(await loadPair(folder.path)).toEqual({ ok: false, reason: expect.stringMatching(reason) });
  });

  test('rejects a folder in place of a file', async () => {
    await using folder = await makeFolder();
    await mkdir(join(folder.path, 'tls.crt'));
    await writeFile(join(folder.path, 'tls.key'), first.privateKeyPem);
    expect(await loadPair(folder.path)).toEqual({ ok: false, reason: expect.stringMatching('EISDIR') });
  });
});

function makeFolder() {
  return mkdtempDisposable(join(tmpdir(), 'files-test-'));
}

function asFiles(pair: CertificatePair): Record<string, string> {
  return { 'tls.crt': pair.certificatePem, 'tls.key': pair.privateKeyPem };
}

function issuePair(): Promise<CertificatePair> {
  return issueCertificateAuthority({ commonName: 'test', lifetimeMs: 60 * 60_000, now: new Date() });
}
