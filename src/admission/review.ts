import { asRecord, isRecord } from '../orchestration/decode.ts';
import type { PatchOperation } from './patch.ts';

/** The fields of an admission.k8s.io/v1 AdmissionRequest that decisions use. The objects are not decoded. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly subResource: string;
  readonly operation: string;
  /** Empty if the name is not generated yet. */
  readonly name: string;
  readonly namespace: string;
  readonly isDryRun: boolean;
  /** The user who sent the request, after impersonation. */
  readonly username: string;
  readonly object: unknown;
  readonly oldObject: unknown;
}

/** An admission.k8s.io/v1 AdmissionResponse without its uid. */
export interface AdmissionResponse {
  readonly allowed: boolean;
  readonly status?: Status;
  readonly patch?: readonly PatchOperation[];
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

/** The fields of a metav1.Status that a webhook can set. */
export interface Status {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: {
    readonly group: string;
    readonly kind: string;
    readonly name: string;
    readonly causes: readonly { readonly reason: string; readonly field: string; readonly message: string }[];
  };
}

const API_VERSION = 'admission.k8s.io/v1';
const KIND = 'AdmissionReview';

/**
 * Decodes an AdmissionReview. Returns the uid even if nothing else can be read, so that an answer is possible.
 * `mistake` says why there is no request.
 */
export function decodeReview(body: unknown): { uid?: string; request?: AdmissionRequest; mistake?: string } {
  const { apiVersion, kind, request } = asRecord(body);
  if (!isRecord(request)) return { mistake: 'the body is not an AdmissionReview: it has no request' };
  const uid = textOf(request['uid']);
  if (uid === '') return { mistake: 'the AdmissionReview has no request.uid, so it cannot be answered' };
  if (apiVersion !== API_VERSION || kind !== KIND)
    return { uid, mistake: `the body is not an ${KIND} of ${API_VERSION}` };
  const { group, version, kind: requestKind } = asRecord(request['kind']);
  return {
    uid,
    request: {
      uid,
      kind: { group: textOf(group), version: textOf(version), kind: textOf(requestKind) },
      subResource: textOf(request['subResource']),
      operation: textOf(request['operation']),
      name: textOf(request['name']),
      namespace: textOf(request['namespace']),
      isDryRun: request['dryRun'] === true,
      username: textOf(asRecord(request['userInfo'])['username']),
      object: request['object'],
      oldObject: request['oldObject'],
    },
  };
}

/** Encodes a response as an AdmissionReview. */
export function encodeReview(uid: string, { patch, ...response }: AdmissionResponse): object {
  const patched = patch && { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
  return { apiVersion: API_VERSION, kind: KIND, response: { uid, ...response, ...patched } };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The `timeoutSeconds` of our webhook configurations, which applies if the API server sends no timeout. */
const DEFAULT_MS = 5_000;
/** The longest timeout that a webhook configuration can have. */
const LONGEST_MS = 30_000;

/**
 * Reads how long the API server waits, from its query parameter `timeout` (`5s`, `1m30s`). Invalid values count as 5 s.
 */
export function readTimeoutMs(query: unknown): number {
  const { timeout } = asRecord(query);
  if (typeof timeout !== 'string' || !/^(\d{1,9}(\.\d{1,9})?(ms|s|m))+$/.test(timeout)) return DEFAULT_MS;
  const parts = timeout.match(/[\d.]+(ms|s|m)/g) ?? [];
  const totalMs = parts.reduce((sum, part) => sum + Number.parseFloat(part) * unitMsOf(part), 0);
  return totalMs > 0 ? Math.min(totalMs, LONGEST_MS) : DEFAULT_MS;
}

function unitMsOf(part: string): number {
  if (part.endsWith('ms')) return 1;
  return part.endsWith('s') ? 1_000 : 60_000;
}
