import { displayObject } from '../../dag/display.ts';
import { Annotation } from '../../orchestration/vocabulary/metadata.ts';
import type { Outcome, Ports } from '../command.ts';
import { formatElapsed } from './elapsed.ts';
import { CommandError } from './failure.ts';
import type { Cluster } from './port.ts';
import { exitCodeOf, isIdleTemplate, type Run } from './run.ts';
import { waitForRun } from './wait.ts';

/** Waits for the end of a run, and returns the exit code for it. `spentMs` of the timeout are already over. */
export async function watchRun(
  cluster: Cluster,
  run: Run,
  ports: Pick<Ports, 'screen' | 'clock'>,
  timeoutMs: number | undefined,
  spentMs = 0,
): Promise<Outcome> {
  const subject = displayObject('OrchestrationRun', run.namespace, run.name);
  if (isIdleTemplate(run))
    throw new CommandError(`${subject} is a template and never runs: its annotation ${Annotation.Template} is "true"`);
  const ending = await waitForRun(cluster, run, ports, timeoutMs && Math.max(0, timeoutMs - spentMs));
  switch (ending.type) {
    case 'Ended':
      return { exitCode: exitCodeOf(ending.run), stdout: '', stderr: '' };
    case 'Deleted':
      throw new CommandError(`${subject} was deleted before its end was seen`);
    case 'TimedOut':
      throw new CommandError(
        `${subject} is still ${ending.run.status.phase ?? 'Pending'} after ${formatElapsed(timeoutMs ?? 0)}`,
      );
    case 'Forbidden':
      throw new CommandError(`you may read ${subject} and not follow it: ask for the verbs list and watch`);
    default:
      throw new Error(`unknown ending ${JSON.stringify(ending satisfies never)}`);
  }
}
