import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, inject, it, vi } from 'vitest';
import { describeNeeding } from '../support/controlplane/suite.ts';

describeNeeding(['ownControlPlane'], 'a control plane whose process is killed', () => {
  let temporary: string;
  let holder: ChildProcess;

  beforeEach(async () => {
    temporary = await mkdtemp(join(tmpdir(), 'holder-'));
    const parts = { ...inject('controlPlaneParts'), environment: {} };
    holder = spawn(
      process.execPath,
      [fileURLToPath(new URL('./hold-control-plane.ts', import.meta.url)), JSON.stringify(parts)],
      {
        env: { TMPDIR: temporary },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
  });
  afterEach(async () => {
    holder.kill('SIGKILL');
    await rm(temporary, { recursive: true });
  });

  async function readPids(): Promise<number[]> {
    const files = await readdir(temporary, { recursive: true });
    const registered = files.filter((file) => file.includes('/pids/'));
    const pids = await Promise.all(
      registered.map(async (file) => Number(await readFile(join(temporary, file), 'utf8'))),
    );
    return pids.filter((pid) => pid > 0); // a file may be there before its content is written
  }

  async function expectNothingLeft(pids: readonly number[]): Promise<void> {
    await vi.waitFor(async () => {
      expect(await readdir(temporary)).toEqual([]);
      expect(pids.filter(isRunning)).toEqual([]);
    }, 60_000);
  }

  it('leaves no process and no folder behind', async () => {
    await once(holder.stdout ?? holder, 'data');
    const pids = await readPids();
    expect(pids.map(isRunning)).toEqual([true, true]);
    holder.kill('SIGKILL');
    await expectNothingLeft(pids);
  });

  it('leaves nothing behind while it starts', async () => {
    const pids = await vi.waitFor(async () => {
      const started = await readPids();
      expect(started).toHaveLength(2);
      return started;
    }, 60_000);
    holder.kill('SIGKILL');
    await expectNothingLeft(pids);
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A zombie is dead, although the first process of some containers never reaps it.
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !readFileSync(stat, 'utf8').includes(') Z ');
}
