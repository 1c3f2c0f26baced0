import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A temporary folder that never outlives this process, nor do the processes registered in it. */
export interface GuardedFolder {
  readonly path: string;
  /** Sub-folder with one file per running process, holding its pid. */
  readonly pids: string;
  /** Kills what is registered and removes the folder. May be called twice. */
  readonly remove: () => Promise<void>;
}

// Its standard input is a pipe that only we hold the other end of: it ends when we close it or die, even by SIGKILL.
// Renaming `pids` first keeps a process that is being started, and so is not registered yet, from going on. A killed
// process may still be writing for a moment, hence the loop.
const guardian = `
  trap '' HUP INT TERM
  read -r _
  mv "$0/pids" "$0/ended" && kill -9 $(cat "$0"/ended/*)
  until rm -rf "$0"; do sleep 0.1; done
`;

/** Makes a guarded folder under the system's temporary folder. */
export async function createGuardedFolder(): Promise<GuardedFolder> {
  const path = await mkdtemp(join(tmpdir(), 'orchestration-gate-'));
  const pids = join(path, 'pids');
  await mkdir(pids);
  // Detached: a signal to our process group, like Ctrl-C or a CI runner's kill, must not end the guardian with us.
  const child = spawn('/bin/sh', ['-c', guardian, path], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = once(child, 'exit');
  await once(child, 'spawn');
  return {
    path,
    pids,
    remove: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
