#!/usr/bin/env node
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { argv, env, stderr, stdin, stdout } from 'node:process';
import type { Outcome, Ports } from './cli/command.ts';
import { dispatch, listVerbs, type Verbs } from './cli/dispatch.ts';

/** The headings of the help, in the order in which the help shows them. */
const FILES = 'Files';
const RUNS = 'Runs, which are OrchestrationRuns';
const OPERATION = 'Operation';
const SETUP = 'Setup';

const verbs: Verbs = {
  lint: {
    area: FILES,
    summary: 'Check Orchestrations and runs in files by the rules of the gate',
    load: async () => (await import('./cli/commands/lint.ts')).lint,
  },
  graph: {
    area: FILES,
    summary: 'Draw the graphs of Orchestrations in files',
    load: async () => (await import('./cli/commands/graph.ts')).graph,
  },
  plan: {
    area: FILES,
    summary: 'Show what a run of an Orchestration in a file would do',
    load: async () => (await import('./cli/commands/plan.ts')).plan,
  },
  run: {
    area: RUNS,
    summary: 'Start a run of an Orchestration; with --wait, follow it to its end',
    load: async () => (await import('./cli/commands/run.ts')).run,
  },
  rerun: {
    area: RUNS,
    summary: 'Continue a finished run in a new one',
    load: async () => (await import('./cli/commands/rerun.ts')).rerun,
  },
  list: {
    area: RUNS,
    summary: 'List runs or Orchestrations, the newest first',
    load: async () => (await import('./cli/commands/list.ts')).list,
  },
  watch: {
    area: RUNS,
    summary: 'Follow runs until they end',
    load: async () => (await import('./cli/commands/watch.ts')).watch,
  },
  status: {
    area: RUNS,
    summary: 'Show the state of a run and of each of its steps',
    load: async () => (await import('./cli/commands/status.ts')).status,
  },
  logs: {
    area: RUNS,
    summary: 'Show the logs of a run, or of one of its steps',
    load: async () => (await import('./cli/commands/logs.ts')).logs,
  },
  events: {
    area: RUNS,
    summary: 'Show the Events of runs, and of the objects that execute their steps',
    load: async () => (await import('./cli/commands/events.ts')).events,
  },
  approve: {
    area: RUNS,
    summary: 'Approve a step that waits for people',
    load: async () => (await import('./cli/commands/approve.ts')).approve,
  },
  deny: {
    area: RUNS,
    summary: 'Deny a step that waits for people',
    load: async () => (await import('./cli/commands/deny.ts')).deny,
  },
  suspend: {
    area: RUNS,
    summary: 'Suspend runs: no step starts until you resume them',
    load: async () => (await import('./cli/commands/suspend.ts')).suspend,
  },
  resume: {
    area: RUNS,
    summary: 'Resume suspended runs',
    load: async () => (await import('./cli/commands/resume.ts')).resume,
  },
  cancel: {
    area: RUNS,
    summary: 'Cancel runs',
    load: async () => (await import('./cli/commands/cancel.ts')).cancel,
  },
  ui: {
    area: RUNS,
    summary: 'Show the Orchestrations and runs of a namespace in a browser',
    load: async () =>
      (await import('./cli/commands/ui.ts')).uiCommand(async (choice) =>
        (await import('./ui/main.ts')).ui(choice, process),
      ),
  },
  audit: {
    area: OPERATION,
    summary: 'Check the Orchestrations in a cluster by the rules of the gate',
    load: async () => (await import('./cli/commands/audit.ts')).audit,
  },
  serve: {
    area: OPERATION,
    summary: 'Run the gate, which answers admission reviews',
    load: async () =>
      (await import('./cli/commands/serve.ts')).serveCommand(async (configuration) =>
        (await import('./admission/main.ts')).serve(configuration, process),
      ),
  },
  reconcile: {
    area: OPERATION,
    summary: 'Run the reconciler, which executes OrchestrationRuns',
    load: async () =>
      (await import('./cli/commands/reconcile.ts')).reconcileCommand(async (configuration) =>
        (await import('./supervisor/main.ts')).reconcile(configuration, process),
      ),
  },
  release: {
    area: OPERATION,
    summary: 'Remove the finalizer of the reconciler from AgentRuns, before an uninstall',
    load: async () =>
      (await import('./cli/commands/release.ts')).releaseCommand(async (configuration) =>
        (await import('./release/main.ts')).release(configuration, process),
      ),
  },
  completion: {
    area: SETUP,
    summary: 'Print a script for your shell that completes commands and flags',
    load: async () => (await import('./cli/commands/completion.ts')).completionCommand(() => listVerbs(verbs)),
  },
  lsp: {
    area: SETUP,
    summary: 'Serve an editor by the Language Server Protocol',
    load: async () =>
      (await import('./cli/commands/lsp.ts')).lspCommand(async () =>
        (await import('./lsp/main.ts')).serveOverStdio(process),
      ),
  },
  certs: {
    area: SETUP,
    summary: 'Make a serving certificate for development, signed by a development CA',
    load: async () => (await import('./cli/commands/certs.ts')).certs,
  },
  engine: {
    load: async () =>
      (await import('./cli/commands/reconcile.ts')).engineCommand(async (configuration) =>
        (await import('./engine/main.ts')).runEngine(configuration, process),
      ),
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

/** The version of the bundled program, which scripts/release/bundle.ts puts here. */
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

/** If the reader closes the pipe (`| head`), that is not a failure: the outcome still decides the exit code. */
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
