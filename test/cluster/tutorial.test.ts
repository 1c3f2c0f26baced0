import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { describeNeeding } from '../support/controlplane/suite.ts';
import { readPageCommands, runBlock, withoutTimes } from '../support/page-commands.ts';

const root = join(import.meta.dirname, '../..');

// The tests of this suite are the tutorial, in the order of the page and in a clone of what is committed here. Every command
// is run, and what the page shows of its output is what it printed.
describeNeeding(['ownControlPlane'], 'docs/tutorial.md', () => {
  vi.setConfig({ testTimeout: 240_000, hookTimeout: 600_000 }); // npm installs, and the tour is long on a busy machine
  const commands = readPageCommands(readFileSync(join(root, 'docs/tutorial.md'), 'utf8'));
  const began = performance.now();
  let folder: string;
  let env: NodeJS.ProcessEnv;
  let terminal: ChildProcess;
  let shown = '';
  /** The commands whose effect the second terminal remembers: exports, changes of the folder, and aliases. */
  let remembered: readonly string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tutorial-'));
    env = { ...inject('controlPlaneParts')?.environment, CI: '', SHELL: '/bin/bash', REPOSITORY: root, TMPDIR: folder };
    const { block = '' } = commands.shift() ?? {};
    expect(block).toContain('make run');
    terminal = spawn('script', ['-qfec', block, '/dev/null'], { cwd: folder, env });
    terminal.stdout?.setEncoding('utf8').on('data', (text: string) => {
      shown += stripVTControlCharacters(text).replaceAll('\r', '');
    });
    await vi.waitFor(() => expect(shown).toMatch(/^What the gate decides from now on/m), {
      timeout: 590_000,
      interval: 200,
    });
    remembered = /^ +export KUBECONFIG=.*\n +alias kubectl=.*$/m.exec(shown)?.[0].split('\n') ?? [];
    expect(remembered).toHaveLength(2);
  });
  afterAll(async () => {
    terminal?.kill('SIGKILL'); // this also hangs up what runs in its terminal
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
  });

  /**
   * Runs the next commands of the page, which must contain this, in the second terminal. With `patienceMs`, repeats
   * them until they print what they should.
   */
  async function runNext(containing: string, { exitCode = 0, patienceMs = 0 } = {}): Promise<string> {
    const { block, prints } = commands.shift() ?? { block: '' };
    expect(block).toContain(containing);
    const run = async () => {
      const ended = await runBlock([...remembered, block].join('\n'), { cwd: folder, env });
      const output = withoutTimes(ended.output);
      expect({ ...ended, output }).toEqual({ exitCode, output: prints === undefined ? output : withoutTimes(prints) });
      return output;
    };
    const output = await (patienceMs === 0 ? run() : vi.waitFor(run, { timeout: patienceMs, interval: 200 }));
    remembered = [...remembered, ...block.split('\n').filter((line) => /^(cd|alias) /.test(line))];
    return output;
  }

  it('builds the command line', async () => {
    await runNext('make build');
  });

  it('reports both mistakes, before the cluster and at its gate', async () => {
    await runNext('shop.yaml');
    await runNext('lint', { exitCode: 1 });
    await runNext('kubectl apply', { exitCode: 1 });
  });

  it('fixes and draws the graph', async () => {
    await runNext('sed');
    await runNext('graph');
    await runNext('kubectl apply');
  });

  it('runs until an approval is needed', async () => {
    await runNext('run shop');
    await runNext('status', { patienceMs: 60_000 });
  });

  it('fails a denied step, and names it as the cause of what was skipped', async () => {
    await runNext('deny');
    await runNext('status', { patienceMs: 60_000 });
  });

  it('continues the run to success', async () => {
    await runNext('rerun');
    await runNext('status', { patienceMs: 60_000 });
    await runNext('approve');
    expect(await runNext('watch')).toContain('shop-2 of shop: Succeeded');
  });

  it('finds a mistake in an expression, and denies a parameter', async () => {
    await runNext('delivery.yaml', { exitCode: 1 });
    await runNext('sed');
    await runNext('target=prod', { exitCode: 2 });
  });

  it('passes the value of a signal to an agent', async () => {
    await runNext('run delivery');
    await runNext('built-1');
    await runNext('status', { patienceMs: 60_000 });
    await runNext('jsonpath');
  });

  it('cleans up after a cancel', async () => {
    await runNext('target=production');
    await runNext('status', { patienceMs: 60_000 });
    await runNext('cancel');
    await runNext('status', { patienceMs: 60_000 });
    expect(commands).toEqual([]);
  });

  it('leaves nothing behind', async () => {
    const [, kubeconfig = ''] = /export KUBECONFIG=(.*)/.exec(shown) ?? [];
    expect(existsSync(kubeconfig)).toBe(true);
    const ended = once(terminal, 'close');
    terminal.stdin?.write('\u0003');
    await ended;
    expect(existsSync(kubeconfig)).toBe(false);
    console.log(`docs/tutorial.md: ${Math.round((performance.now() - began) / 1000)} s from git clone to Ctrl-C`);
  });
});
