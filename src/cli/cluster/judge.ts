import { displayText } from '../../dag/display.ts';
import type { KubeObject } from '../../objects/object.ts';
import { asRecord } from '../../orchestration/decode.ts';
import { shortenWarning } from '../../orchestration/messages.ts';
import type { Path } from '../../orchestration/problem.ts';
import { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';
import type { Region } from '../files/documents.ts';
import type { FoundObject, Manifest } from '../files/manifest.ts';
import { judgeObjects, type LintReport, type PlacedProblem, reportManifests } from '../files/report.ts';
import { isObjectName } from '../flags.ts';
import { readCauses } from './failure.ts';
import { type Cluster, isApiFailure } from './port.ts';

/** The code of a warning whose rule is not known here: of another webhook, or of the API server itself. */
export const FOREIGN_WARNING = 'ServerWarning';

/**
 * Looks for more in an object that the API server would store. Returns all findings: those of `before` that still
 * count, then the new ones.
 */
export type FindMore = (
  object: FoundObject,
  cluster: Cluster,
  before: readonly Finding[],
) => Promise<readonly Finding[]>;

/**
 * Lets the API server judge every object, as `kubectl apply --dry-run=server` would: with its schema, with the gate as
 * it is configured there, and with all other admission control. Nothing is stored. Judges one object after the other.
 * Throws ApiFailure if the API server cannot judge one.
 */
export async function judgeOnServer(
  manifests: readonly Manifest[],
  cluster: Cluster,
  findMore: FindMore = (_, __, before) => Promise.resolve(before),
): Promise<LintReport> {
  const judged = new Map<FoundObject, readonly PlacedProblem[]>();
  const objects = manifests.flatMap((manifest) => manifest.objects);
  const judgedHere = judgeObjects(objects);
  for (const object of objects) {
    const known = judgedHere.get(object) ?? [];
    const findings = await judgeObject(object, cluster, known);
    const isDenied = findings.some(({ severity }) => severity === 'deny');
    const all = isDenied ? findings : await findMore(object, cluster, findings);
    judged.set(
      object,
      all.map((finding) => placeFinding(object, finding, known)),
    );
  }
  return reportManifests(manifests, judged);
}

async function judgeObject(
  object: FoundObject,
  cluster: Cluster,
  known: readonly PlacedProblem[],
): Promise<readonly Finding[]> {
  const warnings: string[] = [];
  const denials = await dryRun(readObject(object), cluster, (warning) => warnings.push(warning)).then(
    () => [],
    (error: unknown) => readDenials(error, cluster),
  );
  return [...denials, ...warnings.map((warning) => readWarning(warning, known))];
}

/**
 * Returns the object to send to the API server. One without metadata gets empty metadata, and the API server denies it.
 */
function readObject({ value }: FoundObject): KubeObject {
  const object = value as KubeObject;
  return { ...object, metadata: { ...object.metadata } };
}

/**
 * Applies an object that is stored, or creates it if it is not, in a dry run. An update is judged differently from a
 * creation: by the ratchet, and merged with the stored object.
 */
async function dryRun(object: KubeObject, cluster: Cluster, onWarning: (warning: string) => void): Promise<void> {
  const write = (await isStored(object, cluster)) ? cluster.apply : cluster.create;
  await write(object, { isDryRun: true, onWarning });
}

async function isStored({ kind, metadata }: KubeObject, cluster: Cluster): Promise<boolean> {
  const { name, namespace } = asRecord(metadata);
  if (typeof name !== 'string' || !isObjectName(name)) return false;
  try {
    await cluster.get(kind as FoundObject['kind'], name, typeof namespace === 'string' ? namespace : undefined);
    return true;
  } catch (error) {
    if (isApiFailure(error) && error.reason === KubeErrorReason.NotFound) return false;
    throw error;
  }
}

/** What the API server says about one field of an object. '' is the object itself. */
export interface Finding {
  readonly severity: 'deny' | 'warn';
  readonly code: string;
  readonly field: string;
  readonly message: string;
}

function readDenials(error: unknown, cluster: Cluster): Finding[] {
  if (!isApiFailure(error) || !cluster.isDenial(error)) throw error;
  return readCauses(error).map((cause) => ({ severity: 'deny', ...cause }));
}

/**
 * Reads a warning. The gate's warnings are `field: message`, possibly cut. Our own rules tell which code a warning has.
 */
function readWarning(warning: string, known: readonly PlacedProblem[]): Finding {
  const ours = known.find(({ field, message }) => shortenWarning(`${field}: ${message}`) === warning);
  if (ours !== undefined) return { severity: 'warn', code: ours.code, field: ours.field, message: ours.message };
  const [, field = '', message = warning] = /^(spec\b[^ :]*): (.*)$/s.exec(warning) ?? [];
  return { severity: 'warn', code: FOREIGN_WARNING, field, message };
}

/**
 * Adds the place in the file. If our own rules found the same problem, they also know which part of a text it is about.
 */
function placeFinding(
  { kind, value, placeOf }: FoundObject,
  { severity, code, field, message }: Finding,
  known: readonly PlacedProblem[],
): PlacedProblem {
  const { name, namespace } = asRecord(asRecord(value)['metadata']);
  const ours = known.find((problem) => problem.field === field && problem.message === message);
  return {
    ...(ours === undefined ? placeOf(readPath(field)) : placeOfProblem(ours)),
    kind,
    namespace: typeof namespace === 'string' ? namespace : '',
    name: typeof name === 'string' ? name : '',
    code,
    severity,
    field: displayText(field),
    message: displayText(message),
  };
}

function placeOfProblem({ line, column, end }: PlacedProblem): Region {
  return { line, column, ...(end && { end }) };
}

/**
 * Reads a path such as `spec.steps[3].dependsOn[0]`. Keys in brackets can contain anything except a closing bracket.
 */
export function readPath(field: string): Path {
  return [...field.matchAll(/\[([^\]]*)\]|[^.[\]]+/g)].map(([word, inBrackets]) => {
    if (inBrackets === undefined) return word;
    return /^\d+$/.test(inBrackets) ? Number(inBrackets) : inBrackets;
  });
}
