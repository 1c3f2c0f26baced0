#!/usr/bin/env node
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { argv, env, stderr, stdin, stdout } from 'node:process';
import type { Outcome, Ports } from './cli/command.ts';
import { dispatch, listVerbs, type Verbs } from './cli/dispatch.ts';

const verbs: Verbs = {
  serve: {
    summary: 'Answer admission reviews: the gate',
    load: async () =>
      (await import('./cli/commands/serve.ts')).serveCommand(async (configuration) =>
        (await import('./admission/main.ts')).serve(configuration, process),
      ),
  },
  reconcile: {
    summary: 'Execute OrchestrationRuns: the reconciler',
    load: async () =>
      (await import('./cli/commands/reconcile.ts')).reconcileCommand(async (configuration) =>
        (await import('./supervisor/main.ts')).reconcile(configuration, process),
      ),
  },
  release: {
    summary: 'Remove the finalizer of the reconciler from AgentRuns before it is uninstalled',
    load: async () =>
      (await import('./cli/commands/release.ts')).releaseCommand(async (configuration) =>
        (await import('./release/main.ts')).release(configuration, process),
      ),
  },
  engine: {
    load: async () =>
      (await import('./cli/commands/reconcile.ts')).engineCommand(async (configuration) =>
        (await import('./engine/main.ts')).runEngine(configuration, process),
      ),
  },
  lint: {
    summary: 'Check Orchestrations and OrchestrationRuns in files by the rules of the gate',
    load: async () => (await import('./cli/commands/lint.ts')).lint,
  },
  graph: {
    summary: 'Draw the graphs of Orchestrations in files',
    load: async () => (await import('./cli/commands/graph.ts')).graph,
  },
  plan: {
    summary: 'Show what Orchestrations in files would do, and what they would change in a cluster',
    load: async () => (await import('./cli/commands/plan.ts')).plan,
  },
  audit: {
    summary: 'Check the Orchestrations that are stored in a cluster by the rules of the gate',
    load: async () => (await import('./cli/commands/audit.ts')).audit,
  },
  run: {
    summary: 'Create an OrchestrationRun, and wait for it with --wait',
    load: async () => (await import('./cli/commands/run.ts')).run,
  },
  rerun: {
    summary: 'Create an OrchestrationRun that continues a finished one',
    load: async () => (await import('./cli/commands/rerun.ts')).rerun,
  },
  watch: {
    summary: 'Show an OrchestrationRun until it ends',
    load: async () => (await import('./cli/commands/watch.ts')).watch,
  },
  list: {
    summary: 'List OrchestrationRuns or Orchestrations, the newest first',
    load: async () => (await import('./cli/commands/list.ts')).list,
  },
  status: {
    summary: 'Show an OrchestrationRun as it is now, step by step',
    load: async () => (await import('./cli/commands/status.ts')).status,
  },
  logs: {
    summary: 'Show the logs of an OrchestrationRun, or of one step',
    load: async () => (await import('./cli/commands/logs.ts')).logs,
  },
  events: {
    summary: 'Show the Events of OrchestrationRuns and of what carries out their steps',
    load: async () => (await import('./cli/commands/events.ts')).events,
  },
  cancel: {
    summary: 'Stop an OrchestrationRun for good',
    load: async () => (await import('./cli/commands/cancel.ts')).cancel,
  },
  suspend: {
    summary: 'Keep an OrchestrationRun from starting more steps',
    load: async () => (await import('./cli/commands/suspend.ts')).suspend,
  },
  resume: {
    summary: 'Let a suspended OrchestrationRun start steps again',
    load: async () => (await import('./cli/commands/resume.ts')).resume,
  },
  approve: {
    summary: 'Approve a step of an OrchestrationRun that waits for people',
    load: async () => (await import('./cli/commands/approve.ts')).approve,
  },
  deny: {
    summary: 'Deny a step of an OrchestrationRun that waits for people',
    load: async () => (await import('./cli/commands/deny.ts')).deny,
  },
  ui: {
    summary: 'Show the Orchestrations and OrchestrationRuns of a namespace in a browser',
    load: async () =>
      (await import('./cli/commands/ui.ts')).uiCommand(async (choice) =>
        (await import('./ui/main.ts')).ui(choice, process),
      ),
  },
  lsp: {
    summary: 'Serve an editor: the Language Server Protocol over standard input and output',
    load: async () =>
      (await import('./cli/commands/lsp.ts')).lspCommand(async () =>
        (await import('./lsp/main.ts')).serveOverStdio(process),
      ),
  },
  certs: {
    summary: 'Make a serving certificate for development, signed by a development CA',
    load: async () => (await import('./cli/commands/certs.ts')).certs,
  },
  completion: {
    summary: 'Print the script that completes the words of this program in a shell',
    load: async () => (await import('./cli/commands/completion.ts')).completionCommand(() => listVerbs(verbs)),
  },
};

const ports: Ports = {
  environment: env,
  readSources: async (paths) => (await import('./cli/files/sources.ts')).readSources(paths, stdin),
  withCluster: async (choice, use) => {
    const { withCluster } = await import('./cli/cluster/kube-cluster.ts');
    return withCluster(choice, { environment: env, now: Date.now, elapsed: () => performance.now() }, use);
  },
  screen: {
    isInteractive: stdout.isTTY && env['TERM'] !== 'dumb',
    isColored: stdout.isTTY && !env['NO_COLOR'],
    size: () => ({ columns: stdout.columns, rows: stdout.rows }),
    write: (text) => stdout.write(text),
    drained: async () => {
      if (stdout.writableNeedDrain && !stdout.destroyed) await once(stdout, 'drain').catch(() => {});
      return !stdout.destroyed;
    },
    warn: (text) => stderr.write(text),
  },
  clock: {
    now: Date.now,
    schedule: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  },
  newUuid: () => crypto.randomUUID(),
};

/** In the bundled program, its version. scripts/release/bundle.ts puts it here. */
declare const BUNDLED_VERSION: string | undefined;

async function readVersion(): Promise<string> {
  if (typeof BUNDLED_VERSION === 'string') return BUNDLED_VERSION;
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** The oldest version of Node that has the functions which this program and its packages call. */
const OLDEST_NODE = { major: 22, minor: 19 };

function isOldNode(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major < OLDEST_NODE.major || (major === OLDEST_NODE.major && minor < OLDEST_NODE.minor);
}

async function main(words: readonly string[]): Promise<Outcome> {
  if (!isOldNode()) return dispatch(verbs, words, { ...ports, readVersion });
  const oldest = `${OLDEST_NODE.major}.${OLDEST_NODE.minor}`;
  const complaint = `this needs Node ${oldest} or newer, and ${process.execPath} is ${process.versions.node}`;
  return { exitCode: 2, stdout: '', stderr: `orchestration-gate: ${complaint}\n` };
}

/** A reader that has seen enough (`| head`) is no failure: what was found still decides the exit code. */
for (const stream of [stdout, stderr]) {
  stream.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code !== 'EPIPE') process.exitCode = 2;
  });
}

async function run(): Promise<void> {
  try {
    const outcome = await main(argv.slice(2));
    stdout.write(outcome.stdout);
    stderr.write(outcome.stderr);
    process.exitCode = outcome.exitCode;
  } catch (error) {
    stderr.write(`orchestration-gate: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  }
}

void run();
