import { spawnSync } from 'node:child_process';
import { mkdtemp, mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveBinaries } from '../test/support/controlplane/binaries.ts';
import { type ControlPlane, startControlPlane } from '../test/support/controlplane/controlplane.ts';
import { readSettings } from '../test/support/controlplane/settings.ts';
import { resolveTools } from '../test/support/controlplane/tools.ts';
import { installCrds } from '../test/support/gate.ts';
import type { Budget, Row } from './table.ts';
import { type Effort, median, type Section } from './turns.ts';

const root = join(import.meta.dirname, '..');
const PROGRAM = [process.execPath, join(root, 'dist/main.cjs')];
const LINT = [...PROGRAM, 'lint', join(root, 'examples/diamond.yaml')];
const RUNS_PER_ROUND = 4;

/** How long one run of a command took, in milliseconds. */
interface Times {
  readonly wall: number;
  readonly cpu: number;
}

/**
 * A command, and whether all its runs share the folder in which Node keeps compiled code. Otherwise each has its own.
 */
interface Start {
  readonly what: string;
  readonly command: readonly string[];
  readonly keeps: boolean;
  readonly max?: number;
}

/** Measures how long the command line takes to start, compared with Node without a program. */
export async function benchCli({ rounds }: Effort): Promise<Section> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'bench-cli-'));
  await using ends = new AsyncDisposableStack();
  const { kubeconfig } = await openCluster(ends);
  const starts: readonly Start[] = [
    { what: '--version', command: [...PROGRAM, '--version'], keeps: false, max: 120 },
    { what: 'lint of one file, the first time', command: LINT, keeps: false, max: 250 },
    { what: 'lint of one file, again', command: LINT, keeps: true, max: 250 },
    { what: 'completion bash, again', command: [...PROGRAM, 'completion', 'bash'], keeps: true },
    {
      what: 'status of a run, again',
      command: [...PROGRAM, 'status', 'fix-issue-1234', '--kubeconfig', kubeconfig, '-n', 'default'],
      keeps: true,
    },
  ];
  const alone: Times[] = [];
  const measured = starts.map((): Times[] => []);
  for (let run = 0; run <= rounds * RUNS_PER_ROUND; run++) {
    const node = time([process.execPath, '-e', '0'], folder.path);
    if (run > 0) alone.push(node);
    for (const [index, { command, keeps }] of starts.entries()) {
      const times = time(command, keeps ? folder.path : await mkdtemp(join(folder.path, 'new-')));
      if (run > 0) measured[index]?.push(times); // the first fills the folder
    }
  }
  const rows = starts.flatMap((start, index) =>
    (['wall', 'cpu'] as const).map((kind) => compare(start, kind, measured[index] ?? [], alone)),
  );
  return { rows, notes: NOTES };
}

const NOTES = [
  `A start of the command line is one process of dist/main.cjs, ${RUNS_PER_ROUND} a round. *The first time*, Node has nothing of it compiled; *again*, it has kept that in the folder for temporary files. The API server that \`status\` asks shares all cores.`,
];

/** Starts a control plane with a run that nobody executes. `ends` stops it. */
async function openCluster(ends: AsyncDisposableStack): Promise<ControlPlane> {
  const settings = readSettings(process.env);
  const binaries = await resolveBinaries(settings, console.error);
  const cluster = await startControlPlane({
    ...{ binaries, tools: await resolveTools(settings), environment: settings.environment },
  });
  ends.defer(cluster.stop);
  await installCrds(cluster, 'agents');
  const { code, stderr } = await cluster.kubectl(['apply', '-f', join(root, 'examples/sequential.yaml')]);
  if (code !== 0) throw new Error(stderr);
  return cluster;
}

/** Bash reports the CPU time of a process that has ended. Node reports only its own. */
const TIME = 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null';

function time(command: readonly string[], temporary: string): Times {
  const env = { ...process.env, TMPDIR: temporary };
  const { status, stderr } = spawnSync('bash', ['-c', TIME, 'bash', ...command], { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}: ${stderr}`);
  const [wall = 0, user = 0, system = 0] = stderr.trim().split(' ').map(Number);
  return { wall: 1000 * wall, cpu: 1000 * (user + system) };
}

function compare({ what, max }: Start, kind: keyof Times, ours: readonly Times[], alone: readonly Times[]): Row {
  const budget: Budget = max === undefined ? {} : { max };
  return {
    ...{ what: `start: ${what}`, unit: kind === 'wall' ? 'ms' : 'ms of CPU', against: 'Node alone', budget },
    ours: median(ours.map((times) => times[kind])),
    other: median(alone.map((times) => times[kind])),
    ratio: median(ours.map((times, index) => times[kind] / (alone[index]?.[kind] ?? Number.NaN))),
  };
}
