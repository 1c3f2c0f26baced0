import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** A rendered chart is well under a megabyte; node's own limit is one. */
const MOST_OUTPUT_BYTES = 16 * 2 ** 20;

/**
 * Returns what is wrong with the charts under `root`, as sentences. `helm` is a path. Each chart must pass
 * `helm lint --strict` and render to the same bytes twice, with each of its `ci/*-values.yaml`, or with its defaults if
 * it has none.
 */
export async function checkCharts(root: string, helm: string): Promise<readonly string[]> {
  const mistakes: string[] = [];
  for (const chart of find('charts/*/', root)) {
    const values = find('ci/*-values.yaml', join(root, chart));
    for (const file of values.length > 0 ? values : [undefined]) {
      const given = [chart, ...(file === undefined ? [] : ['--values', join(chart, file)])];
      mistakes.push(...(await checkChart(given, (...toolArguments) => runHelm(root, helm, toolArguments))));
    }
  }
  return mistakes;
}

type Helm = (...toolArguments: string[]) => Promise<{ output: string; isDone: boolean }>;

async function checkChart(given: readonly string[], helm: Helm): Promise<string[]> {
  const lint = await helm('lint', '--strict', '--quiet', ...given);
  const [first, second] = [await helm('template', 'release', ...given), await helm('template', 'release', ...given)];
  const failed = [lint, first].filter(({ isDone }) => !isDone).map(({ output }) => output);
  if (failed.length > 0) return failed;
  return first.output === second.output
    ? []
    : [`${given.join(' ')} renders differently each time: Argo CD would never be in sync`];
}

/** Runs helm in `root`. If it fails, the output begins with the command. */
export async function runHelm(root: string, helm: string, toolArguments: readonly string[]) {
  try {
    const { stdout } = await run(helm, toolArguments, { cwd: root, maxBuffer: MOST_OUTPUT_BYTES });
    return { output: stdout, isDone: true };
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    if (stdout === undefined) throw error;
    return { output: `helm ${toolArguments.join(' ')}\n${stdout}${stderr}`, isDone: false };
  }
}

function find(pattern: string, folder: string): string[] {
  return globSync(pattern, { cwd: folder }).sort();
}
