import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { annotate } from '../../src/cli/cluster/annotate.ts';
import type { ClusterPorts } from '../../src/cli/cluster/port.ts';
import { status } from '../../src/cli/cluster/status.ts';
import { submit } from '../../src/cli/cluster/submit.ts';
import { watch } from '../../src/cli/cluster/watch.ts';
import type { Outcome, Ports } from '../../src/cli/command.ts';
import { lint } from '../../src/cli/commands/lint.ts';
import { plan } from '../../src/cli/commands/plan.ts';
import { withCluster } from '../../src/cli/main.ts';

/** The CLI's source. */
export const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** How a run of the CLI ended, and what it said. */
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

/** Starts the CLI as a process of its own, with what it writes in pipes. */
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

type Command = (args: readonly string[], ports: ClusterPorts, manifest: string) => Promise<Outcome>;

/** A command that reads manifests, given one. */
function reading(command: (args: readonly string[], ports: Ports) => Promise<Outcome>): Command {
  return (args, ports, text) =>
    command(args, {
      isColored: false,
      readSources: () => Promise.resolve({ sources: [{ file: 'a.yaml', text }], mistakes: [] }),
      withCluster: (use) => use(ports),
    });
}

const commands = {
  lint: reading(lint),
  plan: reading(plan),
  run: submit,
  watch,
  status,
  cancel: annotate.bind(undefined, 'cancel'),
  suspend: annotate.bind(undefined, 'suspend'),
  resume: annotate.bind(undefined, 'resume'),
} as const satisfies Record<string, Command>;

/** As `startCli`, for commands that ask a cluster, inside this process: a process of its own takes a second of CPU to start. */
export function startCommand(
  verb: keyof typeof commands,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  manifest = '',
): RunningCli {
  let stdout = '';
  let stderr = '';
  const writeOut = (text: string) => {
    stdout += text;
  };
  const writeError = (text: string) => {
    stderr += text;
  };
  const surroundings = {
    env,
    stdout: { isTTY: false, columns: 80, rows: 24, write: writeOut },
    stderr: { write: writeError },
  };
  const ended = withCluster(surroundings, (ports) => commands[verb](args, ports, manifest)).then((outcome) => ({
    code: outcome.exitCode,
    stdout: stdout + outcome.stdout,
    stderr: stderr + outcome.stderr,
  }));
  return { ended, output: () => stdout, complaints: () => stderr };
}
