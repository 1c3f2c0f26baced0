import { execFileSync } from 'node:child_process';
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchGraph } from './graphs.ts';

/** Tekton's dag.Build as a program, until disposed. */
export interface Tekton extends Disposable {
  readonly goVersion: string;
  /** Decides a graph again and again; `problem` is empty where Tekton accepts it. */
  readonly time: (
    steps: BenchGraph['steps'],
    milliseconds: number,
  ) => { readonly medianMs: number; readonly problem: string };
}

/** Builds it, with modules to fetch the first time. Without Go, or without its modules, the rows against Tekton are not run. */
export function buildTekton(): Tekton | undefined {
  const folder = mkdtempDisposableSync(join(tmpdir(), 'bench-tekton-'));
  const program = join(folder.path, 'tekton');
  try {
    const goVersion = execFileSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' }).trim();
    execFileSync('go', ['build', '-trimpath', '-o', program], {
      cwd: join(import.meta.dirname, 'tekton'),
      stdio: 'inherit',
    });
    const time: Tekton['time'] = (steps, milliseconds) =>
      JSON.parse(execFileSync(program, { input: JSON.stringify({ milliseconds, steps }), encoding: 'utf8' }));
    return { goVersion, time, [Symbol.dispose]: () => folder.remove() };
  } catch (error) {
    folder.remove();
    console.error(`Tekton is not run, which takes Go 1.24 or newer: ${String(error)}`);
    return undefined;
  }
}
