import { naiveProblems } from '../support/oracle.ts';
import { API_VERSION } from '../support/reviews.ts';
import type { FuzzInput } from './reviews.ts';

// What the gate must answer, worked out once more from the rules alone. It shares no code with the gate.

/** `reject`: no uid, so a 4xx. `graph` are the problems of the graph, where nothing else is wrong. */
export type Expected =
  | { readonly verdict: 'reject' }
  | { readonly uid: string; readonly verdict: 'allow' | 'deny'; readonly graph?: readonly string[] };

type Fields = Record<string, unknown>;

/** The answer that a parsed body must get. A body that cannot be parsed is undefined. */
export function expectAnswer(body: unknown, { webhook, mode }: Pick<FuzzInput, 'webhook' | 'mode'>): Expected {
  const review = fieldsOf(body);
  const request = fieldsOf(review['request']);
  const { uid } = request;
  if (typeof uid !== 'string' || uid === '') return { verdict: 'reject' };
  if (webhook === 'mutate') return { uid, verdict: 'allow' };
  const isReview = review['apiVersion'] === 'admission.k8s.io/v1' && review['kind'] === 'AdmissionReview';
  if (!isReview) return { uid, verdict: 'deny' };
  if (mode === 'off') return { uid, verdict: 'allow' };
  const early = expectUnjudged(request);
  if (early !== undefined) return { uid, verdict: early };
  if (mode === 'warn' || isRatcheted(request)) return { uid, verdict: 'allow' };
  return { uid, ...expectJudgement(request) };
}

/** The verdict on a request that does not depend on the content of an object of ours; else undefined. */
function expectUnjudged({ kind: asked, operation, subResource, object }: Fields): 'allow' | 'deny' | undefined {
  const { group, version, kind } = fieldsOf(asked);
  const isOurs = group === 'orchestration.proompteng.ai' && version === 'v1alpha1';
  if (!isOurs || (kind !== 'Orchestration' && kind !== 'OrchestrationRun')) return 'deny';
  if (operation === 'DELETE' || (typeof subResource === 'string' && subResource !== '')) return 'allow';
  if (operation !== 'CREATE' && operation !== 'UPDATE') return 'deny';
  const found = fieldsOf(object);
  return found['apiVersion'] === API_VERSION && found['kind'] === kind ? undefined : 'deny';
}

function expectJudgement(request: Fields): { verdict: 'allow' | 'deny'; graph?: readonly string[] } {
  const object = fieldsOf(request['object']);
  if (object['kind'] === 'OrchestrationRun') return { verdict: isRunBad(request) ? 'deny' : 'allow' };
  if (isShapeBad(object)) return { verdict: 'deny' };
  if (stepsOf(object).some((step) => refersTo(step, nameOf(object)))) return { verdict: 'deny' };
  const graph = graphProblems(object);
  return graph.length > 0 ? { verdict: 'deny', graph } : { verdict: 'allow' };
}

/** The fields of an object that are not null; none if the value is no object. */
function fieldsOf(value: unknown): Fields {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).filter(([, inside]) => inside !== null));
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nameOf(object: unknown): unknown {
  return fieldsOf(fieldsOf(object)['metadata'])['name'];
}

function stepsOf(object: Fields): Fields[] {
  return (fieldsOf(object['spec'])['steps'] as unknown[]).map(fieldsOf);
}

function isRatcheted({ operation, object, oldObject }: Fields): boolean {
  if (operation !== 'UPDATE') return false;
  const isBeingDeleted = fieldsOf(fieldsOf(object)['metadata'])['deletionTimestamp'] !== undefined;
  return isBeingDeleted || (isObject(oldObject) && isSame((object as Fields)['spec'], oldObject['spec']));
}

/** Level by level: recursion would overflow on the nesting that is generated. */
function isSame(left: unknown, right: unknown): boolean {
  let pairs = [[left, right]];
  while (pairs.length > 0) {
    if (pairs.some(([one, other]) => sketch(one) !== sketch(other))) return false;
    pairs = pairs.flatMap(([one, other]) =>
      typeof one === 'object' && one !== null
        ? Object.keys(one).map((key) => [(one as Fields)[key], (other as Fields)[key]])
        : [],
    );
  }
  return true;
}

/** The kind and keys of a list or map, or any other value itself. */
function sketch(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `${typeof value} ${value}`;
  return `${Array.isArray(value) ? 'list' : 'map'} ${JSON.stringify(Object.keys(value).toSorted())}`;
}

function isRunBad({ operation, object, oldObject }: Fields): boolean {
  const { orchestrationRef, parameters = {}, deliveryId = '' } = fieldsOf(fieldsOf(object)['spec']);
  const { name } = fieldsOf(orchestrationRef);
  if (typeof name !== 'string' || name === '' || !isTextMap(parameters) || typeof deliveryId !== 'string') return true;
  const { runId } = fieldsOf(fieldsOf(oldObject)['status']);
  return operation === 'UPDATE' && typeof runId === 'string' && runId !== '';
}

/** Whether a field is of a wrong type, empty or too deep, or there is too much of it. */
function isShapeBad(object: Fields): boolean {
  const { steps, entrypoint = '', policies = {} } = fieldsOf(object['spec']);
  if (typeof entrypoint !== 'string' || !isObject(policies) || isDeeper(fieldsOf(policies), 500)) return true;
  if (!Array.isArray(steps) || steps.length === 0 || steps.length > 1000) return true;
  return steps.some(
    (step) => !isObject(step) || Object.entries(fieldsOf(step)).some(isFieldBad) || !hasNameAndKind(step),
  );
}

function hasNameAndKind({ name, kind }: Fields): boolean {
  return typeof name === 'string' && name !== '' && typeof kind === 'string' && kind !== '';
}

function isFieldBad([field, value]: [string, unknown]): boolean {
  switch (field) {
    case 'dependsOn':
      return !Array.isArray(value) || value.length > 256 || !value.every((name) => typeof name === 'string' && name);
    case 'continueOnFailure':
      return typeof value !== 'boolean';
    case 'retries':
    case 'retryBackoffSeconds':
    case 'timeoutSeconds':
    case 'pendingTimeoutSeconds':
      return !Number.isInteger(value);
    case 'agentRef':
    case 'toolRef':
    case 'orchestrationRef':
      return typeof fieldsOf(value)['name'] !== 'string' || isDeeper(value, 500);
    case 'policyRef':
      return typeof value !== 'string';
    case 'with':
      return !isTextMap(value);
    default:
      return isDeeper(value, 500);
  }
}

function isTextMap(value: unknown): boolean {
  return isObject(value) && Object.values(fieldsOf(value)).every((text) => typeof text === 'string');
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inside) => isDeeper(inside, levels - 1));
}

/** Each problem as `code place`; a cycle as its code only. */
function graphProblems(object: Fields): string[] {
  const steps = stepsOf(object) as { name: string; dependsOn?: string[] }[];
  const isDenied = ({ code }: { code: string }) => code !== 'DuplicateDependency' && code !== 'MixedDependsOn';
  return naiveProblems(steps)
    .filter(isDenied)
    .map(({ code, path: [index, field, entry] }) => {
      if (code === 'DependencyCycle') return code;
      return `${code} spec.steps[${index}].${field}${entry === undefined ? '' : `[${entry}]`}`;
    });
}

function refersTo(step: Fields, name: unknown): boolean {
  if (step['kind'] !== 'SubOrchestration' || typeof name !== 'string') return false;
  const { name: byName } = fieldsOf(step['orchestrationRef']);
  const named =
    typeof byName === 'string' && byName.trim() !== '' ? byName : fieldsOf(step['with'])['orchestrationRef'];
  return typeof named === 'string' && named.trim() !== '' && named === name;
}
