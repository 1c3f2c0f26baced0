import { createHash } from 'node:crypto';
import { displayObject, displayText, quoteName } from '../../dag/display.ts';
import type { KubeObject } from '../../objects/object.ts';
import { type DeclaredParameters, readDeclared } from '../../orchestration/declared-parameters.ts';
import { decodeOrchestration } from '../../orchestration/decode.ts';
import { API_VERSION, type OrchestrationRunSpec } from '../../orchestration/schema.ts';
import { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';
import { Annotation } from '../../orchestration/vocabulary/metadata.ts';
import { anyText, type Flags, objectName, outputFlag, toggle } from '../flags.ts';
import { CommandError, readExisting } from './failure.ts';
import { timeoutFlag } from './flags.ts';
import { type Cluster, isApiFailure } from './port.ts';
import { isIdleTemplate, readRun } from './run.ts';

type Annotations = Readonly<Record<string, string>>;

/** The flags of the commands that create a run. */
export const newRunFlags = {
  deliveryId: {
    flag: 'delivery-id',
    kind: anyText('ID'),
    help: 'ID of the requesting event; sets the name (default: a new UUID)',
  },
  name: { flag: 'name', kind: objectName, help: 'the name of the run (default: a unique one)' },
  waits: { flag: 'wait', kind: toggle, help: 'show the run until it ends, as watch does' },
  timeoutMs: timeoutFlag,
  output: outputFlag(['text', 'json', 'yaml', 'name'], 'the format; with --wait, of the run as it ended'),
} as const satisfies Flags;

/**
 * Reads what the Orchestration declares about its parameters. Throws if the Orchestration does not exist, because its
 * run would only wait for it.
 */
export async function readParameters(cluster: Cluster, orchestration: string): Promise<DeclaredParameters> {
  try {
    return readDeclared(decodeOrchestration(await readExisting(cluster, 'Orchestration', orchestration)).orchestration);
  } catch (error) {
    // A user who can create runs does not need the permission to read what they run.
    if (!isApiFailure(error) || error.reason !== KubeErrorReason.Forbidden) throw error;
    return new Map();
  }
}

/** Returns 80 bits that are the same for every delivery of an id. */
function hashDelivery(orchestration: string, deliveryId: string): string {
  const hash = createHash('sha256').update(JSON.stringify([orchestration, deliveryId]));
  return hash.digest('hex').slice(0, 20);
}

/**
 * Returns the name of a new run. If a delivery id is `given`, the name follows from it, so that the same delivery
 * always means the same run.
 */
export function nameRun(orchestration: string, deliveryId: string, given: string | undefined): string {
  const suffix = given === undefined ? deliveryId.slice(0, 8) : hashDelivery(orchestration, given);
  return `${orchestration.slice(0, 42).replace(/[^a-z0-9]+$/, '')}-${suffix}`;
}

/** The content of a new run. */
export interface NewRun {
  readonly name: string;
  readonly namespace: string;
  readonly orchestration: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly deliveryId: string;
  readonly annotations?: Annotations;
}

/** Writes the object of a new run. */
export function writeRun({ name, namespace, annotations = {}, parameters, ...run }: NewRun): KubeObject {
  const metadata = { name, namespace, ...(Object.keys(annotations).length > 0 && { annotations }) };
  const spec: OrchestrationRunSpec = {
    orchestrationRef: { name: run.orchestration },
    ...(Object.keys(parameters).length > 0 && { parameters }),
    deliveryId: run.deliveryId,
  };
  return { apiVersion: API_VERSION, kind: 'OrchestrationRun', metadata, spec };
}

/**
 * Creates the run, or finds the run that exists already. Makes a dry run first, so that a refusal leaves nothing
 * behind. A run that is identified by its name keeps the delivery id that it was created with. A run that violates its
 * declared parameters is not created, but if it exists already, it is found.
 */
export async function createOnce(
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
    const differences = [
      ...compareSpecs(stored.spec, readRun(wanted).spec, isNamed),
      ...compareSources(object.metadata.annotations, wanted.metadata.annotations),
    ];
    if (differences.length === 0) return { object, isNew: false };
    const subject = displayObject('OrchestrationRun', stored.namespace, stored.name);
    throw new CommandError(...differences.map((difference) => `${subject} already exists, with ${difference}`));
  }
}

/**
 * Creates a run, and tries once more if the outcome is unknown. This never makes a second run, because both have the
 * same name.
 */
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

/** Compares which runs the two runs continue, and how. */
function compareSources(stored: Annotations = {}, wanted: Annotations = {}): string[] {
  const keys = [Annotation.ResumeFrom, Annotation.ResumeSteps, Annotation.ResumeLatest];
  return keys.flatMap((key) => tellDifference(`annotation ${key}`, stored[key], wanted[key]));
}

/** Says that a run was created, or that it exists already, with its phase. */
export function describeCreated(object: KubeObject, isNew: boolean): string {
  const run = readRun(object);
  const subject = displayObject('OrchestrationRun', run.namespace, run.name);
  const phase = isIdleTemplate(run) ? 'a template, which never runs' : (run.status.phase ?? 'Pending');
  return isNew ? `${subject} created\n` : `${subject} already exists: ${phase}\n`;
}
