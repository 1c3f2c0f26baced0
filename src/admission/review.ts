import { asRecord, isRecord } from '../orchestration/decode.ts';
import type { PatchOperation } from './patch.ts';

/** The fields of an admission.k8s.io/v1 AdmissionRequest that decide; objects are as they came. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly subResource: string;
  readonly operation: string;
  /** Empty where the name is yet to be generated. */
  readonly name: string;
  readonly namespace: string;
  readonly isDryRun: boolean;
  readonly object: unknown;
  readonly oldObject: unknown;
}

/** An admission.k8s.io/v1 AdmissionResponse, less its uid. */
export interface AdmissionResponse {
  readonly allowed: boolean;
  readonly status?: Status;
  readonly patch?: readonly PatchOperation[];
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

/** The part of a metav1.Status that a webhook may say. */
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
 * Reads an AdmissionReview. A uid that can be read is given even where nothing else can, since then an answer can be
 * addressed; `mistake` says why there is no request.
 */
export function decodeReview(body: unknown): { uid?: string; request?: AdmissionRequest; mistake?: string } {
  const { apiVersion, kind, request } = asRecord(body);
  if (!isRecord(request)) return { mistake: 'the body is no AdmissionReview: it has no request' };
  const uid = textOf(request['uid']);
  if (uid === '') return { mistake: 'the AdmissionReview has no request.uid: there is nothing to answer to' };
  if (apiVersion !== API_VERSION || kind !== KIND) return { uid, mistake: `the body is no ${KIND} of ${API_VERSION}` };
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
      object: request['object'],
      oldObject: request['oldObject'],
    },
  };
}

/** The AdmissionReview that carries an answer. */
export function encodeReview(uid: string, { patch, ...response }: AdmissionResponse): object {
  const patched = patch && { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
  return { apiVersion: API_VERSION, kind: KIND, response: { uid, ...response, ...patched } };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
