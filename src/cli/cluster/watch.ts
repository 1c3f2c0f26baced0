import { displayObject } from '../../dag/display.ts';
import { Annotation } from '../../orchestration/vocabulary/metadata.ts';
import type { Outcome } from '../command.ts';
import { CLUSTER_USAGE, runOnCluster } from './command.ts';
import { readElapsed } from './elapsed.ts';
import { CommandError, readExisting } from './failure.ts';
import type { Cluster, ClusterPorts } from './port.ts';
import { exitCodeOf, isIdleTemplate, type Run, readRun } from './run.ts';
import { waitForRun } from './wait.ts';

/** For every command that waits. */
export const TIMEOUT_USAGE = '  --timeout        how long to wait at most: 90s, 10m, 1h30m (default: for ever)\n';

const command = {
  verb: 'watch',
  operand: 'a run',
  flags: { timeout: 'text' },
  check: checkTimeout,
  usage: `usage: orchestration-gate watch RUN [-n NAMESPACE] [--timeout DURATION]

Shows an OrchestrationRun until it ends, step by step, in a terminal by drawing over, elsewhere a line for each change. It
goes on when the API server has been away.

${TIMEOUT_USAGE}${CLUSTER_USAGE}
Exit code: 0 the run succeeded, 1 it failed or was cancelled, 2 its end was not seen.
`,
} as const;

/** Shows a run until it ends, and ends as it did. */
export async function watch(args: readonly string[], ports: ClusterPorts): Promise<Outcome> {
  return runOnCluster(command, args, ports, async (cluster, name, { timeout }) => {
    const run = readRun(await readExisting(cluster, 'OrchestrationRun', name));
    return watchRun(cluster, run, ports, timeout);
  });
}

/** Waits for a run's end, as long as `timeout` says, and gives the exit code that it means. */
export async function watchRun(
  cluster: Cluster,
  run: Run,
  ports: Pick<ClusterPorts, 'screen' | 'clock'>,
  timeout: string | undefined,
): Promise<Outcome> {
  const subject = displayObject('OrchestrationRun', run.namespace, run.name);
  if (isIdleTemplate(run))
    throw new CommandError(`${subject} is a template and never runs: its annotation ${Annotation.Template} is "true"`);
  const ending = await waitForRun(cluster, run, ports, timeout === undefined ? undefined : readElapsed(timeout));
  switch (ending.type) {
    case 'Ended':
      return { exitCode: exitCodeOf(ending.run), stdout: '', stderr: '' };
    case 'Deleted':
      throw new CommandError(`${subject} was deleted before its end was seen`);
    case 'TimedOut':
      throw new CommandError(`${subject} is still ${ending.run.status.phase ?? 'Pending'} after ${timeout}`);
    case 'Forbidden':
      throw new CommandError(`you may read ${subject} and not follow it: ask for the verbs list and watch`);
    default:
      throw new Error(`unknown ending ${JSON.stringify(ending satisfies never)}`);
  }
}

/** What is wrong with --timeout, a sentence or none. */
export function checkTimeout({ timeout }: { readonly timeout?: string }): readonly string[] {
  if (timeout === undefined || readElapsed(timeout) !== undefined) return [];
  return [`--timeout is "${timeout}"; write a duration such as 90s, 10m or 1h30m`];
}
