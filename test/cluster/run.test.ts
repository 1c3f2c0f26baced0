import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, inject, it, vi } from 'vitest';
import { describeNeeding, sharedCluster } from '../support/controlplane/suite.ts';

const pageUrl = /^ {2}(http:\/\/127\.0\.0\.1:\d+\/)#token=[\w-]+$/m;
const root = join(import.meta.dirname, '../..');

describeNeeding(['ownControlPlane'], 'make run', () => {
  let temporary: string;
  let child: ChildProcess;
  let output = '';

  beforeEach(async () => {
    temporary = await mkdtemp(join(tmpdir(), 'run-'));
  });
  afterEach(async () => {
    child.kill('SIGKILL');
    await rm(temporary, { recursive: true });
  });

  /** Starts a program whose files go into a temporary folder of its own. */
  function start(file: URL, cwd: string, ...flags: readonly string[]): ChildProcess {
    const { environment } = inject('controlPlaneParts') ?? {};
    const env = { ...environment, CI: '1', FORCE_COLOR: undefined, TMPDIR: temporary };
    child = spawn(process.execPath, [fileURLToPath(file), ...flags], {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    return child;
  }

  it('takes its tour step by step, and leaves nothing behind', async () => {
    const [exitCode] = await once(start(new URL('../../scripts/run.ts', import.meta.url), tmpdir()), 'close');
    expect({ exitCode, output }).toEqual({
      exitCode: 0,
      output: expect.stringMatching(/\nAll \d+ steps ended as expected\.\n$/),
    });
    expect(output).not.toContain('\u001b');
    expect(await readdir(temporary)).toEqual([]);
  }, 600_000);

  it('shows with --page where the page is, before the tour', async () => {
    start(new URL('../../scripts/run.ts', import.meta.url), tmpdir(), '--page');
    const ended = once(child, 'close');
    await vi.waitFor(() => expect(output).toContain('The CRDs are installed'), 200_000);
    expect(output.split('The CRDs are installed')[0]).toMatch(pageUrl);
    child.kill('SIGKILL');
    await ended;
    // The processes that it started end when it dies, and remove its folder.
    await vi.waitFor(async () => expect(await readdir(temporary)).toEqual([]), 60_000);
  }, 300_000);

  it('fails if a step of the tour fails, and stays up for the user until Ctrl-C', async () => {
    const ended = once(start(new URL('./hold-tour.ts', import.meta.url), root), 'close');
    const kubeconfig = await vi.waitFor(() => {
      const [, path] = /export KUBECONFIG=(.+)\n/.exec(output) ?? [];
      if (path === undefined) throw new Error(output);
      return path;
    }, 200_000);
    expect(output).toContain(
      [
        '  ✗ not as expected: lost',
        '    exit code: 0, expected 1',
        '    lines: 1, expected 2',
        '    line 1: expected nowhere',
        '    line 2: expected x',
      ].join('\n'),
    );
    const [, page = ''] = pageUrl.exec(output) ?? [];
    expect((await fetch(page)).status).toBe(200);
    const own = await sharedCluster().kubectl(['create', '-f', join(root, 'examples/rejected/dependency-cycle.yaml')], {
      kubeconfig,
    });
    expect(own).toMatchObject({ code: 1, stderr: expect.stringContaining('is invalid') });
    await vi.waitFor(
      () => expect(output).toMatch(/denied +validate CREATE Orchestration default\/release +DependencyCycle/),
      60_000,
    );
    child.kill('SIGINT');
    expect(await ended).toEqual([1, null]);
    await expect(fetch(page)).rejects.toThrow('fetch failed');
    expect(await readdir(temporary)).toEqual([]);
  }, 300_000);
});
