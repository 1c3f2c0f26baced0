import { quoteName } from '../dag/display.ts';
import { bucketOfText, readBucket } from '../orchestration/buckets.ts';
import { asRecord, isRecord } from '../orchestration/decode.ts';
import { defaultOrchestration } from '../orchestration/defaults.ts';
import { isEqual } from '../orchestration/equality.ts';
import { type Judgement, judgeOrchestration, judgeRun, type Policy } from '../orchestration/judge.ts';
import { API_VERSION, GROUP, VERSION } from '../orchestration/schema.ts';
import type { Settings } from '../orchestration/settings.ts';
import { Annotation, Label } from '../orchestration/vocabulary/metadata.ts';
import { type PatchOperation, patchAnnotation, patchDefaults, patchLabel } from './patch.ts';
import { allow, deny, denyWith, patch, tolerate } from './response.ts';
import type { AdmissionRequest, AdmissionResponse } from './review.ts';

/** A response, and the problems that were found, for the log and the audit log. */
export interface Decision {
  readonly response: AdmissionResponse;
  readonly problems: readonly { readonly code: string; readonly severity: 'deny' | 'warn' }[];
}

/** The judge of each kind. Requests for other kinds are denied. */
const judges: Readonly<Record<string, (request: AdmissionRequest, policy: Policy) => Judgement>> = {
  Orchestration: ({ object }, policy) => judgeOrchestration(object, policy),
  OrchestrationRun: ({ object, oldObject, operation }, policy) =>
    judgeRun(object, operation === 'UPDATE' ? oldObject : undefined, policy),
};

/** Decides whether an object may be stored. Pure: the result depends only on the arguments. */
export function decideValidation(request: AdmissionRequest, settings: Settings): Decision {
  const early = settings.mode === 'off' ? allow() : dismiss(request);
  if (early !== undefined) return { response: early, problems: [] };
  const judgement = judges[request.kind.kind]?.(request, settings.policy);
  if (judgement === undefined) return { response: denyKind(request), problems: [] };
  const isDenied = judgement.deniedCount > 0 && settings.mode === 'enforce' && !isRatcheted(request);
  const problems = [...judgement.denials, ...judgement.warnings];
  const response = isDenied ? deny(request, judgement) : tolerate(judgement);
  return { response: { ...response, auditAnnotations: annotate(problems, settings) }, problems };
}

/** What is written into each kind before it is judged. */
const mutations: Readonly<Record<string, (request: AdmissionRequest, settings: Settings) => AdmissionResponse>> = {
  Orchestration: writeDefaults,
  OrchestrationRun: stampRun,
};

/** Decides how to change an object before it is judged. Never denies, because no schema has checked the object yet. */
export function decideMutation(request: AdmissionRequest, settings: Settings): Decision {
  const { object, operation, subResource } = request;
  const isOurs = isWrite(operation) && subResource === '' && !isBeingDeleted(object);
  const kind = Object.keys(mutations).find((name) => isOurs && isKindOf(object, name)) ?? '';
  return { response: mutations[kind]?.(request, settings) ?? allow(), problems: [] };
}

function writeDefaults({ object, oldObject, operation }: AdmissionRequest, settings: Settings): AdmissionResponse {
  if (settings.mode === 'off') return allow();
  const previous = operation === 'UPDATE' ? oldObject : undefined;
  const defaulted = defaultOrchestration(object, previous, settings.defaulting, settings.policy.limits);
  return defaulted === undefined ? allow() : patch(patchDefaults(object, defaulted), defaulted.rewired);
}

/**
 * Writes the bucket of a new run and who creates it, in every mode, because this judges nothing. Templates get neither:
 * the runs that are copied from them have other creators and buckets.
 */
function stampRun({ uid, object, operation, username }: AdmissionRequest): AdmissionResponse {
  const { metadata } = asRecord(object);
  // An object without metadata, which no API server sends, has no place for a label.
  if (operation !== 'CREATE' || !isRecord(metadata)) return allow();
  if (asRecord(metadata['annotations'])[Annotation.Template] === 'true') return allow();
  const operations = [...stampBucket(object, uid), ...stampCreator(object, username)];
  return operations.length === 0 ? allow() : patch(operations);
}

/**
 * Derives the bucket of a run from the uid of the request, because a run has no uid yet. A nested run gets its bucket
 * from the reconciler. Without that label, its bucket follows from its name.
 */
function stampBucket(object: unknown, requestUid: string): readonly PatchOperation[] {
  const { labels, ownerReferences } = asRecord(asRecord(object)['metadata']);
  const owners = Array.isArray(ownerReferences) ? ownerReferences.map(asRecord) : [];
  const isNested = owners.some(({ kind, controller }) => kind === 'OrchestrationRun' && controller === true);
  if (isNested || readBucket(labels) !== undefined) return [];
  return patchLabel(object, Label.Bucket, String(bucketOfText(requestUid)));
}

/** Replaces a name that was copied from another run. */
function stampCreator(object: unknown, username: string): readonly PatchOperation[] {
  return username === '' ? [] : patchAnnotation(object, Annotation.CreatedBy, username);
}

/**
 * Answers requests that need no judgement. Allows deletions and subresources, and denies requests whose object does not
 * match their kind.
 */
function dismiss(request: AdmissionRequest): AdmissionResponse | undefined {
  const { kind, operation, object, subResource } = request;
  if (kind.group !== GROUP || kind.version !== VERSION || !Object.hasOwn(judges, kind.kind)) return denyKind(request);
  if (operation === 'DELETE' || subResource !== '') return allow();
  if (!isWrite(operation)) {
    return denyWith(400, 'BadRequest', `unknown operation ${quoteName(operation)}: expected CREATE, UPDATE or DELETE`);
  }
  if (!isKindOf(object, kind.kind)) {
    return denyWith(
      400,
      'BadRequest',
      `the request is about ${kind.kind} of ${API_VERSION}, but its object is not one`,
    );
  }
  return undefined;
}

function denyKind({ kind: { group, version, kind } }: AdmissionRequest): AdmissionResponse {
  const found = quoteName(`${group}/${version} ${kind}`);
  const message = `this webhook judges Orchestration and OrchestrationRun of ${API_VERSION}, not ${found}: fix its rules`;
  return denyWith(400, 'BadRequest', message);
}

/**
 * Whether to allow an object in spite of its problems. An object stored before a rule existed must stay editable in
 * everything but its graph: labels, finalizers, deletion. RunSpecImmutable needs no exception, because it is only about
 * a changed spec.
 */
function isRatcheted({ operation, object, oldObject }: AdmissionRequest): boolean {
  if (operation !== 'UPDATE') return false;
  return isBeingDeleted(object) || (isRecord(oldObject) && isEqual(asRecord(object)['spec'], oldObject['spec']));
}

function isBeingDeleted(object: unknown): boolean {
  const { deletionTimestamp } = asRecord(asRecord(object)['metadata']);
  return deletionTimestamp !== undefined && deletionTimestamp !== null;
}

function isKindOf(object: unknown, kind: string): boolean {
  return isRecord(object) && object['apiVersion'] === API_VERSION && object['kind'] === kind;
}

function isWrite(operation: string): boolean {
  return operation === 'CREATE' || operation === 'UPDATE';
}

function annotate(problems: Decision['problems'], { mode }: Settings): Readonly<Record<string, string>> {
  if (problems.length === 0) return { mode };
  return { mode, 'rule-codes': [...new Set(problems.map(({ code }) => code))].join(',') };
}
