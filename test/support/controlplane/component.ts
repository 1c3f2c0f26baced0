import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { GuardedFolder } from './folder.ts';

/** One process of a control plane; started again it has the same flags, ports and data. */
export interface Component {
  readonly name: string;
  /** The output of all its starts. */
  readonly logPath: string;
  /** Null while it does not run. */
  readonly pid: number | null;
  /** Starts it and waits until it is ready; throws with the end of its log when it dies before, or after `readySeconds`. */
  readonly start: () => Promise<void>;
  /** Sends a signal that ends it, waits until it has, and returns its exit code; null when a signal ended it or it does not run. */
  readonly kill: (signal: NodeJS.Signals) => Promise<number | null>;
}

/** What makes a component. */
export interface ComponentOptions {
  readonly name: string;
  readonly folder: GuardedFolder;
  /** Absolute path of the program, and its arguments. */
  readonly command: readonly string[];
  readonly isReady: () => Promise<boolean>;
  /** How long it may take to become ready: 60 unless given. */
  readonly readySeconds?: number;
}

const pollMilliseconds = 25;
const tailLines = 20;

/** Makes a component that is not running yet. */
export function createComponent({ name, folder, command, isReady, readySeconds = 60 }: ComponentOptions): Component {
  const logPath = join(folder.path, `${name}.log`);
  const pidFile = join(folder.pids, name);
  let child: ChildProcess | null = null;

  async function start(): Promise<void> {
    if (child !== null) throw new Error(`${name} is running already`);
    const log = await open(logPath, 'a');
    // The shell registers its pid with the guardian, sees that the guardian has not begun its work, then becomes the
    // program, so the program never runs unregistered. The environment is empty, because etcd and Kubernetes take
    // settings from theirs.
    const started = spawn('/bin/sh', ['-c', 'echo $$ > "$0" && [ -e "$0" ] && exec "$@"', pidFile, ...command], {
      cwd: folder.path,
      env: {},
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    child = started;
    started.once('exit', () => {
      child = null;
      rmSync(pidFile, { force: true }); // its pid may soon be somebody else's
    });
    await log.close();
    const deadline = performance.now() + readySeconds * 1000;
    while (!(await isReady())) {
      if (child === null)
        throw await failure(`ended (${started.signalCode ?? `exit code ${started.exitCode}`}) before it was ready`);
      if (performance.now() > deadline) throw await failure(`is not ready after ${readySeconds} s`);
      await delay(pollMilliseconds);
    }
  }

  async function kill(signal: NodeJS.Signals): Promise<number | null> {
    if (child === null) return null;
    const ended = once(child, 'exit') as Promise<[number | null]>;
    child.kill(signal);
    const [code] = await ended;
    return code;
  }

  async function failure(what: string): Promise<Error> {
    const lines = (await readFile(logPath, 'utf8')).trimEnd().split('\n');
    return new Error(`${name} ${what}; the end of its log:\n${lines.slice(-tailLines).join('\n')}`);
  }

  return {
    name,
    logPath,
    get pid() {
      return child?.pid ?? null;
    },
    start,
    kill,
  };
}
