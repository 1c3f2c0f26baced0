import { existsSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A control group with a limit of memory, as a container has one. */
export interface MemoryLimit {
  /** The command that runs `command` within it. */
  wrap(command: readonly string[]): readonly string[];
  /** The most memory in use at once, in bytes, including the kernel's memory for sockets if the kernel counts that. */
  peak(): Promise<number>;
  /** How often the kernel killed a process for want of memory. */
  kills(): Promise<number>;
  /** Its processes must have ended. */
  remove(): Promise<void>;
}

const ROOT = '/sys/fs/cgroup';
const generations = [
  {
    marker: join(ROOT, 'memory/memory.limit_in_bytes'),
    parent: join(ROOT, 'memory'),
    limit: 'memory.limit_in_bytes',
    peak: 'memory.max_usage_in_bytes',
    kills: 'memory.oom_control',
  },
  {
    marker: join(ROOT, 'cgroup.controllers'),
    parent: ROOT,
    limit: 'memory.max',
    peak: 'memory.peak',
    kills: 'memory.events',
  },
] as const;

/** Undefined if this machine does not let us make one: without root, or without the memory controller. */
export async function createMemoryLimit(bytes: number): Promise<MemoryLimit | undefined> {
  const files = generations.find(({ marker }) => existsSync(marker));
  if (files === undefined) return undefined;
  const folder = join(files.parent, `orchestration-gate-${process.pid}-${Date.now()}`);
  try {
    await mkdir(folder);
    await writeFile(join(folder, files.limit), `${bytes}`);
  } catch {
    await rmdir(folder).catch(() => {});
    return undefined;
  }
  return {
    wrap: (command) => ['sh', '-c', `echo $$ > ${folder}/cgroup.procs; exec "$0" "$@"`, ...command],
    peak: async () => Number(await readFile(join(folder, files.peak), 'utf8')),
    kills: async () => Number(/^oom_kill (\d+)$/m.exec(await readFile(join(folder, files.kills), 'utf8'))?.[1]),
    remove: () => removeEmpty(folder),
  };
}

/** The kernel lets go of a process a moment after it has ended. */
async function removeEmpty(folder: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await rmdir(folder);
    } catch (error) {
      if (tries === 100) throw error;
      await delay(50);
    }
  }
}
