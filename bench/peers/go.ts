import { execFileSync } from 'node:child_process';
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchGraph } from '../graphs.ts';

/** What a peer says about a graph. `problem` is empty if it accepts the graph. */
export interface GoVerdict {
  readonly medianMs: number;
  readonly problem: string;
}

/** The program of a peer that is written in Go. It is removed when it is disposed. */
export interface GoPeer extends Disposable {
  readonly goVersion: string;
  /** Decides a graph again and again for this time. */
  readonly time: (steps: BenchGraph['steps'], milliseconds: number) => GoVerdict;
}

/**
 * Builds the program of a folder next to this file. The first time, it fetches modules, which takes seconds for Tekton
 * and minutes for Argo. Without Go, or without the modules, it says so, and the comparisons with the peer are not run.
 */
export function buildGoPeer(name: 'tekton' | 'argo'): GoPeer | undefined {
  const folder = mkdtempDisposableSync(join(tmpdir(), `bench-${name}-`));
  const program = join(folder.path, name);
  const cwd = join(import.meta.dirname, name);
  try {
    const goVersion = execFileSync('go', ['env', 'GOVERSION'], { cwd, encoding: 'utf8' }).trim();
    execFileSync('go', ['build', '-trimpath', '-o', program], { cwd, stdio: 'inherit' });
    const time: GoPeer['time'] = (steps, milliseconds) =>
      JSON.parse(execFileSync(program, { input: JSON.stringify({ milliseconds, steps }), encoding: 'utf8' }));
    return { goVersion, time, [Symbol.dispose]: () => folder.remove() };
  } catch (error) {
    folder.remove();
    console.error(`${name} is not run, which takes Go 1.24 or newer and its modules: ${String(error)}`);
    return undefined;
  }
}
