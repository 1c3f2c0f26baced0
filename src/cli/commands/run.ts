import { createHash } from 'node:crypto';
import { displayObject, displayText, quoteName } from '../../dag/display.ts';
import type { KubeObject } from '../../objects/object.ts';
import {
  checkParameters,
  type DeclaredParameters,
  readDeclared,
  suggestParameters,
} from '../../orchestration/declared-parameters.ts';
import { decodeOrchestration } from '../../orchestration/decode.ts';
import { API_VERSION, type OrchestrationRunSpec } from '../../orchestration/schema.ts';
import { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';
import { CommandError, readExisting } from '../cluster/failure.ts';
import { clusterFlags, timeoutFlag } from '../cluster/flags.ts';
import { findRepeatedKeys, parameterFlag } from '../cluster/parameters.ts';
import { type Cluster, isApiFailure } from '../cluster/port.ts';
import { isIdleTemplate, type Run, readRun } from '../cluster/run.ts';
import { nameOf } from '../cluster/run-operand.ts';
import { watchRun } from '../cluster/watch-run.ts';
import { defineCommand, type Outcome, oneOperand, type Ports } from '../command.ts';
import { anyText, objectName, outputFlag, toggle } from '../flags.ts';
import { type DataFormat, formatData, formatName, withoutManagedFields } from '../format/objects.ts';

/** Creates a run, once however often it is asked for, and waits for its end if that is asked for too. */
export const run = defineCommand({
  verb: 'run',
  details:
    'With a delivery id (or a name) it is safe to repeat: the same again is the same run, and something else under it is refused. If you stop waiting, the run continues.',
  operands: oneOperand('ORCHESTRATION', nameOf('Orchestration'), 'an Orchestration'),
  flags: {
    parameters: parameterFlag('a parameter, handed to every step'),
    deliveryId: {
      flag: 'delivery-id',
      kind: anyText('ID'),
      help: 'the event that asks for this run; it determines the name of the run (default: a new UUID)',
    },
    name: { flag: 'name', kind: objectName, help: 'the name of the run (default: a unique one)' },
    waits: { flag: 'wait', kind: toggle, help: 'show the run until it ends, as watch does' },
    timeoutMs: timeoutFlag,
    output: outputFlag(['text', 'json', 'yaml', 'name'], 'the format; with --wait, of the run as it ended'),
    ...clusterFlags,
  },
  exitCodes: {
    0: 'the run exists, and with --wait has succeeded',
    1: 'it failed or was cancelled',
    2: 'it could not be created, or its end was not seen',
  },
  examples: ['run release -p version=1.4.2 --delivery-id push-42', 'run release --wait --timeout 30m'],
  check: ({ parameters }) => findRepeatedKeys(parameters),
  run: ({ parameters, deliveryId: given, name, waits, timeoutMs, output, ...choice }, orchestration, ports) =>
    ports.withCluster(choice, async (cluster) => {
      const declared = await readParameters(cluster, orchestration);
      const pairs = Object.fromEntries(parameters);
      // The agents chart's history stores only runs that have one.
      const deliveryId = given ?? ports.newUuid();
      const suffix = given === undefined ? deliveryId.slice(0, 8) : hashDelivery(orchestration, given);
      const wanted = writeRun(name ?? nameRun(orchestration, suffix), cluster.namespace, {
        orchestrationRef: { name: orchestration },
        ...(parameters.length > 0 && { parameters: pairs }),
        deliveryId,
      });
      const isNamed = name !== undefined && given === undefined;
      const { object, isNew } = await createOnce(cluster, wanted, isNamed, checkParameters(declared, pairs));
      for (const warning of suggestParameters(declared, pairs)) ports.screen.warn(`run: warning: ${warning}\n`);
      return showCreated(cluster, { object, isNew, output, waits, timeoutMs }, ports);
    }),
});

interface Created {
  readonly object: KubeObject;
  readonly isNew: boolean;
  readonly output: 'text' | 'name' | DataFormat;
  readonly waits: true | undefined;
  readonly timeoutMs: number | undefined;
}

/** Says that the run exists, and waits for it if that is wanted. Beside data, what is said goes to standard error. */
async function showCreated(
  cluster: Cluster,
  { object, isNew, output, waits, timeoutMs }: Created,
  ports: Ports,
): Promise<Outcome> {
  const created = readRun(object);
  const { screen: own } = ports;
  const screen = output === 'text' ? own : { ...own, isInteractive: false, isColored: false, write: own.warn };
  screen.write(describeCreation(created, isNew));
  if (!waits) return { exitCode: 0, stdout: await writeAs(output, object), stderr: '' };
  const outcome = await watchRun(cluster, created, { ...ports, screen }, timeoutMs);
  const last = output === 'text' ? object : await cluster.get('OrchestrationRun', created.name);
  return { ...outcome, stdout: await writeAs(output, last) };
}

function describeCreation(run: Run, isNew: boolean): string {
  const subject = displayObject('OrchestrationRun', run.namespace, run.name);
  const phase = isIdleTemplate(run) ? 'a template, which never runs' : (run.status.phase ?? 'Pending');
  return isNew ? `${subject} created\n` : `${subject} is there already: ${phase}\n`;
}

function writeAs(output: 'text' | 'name' | DataFormat, object: KubeObject): string | Promise<string> {
  if (output === 'text') return '';
  return output === 'name' ? formatName(object) : formatData(output, withoutManagedFields(object));
}

/**
 * Reads what the Orchestration declares of the parameters. A run of an Orchestration that does not exist would wait for
 * it, so a name that is typed must exist.
 */
async function readParameters(cluster: Cluster, orchestration: string): Promise<DeclaredParameters> {
  try {
    return readDeclared(decodeOrchestration(await readExisting(cluster, 'Orchestration', orchestration)).orchestration);
  } catch (error) {
    // A user who can create runs does not need the permission to read what they run.
    if (!isApiFailure(error) || error.reason !== KubeErrorReason.Forbidden) throw error;
    return new Map();
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
 * identified by its name keeps the delivery id that it was created with. A run that violates its declared parameters is not
 * created, but if it exists already, it is found.
 */
async function createOnce(
  cluster: Cluster,
  wanted: KubeObject,
  isNamed: boolean,
  violations: readonly string[],
): Promise<{ object: KubeObject; isNew: boolean }> {
  try {
    await cluster.create(wanted, { isDryRun: true });
    if (violations.length > 0) throw new CommandError(...violations);
    return { object: await createAgain(cluster, wanted), isNew: true };
  } catch (error) {
    if (!isApiFailure(error) || error.reason !== KubeErrorReason.AlreadyExists) throw error;
    const object = await cluster.get('OrchestrationRun', wanted.metadata.name);
    const stored = readRun(object);
    const differences = compareSpecs(stored.spec, readRun(wanted).spec, isNamed);
    if (differences.length === 0) return { object, isNew: false };
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
