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
import { CommandError, readExisting } from './failure.ts';
import { type Cluster, isApiFailure } from './port.ts';
import { type Run, readRun } from './run.ts';

/** A run that somebody asks for. */
export interface RunRequest {
  readonly name: string;
  /** The name alone identifies the run: one that exists keeps its own delivery id. */
  readonly isNamed: boolean;
  readonly orchestration: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly deliveryId: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Creates a run, or finds that it is there. `warnings` are about its parameters. Throws CommandError with all that is wrong
 * with the request, and ApiFailure.
 */
export async function requestRun(
  cluster: Cluster,
  { name, isNamed, orchestration, parameters, deliveryId, annotations }: RunRequest,
): Promise<{ readonly run: Run; readonly isNew: boolean; readonly warnings: readonly string[] }> {
  const declared = await readParameters(cluster, orchestration);
  const hasParameters = Object.keys(parameters).length > 0;
  const wanted: KubeObject = {
    apiVersion: API_VERSION,
    kind: 'OrchestrationRun',
    metadata: { name, namespace: cluster.namespace, ...(annotations && { annotations }) },
    spec: { orchestrationRef: { name: orchestration }, ...(hasParameters && { parameters }), deliveryId },
  };
  const created = await createOnce(cluster, wanted, isNamed, checkParameters(declared, parameters));
  return { ...created, warnings: suggestParameters(declared, parameters) };
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

/** Names a run after its Orchestration. */
export function nameRun(orchestration: string, suffix: string): string {
  return `${orchestration.slice(0, 42).replace(/[^a-z0-9]+$/, '')}-${suffix}`;
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
): Promise<{ run: Run; isNew: boolean }> {
  try {
    await cluster.create(wanted, { isDryRun: true });
    if (violations.length > 0) throw new CommandError(...violations);
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
