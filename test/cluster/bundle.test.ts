import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { copyFile, mkdtempDisposable, rm } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleProgram, LAUNCHER, PROGRAM } from '../../scripts/release/bundle.ts';
import { VERSION_WORDS } from '../../src/cli/dispatch.ts';
import { PAGE_FILES, readPageFile } from '../../src/ui/files.ts';
import { describeNeeding, sharedCluster } from '../support/controlplane/suite.ts';
import { useGatedNamespace } from '../support/gated.ts';
import { useReconciledNamespace } from '../support/reconciler.ts';
import { tool } from '../support/run-steps.ts';
import { startUi } from '../support/ui.ts';

const root = join(import.meta.dirname, '../..');
const patience = { timeout: 120_000 };
// Outside the repository, where nothing but the bundle can be imported.
const folder = mkdtempSync(join(tmpdir(), 'orchestration-gate-'));
const { outputs } = await bundleProgram(root, folder);
const file = join(folder, PROGRAM);
const program = [process.execPath, file];
afterAll(() => rm(folder, { recursive: true }));

describe('the bundled program', () => {
  it('loads nothing but itself and what Node brings', () => {
    const loaded = Object.values(outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
    expect(loaded.length).toBeGreaterThan(20);
    // The sources alone call esbuild.
    expect(loaded.filter((path) => !isBuiltin(path) && path !== 'esbuild')).toEqual([]);
    expect(readFileSync(file, 'utf8')).not.toContain('"esbuild"');
  });

  it.each([LAUNCHER, PROGRAM])('as %s lints, and says its version', async (name) => {
    const run = (...words: string[]) => promisify(execFile)(process.execPath, [join(folder, name), ...words]);
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    for (const word of VERSION_WORDS) expect((await run(word)).stdout).toBe(`${version}\n`);
    expect((await run('lint', join(root, 'examples/diamond.yaml'))).stdout).toBe('no problems in 1 object\n');
    const failed = await run('lint', join(root, 'examples/rejected/dependency-cycle.yaml')).catch((error) => error);
    expect(failed).toMatchObject({ code: 1, stdout: expect.stringContaining('dependency cycle') });
  });
});

it('the launcher says the version without the program', async () => {
  await using alone = await mkdtempDisposable(join(tmpdir(), 'orchestration-gate-'));
  const launcher = join(alone.path, LAUNCHER);
  await copyFile(join(folder, LAUNCHER), launcher);
  const { stdout } = await promisify(execFile)(process.execPath, [launcher, '--version']);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

describeNeeding(['loopbackWebhooks'], 'the bundled program as a gate', () => {
  const gated = useGatedNamespace({ program });

  it('denies a cycle', async () => {
    const steps = [tool('a', { dependsOn: ['b'] }), tool('b', { dependsOn: ['a'] })];
    const kind = 'Orchestration';
    const apiVersion = 'orchestration.proompteng.ai/v1alpha1';
    const { code, stderr } = await gated().kubectl(['apply', '-f', '-'], {
      apiVersion,
      kind,
      metadata: { name: 'o' },
      spec: { steps },
    });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('dependency cycle') });
  });
});

describe('the bundled program as a reconciler', () => {
  const reconciled = useReconciledNamespace({ program });

  it('executes a run in a process of its own, and starts another one when that is killed', async () => {
    const { run, endChild, statusOf, enginePid } = reconciled();
    await run('bundled', { steps: [tool('a'), tool('b')] });
    await endChild('bundled', 'a', 'Succeeded');
    const first = await enginePid();
    process.kill(first, 'SIGKILL');
    expect(await enginePid(first)).not.toBe(first);
    await endChild('bundled', 'b', 'Succeeded');
    expect((await statusOf('bundled', ({ phase }) => phase === 'Succeeded')).phase).toBe('Succeeded');
  });
});

describe('the bundled program as the server of the page', () => {
  it('serves every file of the page', async () => {
    const { kubeconfig } = sharedCluster();
    await using ends = new AsyncDisposableStack();
    const ui = await startUi({ kubeconfig, namespace: 'default', program });
    ends.defer(ui.stop);
    for (const name of PAGE_FILES) {
      const response = await fetch(new URL(`/${name}`, ui.url), { signal: AbortSignal.timeout(patience.timeout) });
      expect({ name, type: response.headers.get('content-type'), text: await response.text() }).toEqual({
        name,
        ...(await readPageFile(name)),
      });
    }
  });
});
