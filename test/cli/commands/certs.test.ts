import { X509Certificate } from 'node:crypto';
import { mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { certs } from '../../../src/cli/commands/certs.ts';
import { loadPair } from '../../../src/tls/files.ts';
import { portsOf } from '../run-command.ts';

const DAY_MS = 24 * 60 * 60_000;
const now = new Date();

test('makes a certificate for this machine that its authority vouches for', async () => {
  const { run, parent } = await start();
  expect(await run([])).toMatchObject({ code: 0, stderr: '' });
  const folder = join(parent, 'certs');
  expect(await loadPair(folder)).toMatchObject({ ok: true });
  const [leaf, authority] = [await readCertificate(folder, 'tls.crt'), await readCertificate(folder, 'ca.crt')];
  expect(leaf.checkIssued(authority) && leaf.verify(authority.publicKey)).toBe(true);
  expect(leaf.checkHost('localhost')).toBe('localhost');
  for (const address of ['127.0.0.1', '::1']) expect(leaf.checkIP(address)).toBe(address);
  expect(daysFromNow(leaf.validToDate)).toBe(30);
});

test('adds names and addresses, and takes days', async () => {
  const { run, parent } = await start();
  const args = ['--dns-name', 'gate.test', '--dns-name', '*.dev.test', '--ip=192.0.2.7', '--days', '7'];
  const { code, stdout } = await run(args);
  expect(code).toBe(0);
  expect(stdout).toContain(
    `${join(parent, 'certs')}: a certificate for localhost, gate.test, *.dev.test, 127.0.0.1, ::1, 192.0.2.7`,
  );
  const leaf = await readCertificate(join(parent, 'certs'), 'tls.crt');
  expect(leaf.checkHost('gate.test')).toBe('gate.test');
  expect(leaf.checkHost('x.dev.test')).toBe('*.dev.test');
  expect(leaf.checkIP('192.0.2.7')).toBe('192.0.2.7');
  expect(daysFromNow(leaf.validToDate)).toBe(7);
});

test('keeps an authority as long as it is fresh, and makes the leaf anew', async () => {
  const { run, parent } = await start();
  const folder = join(parent, 'certs');
  await run([]);
  const [leaf, authority] = [await readCertificate(folder, 'tls.crt'), await readCertificate(folder, 'ca.crt')];
  expect((await run([])).stdout).toContain('ca.crt, ca.key: kept');
  expect((await readCertificate(folder, 'ca.crt')).serialNumber).toBe(authority.serialNumber);
  expect((await readCertificate(folder, 'tls.crt')).serialNumber).not.toBe(leaf.serialNumber);

  const later = new Date(now.getTime() + 300 * DAY_MS);
  expect((await run([], later)).stdout).toContain('ca.crt, ca.key: new');
  expect((await readCertificate(folder, 'ca.crt')).serialNumber).not.toBe(authority.serialNumber);
});

test('reports all mistakes at once, and writes nothing', async () => {
  const { run, parent } = await start();
  const args = [
    '--dns-name',
    'a_b',
    '--dns-name=',
    '--ip',
    'localhost',
    '--days',
    '0',
    '--nope',
    '--out',
    'twice',
    'x',
  ];
  expect(await run(args)).toEqual({
    code: 2,
    stdout: '',
    stderr: [
      'certs: --nope is not known; there are --out, --dns-name, --ip, --days',
      'certs: --out is given more than once',
      'certs: --dns-name is "a_b"; expected a DNS name, whose first label may be *',
      'certs: --dns-name is empty; give it a value, or leave it out',
      'certs: --ip is "localhost"; expected an IP address',
      'certs: --days is "0"; expected a whole number from 1 to 365',
      'certs: the argument "x" is unexpected',
      'See orchestration-gate certs --help.',
      '',
    ].join('\n'),
  });
  expect(await readdir(parent)).toEqual([]);
});

test('says so if no folder can be made, and does not try for ever', async () => {
  expect(await certs.execute(['--out', '/proc/certs'], portsOf())).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/^certs: cannot make certificates in \/proc\/certs: ENOENT[^\n]*\n$/),
  });
});

test('says so when the folder cannot be written', async () => {
  const { run, parent } = await start();
  await writeFile(join(parent, 'certs'), 'a file in the way');
  const { code, stderr } = await run([]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^certs: cannot make certificates in .*certs: EEXIST[^\n]*\n$/);
});

async function start() {
  const folder = await mkdtempDisposable(join(tmpdir(), 'certs-test-'));
  onTestFinished(() => folder.remove());
  async function run(args: readonly string[], at = now) {
    const ports = portsOf({ clock: { now: () => at.getTime(), schedule: () => () => {} } });
    const { exitCode: code, ...rest } = await certs.execute(['--out', join(folder.path, 'certs'), ...args], ports);
    return { code, ...rest };
  }
  return { parent: folder.path, run };
}

async function readCertificate(folder: string, name: string): Promise<X509Certificate> {
  return new X509Certificate(await readFile(join(folder, name)));
}

function daysFromNow(date: Date): number {
  return Math.round((date.getTime() - now.getTime()) / DAY_MS);
}
