#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { argv, cwd, env, stderr, stdin, stdout } from 'node:process';
import { asksForHelp, guess } from './cli/arguments.ts';
import type { ClusterPorts } from './cli/cluster/port.ts';
import type { Outcome, Ports } from './cli/command.ts';
import { quoteName } from './dag/display.ts';

/** A word of the command line, loaded only when it is said. `run` gets the words behind it and gives the exit code. */
interface Verb {
  /** Without it the word is not told: a program says it, not a person. */
  readonly about?: string;
  readonly run: (args: readonly string[]) => Promise<number>;
}

const verbs: Readonly<Record<string, Verb>> = {
  serve: {
    about: 'answer admission reviews: the gate',
    run: async (args) => {
      if (asksForHelp(args)) return help((await import('./runtime/serve-configuration.ts')).SERVE_USAGE);
      await (await import('./admission/main.ts')).serve(args, process);
      return 0; // once it has begun; it ends itself
    },
  },
  reconcile: {
    about: 'execute OrchestrationRuns: the reconciler',
    run: async (args) => {
      if (asksForHelp(args)) return help((await import('./runtime/reconcile-configuration.ts')).RECONCILE_USAGE);
      (await import('./supervisor/main.ts')).reconcile(args, process);
      return 0; // once it has begun; it ends itself
    },
  },
  release: {
    about: 'let go of the AgentRuns that the reconciler holds, before it is uninstalled',
    run: async (args) => {
      if (asksForHelp(args)) return help((await import('./runtime/release-configuration.ts')).RELEASE_USAGE);
      return (await import('./release/main.ts')).release(args, process);
    },
  },
  engine: {
    run: async (args) => {
      await (await import('./engine/main.ts')).runEngine(args, process);
      return 0; // once it has begun; it ends itself
    },
  },
  lint: {
    about: 'judge Orchestrations in files by the rules of the gate',
    run: async (args) => tell(await (await import('./cli/commands/lint.ts')).lint(args, await openPorts())),
  },
  graph: {
    about: 'draw the graphs of Orchestrations as text, Mermaid, DOT or SVG',
    run: async (args) => tell(await (await import('./cli/commands/graph.ts')).graph(args, await openPorts())),
  },
  plan: {
    about: 'tell what Orchestrations in files would do, and change in a cluster',
    run: async (args) => tell(await (await import('./cli/commands/plan.ts')).plan(args, await openPorts())),
  },
  run: {
    about: 'create an OrchestrationRun, and wait for it with --wait',
    run: (args) => onCluster(async (ports) => (await import('./cli/cluster/submit.ts')).submit(args, ports)),
  },
  watch: {
    about: 'show an OrchestrationRun until it ends, and end as it did',
    run: (args) => onCluster(async (ports) => (await import('./cli/cluster/watch.ts')).watch(args, ports)),
  },
  status: {
    about: 'show where an OrchestrationRun stands',
    run: (args) => onCluster(async (ports) => (await import('./cli/cluster/status.ts')).status(args, ports)),
  },
  cancel: { about: 'end an OrchestrationRun', run: (args) => annotate('cancel', args) },
  suspend: { about: 'let an OrchestrationRun start nothing new', run: (args) => annotate('suspend', args) },
  resume: { about: 'let a suspended OrchestrationRun go on', run: (args) => annotate('resume', args) },
  ui: {
    about: 'show the Orchestrations and runs of a namespace in a browser',
    run: async (args) => (await import('./ui/main.ts')).ui(args, process),
  },
  certs: {
    about: 'make certificates for development',
    run: async (args) =>
      (await import('./cli/commands/certs.ts')).runCerts(args, {
        workingDirectory: cwd(),
        now: new Date(),
        stdout: (text) => stdout.write(text),
        stderr: (text) => stderr.write(text),
      }),
  },
};

const told = Object.keys(verbs).filter((name) => verbs[name]?.about !== undefined);

async function openPorts(): Promise<Ports> {
  const { readSources } = await import('./cli/files/sources.ts');
  const isColored = stdout.isTTY && !env['NO_COLOR'];
  return {
    readSources: (paths) => readSources(paths, stdin),
    isColored,
    withCluster: async (use) => (await import('./cli/main.ts')).withCluster(process, use),
  };
}

async function onCluster(command: (ports: ClusterPorts) => Promise<Outcome>): Promise<number> {
  return (await import('./cli/main.ts')).withCluster(process, async (ports) => tell(await command(ports)));
}

function annotate(wish: 'cancel' | 'suspend' | 'resume', args: readonly string[]): Promise<number> {
  return onCluster(async (ports) => (await import('./cli/cluster/annotate.ts')).annotate(wish, args, ports));
}

function tell({ exitCode, stdout: text, stderr: complaint }: Outcome): number {
  stdout.write(text);
  stderr.write(complaint);
  return exitCode;
}

function help(text: string): number {
  return tell({ exitCode: 0, stdout: text, stderr: '' });
}

function describeUsage(): string {
  const lines = told.map((name) => `  ${name.padEnd(10)} ${verbs[name]?.about}\n`);
  return `usage: orchestration-gate COMMAND [--help] ...\n\n${lines.join('')}\n  help COMMAND, or COMMAND --help   how it is used\n  version, --version or -v          which this is\n`;
}

async function readVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

const HELP = new Set(['help', '--help', '-h']);
const VERSION = new Set(['version', '--version', '-v']);

/** Older ones lack what is used all over; node's own complaint would name a function that it does not know. */
const OLDEST_NODE = 24;

async function main([word, ...args]: readonly string[]): Promise<number> {
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    const complaint = `orchestration-gate: this needs Node ${OLDEST_NODE} or newer, and ${process.execPath} is ${process.versions.node}\n`;
    return tell({ exitCode: 2, stdout: '', stderr: complaint });
  }
  if (HELP.has(word ?? '')) {
    const [topic = 'help'] = args;
    return HELP.has(topic) ? help(describeUsage()) : main([topic, '--help']);
  }
  if (VERSION.has(word ?? '')) return help(`${await readVersion()}\n`);
  if (word === undefined) return tell({ exitCode: 2, stdout: '', stderr: describeUsage() });
  const verb = Object.hasOwn(verbs, word) ? verbs[word] : undefined;
  if (verb !== undefined) return verb.run(args);
  const complaint = `orchestration-gate: ${quoteName(word)} is no command; ${guess(word, told)}\n`;
  return tell({ exitCode: 2, stdout: '', stderr: complaint });
}

/** A reader that has seen enough (`| head`) is no failure: what was found still decides the exit code. */
for (const stream of [stdout, stderr]) {
  stream.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code !== 'EPIPE') process.exitCode = 2;
  });
}

try {
  process.exitCode = await main(argv.slice(2));
} catch (error) {
  stderr.write(`orchestration-gate: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
