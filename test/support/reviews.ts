import { type AdmissionRequest, decodeReview } from '../../src/admission/review.ts';

export const API_VERSION = 'orchestration.proompteng.ai/v1alpha1';

/** An Orchestration named `nightly`; `parts` are laid over its metadata and spec. */
export function orchestration(steps: unknown, parts: { metadata?: object; spec?: object } = {}) {
  return {
    apiVersion: API_VERSION,
    kind: 'Orchestration',
    metadata: { name: 'nightly', namespace: 'agents', ...parts.metadata },
    spec: { steps, ...parts.spec },
  };
}

/** An OrchestrationRun named `nightly-1`; `parts` are laid over it. */
export function orchestrationRun(spec: unknown, parts: { metadata?: object; status?: object } = {}) {
  return {
    apiVersion: API_VERSION,
    kind: 'OrchestrationRun',
    metadata: { name: 'nightly-1', namespace: 'agents', ...parts.metadata },
    spec,
    ...(parts.status && { status: parts.status }),
  };
}

/** Checkpoints, which need no reference: `checkpoint('b', 'a')` waits for a, `checkpoint('a')` declares nothing. */
export function checkpoint(name: string, ...dependsOn: string[]) {
  return { name, kind: 'Checkpoint', ...(dependsOn.length > 0 && { dependsOn }) };
}

/** Two steps that wait for each other: nothing that contains them may be let pass. */
export const cycle = [checkpoint('a', 'b'), checkpoint('b', 'a')];

/** An AdmissionReview that asks for the creation of `object`, unless `fields` of the request say otherwise. */
export function review<T>(object: T, fields: object = {}) {
  const { kind, metadata } = Object(object);
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '7d2f3a4e',
      kind: { group: 'orchestration.proompteng.ai', version: 'v1alpha1', kind },
      operation: 'CREATE',
      name: metadata?.name,
      namespace: metadata?.namespace,
      object,
      oldObject: null,
      ...fields,
    },
  };
}

/** The request of `review`, decoded. */
export function request(object: unknown, fields: object = {}): AdmissionRequest {
  const { request: decoded, mistake } = decodeReview(review(object, fields));
  if (decoded === undefined) throw new Error(mistake);
  return decoded;
}

/** The change of `before` into `after`. */
export function update(before: unknown, after: unknown, fields: object = {}): AdmissionRequest {
  return request(after, { operation: 'UPDATE', oldObject: before, ...fields });
}
