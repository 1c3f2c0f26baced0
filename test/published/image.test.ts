import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { describeNeeding } from '../support/controlplane/suite.ts';
import { useGatedNamespace } from '../support/gated.ts';
import { useReconciledNamespace } from '../support/reconciler.ts';
import { tool } from '../support/run-steps.ts';
import { programOf, unpackImages } from './artifacts.ts';

const run = promisify(execFile);
const MOST_BYTES = 150_000_000;
/** The numbers that ELF has for machines. */
const MACHINES = { amd64: 62, arm64: 183 } as const;

const folder = mkdtempSync(join(tmpdir(), 'orchestration-gate-'));
afterAll(() => rm(folder, { recursive: true }));
const images = await unpackImages(folder);
const architectures = ['amd64', 'arm64'] as const;
for (const architecture of architectures) await images.extract(architecture, join(folder, architecture));

const own = process.arch === 'arm64' ? 'arm64' : 'amd64';
const { config } = images.configOf(own);
const program = await programOf(join(folder, own), config['Entrypoint'] as string[]);

it('is an image for each architecture', () => {
  expect(images.architectures).toEqual(architectures);
});

describe.each(architectures)('the image for %s', (architecture) => {
  const rootFolder = join(folder, architecture);
  const listFiles = async () =>
    (await readdir(rootFolder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));

  it('holds one program and its libraries, all of that architecture', async () => {
    const programs = [];
    for (const file of await listFiles()) {
      const head = (await readFile(file)).subarray(0, 20);
      if (!head.subarray(1, 4).equals(Buffer.from('ELF'))) continue;
      expect({ file, machine: head.readUInt16LE(18) }).toEqual({ file, machine: MACHINES[architecture] });
      if (!/\.so(\.\d+)*$/.test(file)) programs.push(file.slice(rootFolder.length));
    }
    expect(programs).toEqual(['/usr/local/bin/node']);
  });

  it('has at most 150 MB', async () => {
    const sizes = await Promise.all((await listFiles()).map(async (file) => (await stat(file)).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MOST_BYTES);
  });

  it('runs as a user that is not root, named by a number', () => {
    expect(images.configOf(architecture).config['User']).toBe('1000:1000');
    expect(readFileSync(join(rootFolder, 'etc/passwd'), 'utf8')).toContain('node:x:1000:1000:');
  });
});

describe('the image of this machine', () => {
  it('gives all threads of Node one heap of glibc', () => {
    expect(config['Env']).toContain('MALLOC_ARENA_MAX=1');
  });

  it('starts as its user, and writes nothing', async () => {
    const [, , , , script = '', ...words] = program;
    const asUser = script.replace('exec chroot', 'exec chroot --userspec=1000:1000');
    const { stdout } = await run('unshare', ['--mount', 'sh', '-c', asUser, ...words, 'help', 'serve']);
    expect(stdout).toContain('usage: orchestration-gate serve');
  });
});

describeNeeding(['loopbackWebhooks'], 'the image as a gate', () => {
  const gated = useGatedNamespace({ program });

  it('denies a cycle', async () => {
    const steps = [tool('a', { dependsOn: ['b'] }), tool('b', { dependsOn: ['a'] })];
    const { apiVersion, kind } = { apiVersion: 'orchestration.proompteng.ai/v1alpha1', kind: 'Orchestration' };
    const object = { apiVersion, kind, metadata: { name: 'o' }, spec: { steps } };
    const { code, stderr } = await gated().kubectl(['apply', '-f', '-'], object);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('dependency cycle') });
  });
});

describe('the image as a reconciler', () => {
  const reconciled = useReconciledNamespace({ program });

  it('executes a run, and starts another engine when the first is killed', async () => {
    const { run: start, endChild, statusOf, enginePid } = reconciled();
    await start('published', { steps: [tool('a'), tool('b')] });
    await endChild('published', 'a', 'Succeeded');
    const first = await enginePid();
    process.kill(first, 'SIGKILL');
    expect(await enginePid(first)).not.toBe(first);
    await endChild('published', 'b', 'Succeeded');
    expect((await statusOf('published', ({ phase }) => phase === 'Succeeded')).phase).toBe('Succeeded');
  });
});
