import { listNames, quoteName } from '../dag/display.ts';
import { suggestName } from '../dag/suggest.ts';
import { type Arguments, asksForHelp, type Flags, readArguments } from './arguments.ts';
import type { ClusterPorts } from './cluster/port.ts';
import { type Manifest, readManifest } from './files/manifest.ts';
import type { Sources } from './files/sources.ts';

/** What a command needs of the world. */
export interface Ports {
  /** Reads files, folders and `-`: see `readSources`. */
  readonly readSources: (paths: readonly string[]) => Promise<Sources>;
  /** Whether standard output is a terminal that shows colours. */
  readonly isColored: boolean;
  /** Runs what may ask a cluster, and closes what it connected to. */
  readonly withCluster: <T>(use: (clusters: Pick<ClusterPorts, 'connect'>) => Promise<T>) => Promise<T>;
}

/** What a command says, and how it ends: 0 as it should be, 1 problems found, 2 could not run. */
export interface Outcome {
  readonly exitCode: 0 | 1 | 2;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that reads manifests. */
export interface Command<F extends Flags> {
  readonly verb: string;
  readonly usage: string;
  readonly flags: F;
}

export type Input<F extends Flags> =
  | { readonly ok: true; readonly values: Arguments<F>['values']; readonly manifests: readonly Manifest[] }
  | { readonly ok: false; readonly outcome: Outcome };

/** Reads arguments and the files they name; what is wrong with either is told together. */
export async function readInput<const F extends Flags>(
  { verb, usage, flags }: Command<F>,
  args: readonly string[],
  { readSources }: Ports,
): Promise<Input<F>> {
  if (asksForHelp(args)) {
    return { ok: false, outcome: { exitCode: 0, stdout: usage, stderr: '' } };
  }
  const { values, operands, mistakes } = readArguments(flags, args);
  const { sources, mistakes: unread } = await readSources(operands);
  const none = operands.length === 0 ? ['name a file, a folder, or - for standard input'] : [];
  const all = [...mistakes, ...none, ...unread];
  if (all.length > 0) return { ok: false, outcome: refuse(verb, all) };
  return { ok: true, values, manifests: sources.map(readManifest) };
}

/** The command could not run: every mistake in a line of its own, and how to ask for help. */
export function refuse(verb: string, mistakes: readonly string[]): Outcome {
  const lines = mistakes.map((mistake) => `${verb}: ${mistake}\n`).join('');
  return { exitCode: 2, stdout: '', stderr: `${lines}See orchestration-gate ${verb} --help.\n` };
}

/** What to say where no Orchestration has the name that was asked for. */
export function describeUnknownName(wanted: string, names: readonly string[]): string {
  const meant = suggestName(wanted, names);
  const cure = meant === undefined ? `there are ${listNames(names)}` : `did you mean ${quoteName(meant)}?`;
  return `no Orchestration is named ${quoteName(wanted)}; ${cure}`;
}
