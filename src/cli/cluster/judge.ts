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

/** What a warning is called whose rule is not known here: another webhook's, or the API server's own. */
export const FOREIGN_WARNING = 'ServerWarning';

/** Looks further into an object that the API server would store: gives all that is found, after what was found before. */
export type FindMore = (
  object: FoundObject,
  cluster: Cluster,
  before: readonly Finding[],
) => Promise<readonly Finding[]>;

/**
 * Has the API server judge every object, as `kubectl apply --dry-run=server` would: schema, gate as it is configured there,
 * and whatever else is asked. Nothing is stored. One after the other; throws ApiFailure where the server cannot say.
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

/** As the API server is to see it; one without metadata is denied there. */
function readObject({ value }: FoundObject): KubeObject {
  const object = value as KubeObject;
  return { ...object, metadata: { ...object.metadata } };
}

/** An update is judged otherwise than a creation: by the ratchet, and as a merge with what is stored. */
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

/** What the server says of one place of an object; '' is the object. */
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

/** The gate's warnings are `field: message`, perhaps cut; our own rules tell which code that is. */
function readWarning(warning: string, known: readonly PlacedProblem[]): Finding {
  const ours = known.find(({ field, message }) => shortenWarning(`${field}: ${message}`) === warning);
  if (ours !== undefined) return { severity: 'warn', code: ours.code, field: ours.field, message: ours.message };
  const [, field = '', message = warning] = /^(spec\b[^ :]*): (.*)$/s.exec(warning) ?? [];
  return { severity: 'warn', code: FOREIGN_WARNING, field, message };
}

/** Our own rules also say which part of a text the server speaks of. */
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

/** The path that `spec.steps[3].dependsOn[0]` writes; keys in brackets may hold anything but a bracket. */
export function readPath(field: string): Path {
  return [...field.matchAll(/\[([^\]]*)\]|[^.[\]]+/g)].map(([word, inBrackets]) => {
    if (inBrackets === undefined) return word;
    return /^\d+$/.test(inBrackets) ? Number(inBrackets) : inBrackets;
  });
}
