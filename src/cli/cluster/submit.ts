import { createHash } from 'node:crypto';
import { displayObject, quoteName } from '../../dag/display.ts';
import type { KubeObject } from '../../objects/object.ts';
import { API_VERSION, type OrchestrationRunSpec } from '../../orchestration/schema.ts';
import { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';
import type { Outcome } from '../command.ts';
import { displayText } from '../format/escape.ts';
import { readParameters } from '../parameters.ts';
import { CLUSTER_USAGE, runOnCluster } from './command.ts';
import { CommandError, readExisting } from './failure.ts';
import { type Cluster, type ClusterPorts, isApiFailure } from './port.ts';
import { isIdleTemplate, type Run, readRun } from './run.ts';
import { checkTimeout, TIMEOUT_USAGE, watchRun } from './watch.ts';

const command = {
  verb: 'run',
  operand: 'an Orchestration',
  flags: { parameter: 'texts', 'delivery-id': 'text', name: 'text', wait: 'switch', timeout: 'text' },
  check: (values: { readonly timeout?: string; readonly parameter?: readonly string[] }) => [
    ...checkTimeout(values),
    ...readParameters(values.parameter).mistakes,
  ],
  usage: `usage: orchestration-gate run ORCHESTRATION [-p KEY=VALUE]... [--delivery-id ID] [--name NAME] [--wait]

Creates an OrchestrationRun and says its name. A delivery id (or a name) makes that safe to repeat: the same again is the
same run, something else under it is refused.

  -p, --parameter  handed to every step; give it as often as needed
  --delivery-id    identifies the event that asks for this run; the run's name follows from it (default: a new UUID)
  --name           of the run (default: the Orchestration's, and something unique)
  --wait           shows the run until it ends, as watch does
${TIMEOUT_USAGE}${CLUSTER_USAGE}
Exit code: 0 the run is there, and with --wait has succeeded; 1 it failed or was cancelled; 2 it could not be created, or
its end was not seen. Whoever waits may go: the run goes on.
`,
} as const;

/** Creates a run, once however often it is asked for, and waits for its end if that is asked for too. */
export async function submit(args: readonly string[], ports: ClusterPorts): Promise<Outcome> {
  return runOnCluster(command, args, ports, async (cluster, orchestration, values) => {
    const { 'delivery-id': given, name, wait, timeout, parameter = [] } = values;
    await mustExist(cluster, orchestration);
    // The agents chart's history stores only runs that have one.
    const deliveryId = given ?? ports.newUuid();
    const suffix = given === undefined ? deliveryId.slice(0, 8) : hashDelivery(orchestration, given);
    const wanted = writeRun(name ?? nameRun(orchestration, suffix), cluster.namespace, {
      orchestrationRef: { name: orchestration },
      ...(parameter.length > 0 && { parameters: readParameters(parameter).parameters }),
      deliveryId,
    });
    const isNamed = name !== undefined && given === undefined;
    const { run, isNew } = await createOnce(cluster, wanted, isNamed);
    const subject = displayObject('OrchestrationRun', run.namespace, run.name);
    const phase = isIdleTemplate(run) ? 'a template, which never runs' : (run.status.phase ?? 'Pending');
    ports.screen.write(isNew ? `${subject} created\n` : `${subject} is there already: ${phase}\n`);
    return wait ? watchRun(cluster, run, ports, timeout) : { exitCode: 0, stdout: '', stderr: '' };
  });
}

/** A run of what does not exist would wait for it; who types a name means one that does. */
async function mustExist(cluster: Cluster, orchestration: string): Promise<void> {
  try {
    await readExisting(cluster, 'Orchestration', orchestration);
  } catch (error) {
    // Whoever may create runs need not be allowed to read what they run.
    if (!isApiFailure(error) || error.reason !== KubeErrorReason.Forbidden) throw error;
  }
}

/** The first delivery of an id and every later one give the same 80 bits. */
function hashDelivery(orchestration: string, deliveryId: string): string {
  const hash = createHash('sha256').update(JSON.stringify([orchestration, deliveryId]));
  return hash.digest('hex').slice(0, 20);
}

function nameRun(orchestration: string, suffix: string): string {
  return `${orchestration.slice(0, 42).replace(/[^a-z0-9]+$/, '')}-${suffix}`;
}

function writeRun(name: string, namespace: string, spec: OrchestrationRunSpec): KubeObject {
  return { apiVersion: API_VERSION, kind: 'OrchestrationRun', metadata: { name, namespace }, spec };
}

/**
 * Creates the run, or finds that it is there. A dry run goes first, so that a refusal leaves nothing behind. A run that is
 * identified by its name keeps the delivery id that it was created with.
 */
async function createOnce(
  cluster: Cluster,
  wanted: KubeObject,
  isNamed: boolean,
): Promise<{ run: Run; isNew: boolean }> {
  try {
    await cluster.create(wanted, { isDryRun: true });
    return { run: readRun(await createAgain(cluster, wanted)), isNew: true };
  } catch (error) {
    if (!isApiFailure(error) || error.reason !== KubeErrorReason.AlreadyExists) throw error;
    const stored = readRun(await cluster.get('OrchestrationRun', wanted.metadata.name));
    const differences = compareSpecs(stored.spec, readRun(wanted).spec, isNamed);
    if (differences.length === 0) return { run: stored, isNew: false };
    const subject = displayObject('OrchestrationRun', stored.namespace, stored.name);
    throw new CommandError(...differences.map((difference) => `${subject} is there already, with ${difference}`));
  }
}

/** An answer that never came is asked for once more: by its name a run is created only once. */
async function createAgain(cluster: Cluster, wanted: KubeObject): Promise<KubeObject> {
  try {
    return await cluster.create(wanted);
  } catch (error) {
    if (!isApiFailure(error) || !error.isOutcomeUnknown) throw error;
    return cluster.create(wanted);
  }
}

function compareSpecs(stored: OrchestrationRunSpec, wanted: OrchestrationRunSpec, isNamed: boolean): string[] {
  const { parameters: before = {} } = stored;
  const { parameters: after = {} } = wanted;
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [
    ...tellDifference('orchestrationRef.name', stored.orchestrationRef.name, wanted.orchestrationRef.name),
    ...(isNamed ? [] : tellDifference('deliveryId', stored.deliveryId, wanted.deliveryId)),
    ...[...keys].flatMap((key) => tellDifference(`parameters.${key}`, before[key], after[key])),
  ];
}

function tellDifference(field: string, stored: string | undefined, wanted: string | undefined): string[] {
  const quote = (value: string | undefined) => (value === undefined ? 'nothing' : quoteName(value));
  return stored === wanted ? [] : [`${displayText(field)} ${quote(stored)} instead of ${quote(wanted)}`];
}
