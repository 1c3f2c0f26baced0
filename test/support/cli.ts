import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { withCluster } from '../../src/cli/cluster/kube-cluster.ts';
import type { Command, Ports } from '../../src/cli/command.ts';
import { approve } from '../../src/cli/commands/approve.ts';
import { audit } from '../../src/cli/commands/audit.ts';
import { cancel } from '../../src/cli/commands/cancel.ts';
import { deny } from '../../src/cli/commands/deny.ts';
import { events } from '../../src/cli/commands/events.ts';
import { lint } from '../../src/cli/commands/lint.ts';
import { list } from '../../src/cli/commands/list.ts';
import { logs } from '../../src/cli/commands/logs.ts';
import { plan } from '../../src/cli/commands/plan.ts';
import { rerun } from '../../src/cli/commands/rerun.ts';
import { resume } from '../../src/cli/commands/resume.ts';
import { run } from '../../src/cli/commands/run.ts';
import { status } from '../../src/cli/commands/status.ts';
import { suspend } from '../../src/cli/commands/suspend.ts';
import { watch } from '../../src/cli/commands/watch.ts';
import { createTiming } from '../../src/kube/ports.ts';

/** The CLI's source. */
export const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** How a run of the CLI ended, and what it printed. */
interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of the CLI that is under way. */
interface RunningCli {
  readonly ended: Promise<CliResult>;
  /** What it has written to standard output so far. */
  readonly output: () => string;
  /** What it has written to standard error so far. */
  readonly complaints: () => string;
}

/** A command that runs in this process. `leave` lets it find that the reader of its output is gone. */
interface RunningCommand extends RunningCli {
  readonly leave: () => void;
}

/** Starts the CLI as a process of its own, with pipes for its output. */
export function startCli(
  args: readonly string[],
  { env = {}, input = '' }: { readonly env?: Readonly<Record<string, string>>; readonly input?: string } = {},
): RunningCli {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  child.stdin.on('error', () => {}); // it ended without reading its input: its code says whether that is bad
  child.stdin.end(input);
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, stdout, stderr }));
  return { ended, output: () => stdout, complaints: () => stderr };
}

const commands = {
  lint,
  audit,
  plan,
  run,
  rerun,
  watch,
  status,
  list,
  logs,
  events,
  cancel,
  suspend,
  resume,
  approve,
  deny,
} as const satisfies Record<string, Command>;

/** As `startCli`, for commands that ask a cluster, inside this process: a process of its own takes a second of CPU to start. */
export function startCommand(
  verb: keyof typeof commands,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  manifest = '',
): RunningCommand {
  let isRead = true;
  let stdout = '';
  let stderr = '';
  const { schedule, now } = createTiming(() => performance.now());
  const ports: Ports = {
    environment,
    readSources: () => Promise.resolve({ sources: [{ file: 'a.yaml', text: manifest }], mistakes: [] }),
    withCluster: (choice, use) => withCluster(choice, { environment, now: Date.now, elapsed: now }, use),
    screen: {
      isInteractive: false,
      isColored: false,
      size: () => ({ columns: 80, rows: 24 }),
      write: (text) => {
        stdout += text;
      },
      drained: () => Promise.resolve(isRead),
      warn: (text) => {
        stderr += text;
      },
    },
    clock: { now: Date.now, schedule },
    newUuid: randomUUID,
  };
  const ended = commands[verb].execute(args, ports).then((outcome) => ({
    code: outcome.exitCode,
    stdout: stdout + outcome.stdout,
    stderr: stderr + outcome.stderr,
  }));
  return {
    ended,
    output: () => stdout,
    complaints: () => stderr,
    leave: () => {
      isRead = false;
    },
  };
}
