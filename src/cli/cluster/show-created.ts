import type { KubeObject } from '../../objects/object.ts';
import type { Outcome, Ports } from '../command.ts';
import { type DataFormat, formatData, formatName, withoutManagedFields } from '../format/objects.ts';
import { describeCreated } from './create-run.ts';
import type { Cluster } from './port.ts';
import { readRun } from './run.ts';
import { watchRun } from './watch-run.ts';

/** A run that a command created or found, and how the command shows it. */
export interface Created {
  readonly object: KubeObject;
  readonly isNew: boolean;
  readonly output: 'text' | 'name' | DataFormat;
  readonly waits: true | undefined;
  readonly timeoutMs: number | undefined;
}

/**
 * Says that the run exists, and waits for its end if that is wanted. If the output is data, messages go to standard
 * error.
 */
export async function showCreated(
  cluster: Cluster,
  { object, isNew, output, waits, timeoutMs }: Created,
  ports: Ports,
): Promise<Outcome> {
  const { screen: own } = ports;
  const screen = output === 'text' ? own : { ...own, isInteractive: false, isColored: false, write: own.warn };
  screen.write(describeCreated(object, isNew));
  if (!waits) return { exitCode: 0, stdout: await writeAs(output, object), stderr: '' };
  const outcome = await watchRun(cluster, readRun(object), { ...ports, screen }, timeoutMs);
  const last = output === 'text' ? object : await cluster.get('OrchestrationRun', object.metadata.name);
  return { ...outcome, stdout: await writeAs(output, last) };
}

function writeAs(output: Created['output'], object: KubeObject): string | Promise<string> {
  if (output === 'text') return '';
  return output === 'name' ? formatName(object) : formatData(output, withoutManagedFields(object));
}
