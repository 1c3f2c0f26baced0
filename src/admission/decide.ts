import { quoteName } from '../dag/display.ts';
import { asRecord, isRecord } from '../orchestration/decode.ts';
import { defaultOrchestration } from '../orchestration/defaults.ts';
import { isEqual } from '../orchestration/equality.ts';
import { type Judgement, judgeOrchestration, judgeRun, type Policy } from '../orchestration/judge.ts';
import { API_VERSION, GROUP, VERSION } from '../orchestration/schema.ts';
import type { Settings } from '../orchestration/settings.ts';
import { patchDefaults } from './patch.ts';
import { allow, deny, patch, refuse, tolerate } from './response.ts';
import type { AdmissionRequest, AdmissionResponse } from './review.ts';

/** An answer, and the codes of the rules that spoke, for the log and the audit log. */
export interface Decision {
  readonly response: AdmissionResponse;
  readonly problems: readonly { readonly code: string; readonly severity: 'deny' | 'warn' }[];
}

/** What each webhook asks of each kind. A request for anything else was never meant for us. */
const judges: Readonly<Record<string, (request: AdmissionRequest, policy: Policy) => Judgement>> = {
  Orchestration: ({ object }, policy) => judgeOrchestration(object, policy),
  OrchestrationRun: ({ object, oldObject, operation }, policy) =>
    judgeRun(object, operation === 'UPDATE' ? oldObject : undefined, policy),
};

/** Whether an object may be stored. Pure: it depends on nothing but its arguments. */
export function decideValidation(request: AdmissionRequest, settings: Settings): Decision {
  const early = settings.mode === 'off' ? allow() : dismiss(request);
  if (early !== undefined) return { response: early, problems: [] };
  const judgement = judges[request.kind.kind]?.(request, settings.policy);
  if (judgement === undefined) return { response: refuseKind(request), problems: [] };
  const isDenied = judgement.deniedCount > 0 && settings.mode === 'enforce' && !isRatcheted(request);
  const problems = [...judgement.denials, ...judgement.warnings];
  const response = isDenied ? deny(request, judgement) : tolerate(judgement);
  return { response: { ...response, auditAnnotations: annotate(problems, settings) }, problems };
}

/** How an Orchestration is changed before it is judged. It never refuses: it sees objects that no schema has checked. */
export function decideMutation(request: AdmissionRequest, settings: Settings): Decision {
  const { object, oldObject, operation, subResource } = request;
  const isOurs = isKindOf(object, 'Orchestration') && isWrite(operation) && subResource === '';
  if (settings.mode === 'off' || !isOurs || isBeingDeleted(object)) return { response: allow(), problems: [] };
  const previous = operation === 'UPDATE' ? oldObject : undefined;
  const defaulted = defaultOrchestration(object, previous, settings.defaulting, settings.policy.limits);
  if (defaulted === undefined) return { response: allow(), problems: [] };
  return { response: patch(patchDefaults(object, defaulted), defaulted.rewired), problems: [] };
}

/** The answer to what asks for no judgement: a deletion passes, and what is not what it says it is does not. */
function dismiss(request: AdmissionRequest): AdmissionResponse | undefined {
  const { kind, operation, object, subResource } = request;
  if (kind.group !== GROUP || kind.version !== VERSION || !Object.hasOwn(judges, kind.kind)) return refuseKind(request);
  if (operation === 'DELETE' || subResource !== '') return allow();
  if (!isWrite(operation)) {
    return refuse(400, 'BadRequest', `unknown operation ${quoteName(operation)}: expected CREATE, UPDATE or DELETE`);
  }
  if (!isKindOf(object, kind.kind)) {
    return refuse(400, 'BadRequest', `the request is about ${kind.kind} of ${API_VERSION}, and its object is not one`);
  }
  return undefined;
}

function refuseKind({ kind: { group, version, kind } }: AdmissionRequest): AdmissionResponse {
  const found = quoteName(`${group}/${version} ${kind}`);
  const message = `this webhook judges Orchestration and OrchestrationRun of ${API_VERSION}, not ${found}: mend its rules`;
  return refuse(400, 'BadRequest', message);
}

/**
 * An object stored before a rule existed must stay editable in everything but its graph: labels, finalizers, deletion.
 * RunSpecImmutable needs no exception, since it speaks only of a changed spec.
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
