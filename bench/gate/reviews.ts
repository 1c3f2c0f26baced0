import { type BenchGraph, chain, withExpressions, withLoop } from '../graphs.ts';

/** A review to send, and the expected answer. */
export interface Sample {
  readonly review: string;
  readonly uid: string;
  readonly isAllowed: boolean;
}

const resource = { group: 'orchestration.proompteng.ai', version: 'v1alpha1', resource: 'orchestrations' };
const kind = { group: resource.group, version: resource.version, kind: 'Orchestration' };

/** Returns an Orchestration of ToolRuns. */
export function toManifest({ steps }: { readonly steps: readonly object[] }, name: string, namespace: string) {
  const toolSteps = steps.map((step) => ({ ...step, kind: 'ToolRun', toolRef: { name: 'builder' } }));
  const apiVersion = `${resource.group}/${resource.version}`;
  return { apiVersion, kind: kind.kind, metadata: { name, namespace }, spec: { steps: toolSteps } };
}

/** Returns the creation of a chain, with everything that an API server sends. Each `index` is another object. */
export function sampleReview(steps: number, index: number): Sample {
  return sample(chain(steps), index, true);
}

/** Returns the creation of a chain in which each step has an expression. */
export function expressionReview(steps: number, index: number): Sample {
  return sample(withExpressions(chain(steps)), index, true);
}

/** Returns mostly chains of 20 steps. One in sixteen has 1,000 steps, and one in sixteen has a loop. */
export function mixedReview(index: number): Sample {
  if (index % 16 === 15) return sample(withLoop(chain(20)), index, false);
  return sampleReview(index % 16 === 14 ? 1000 : 20, index);
}

/** Returns the creation of any graph. */
export function sample(graph: Pick<BenchGraph, 'steps'>, index: number, isAllowed: boolean): Sample {
  const uid = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
  const name = `bench-${index}`;
  const request = {
    ...{ uid, kind, resource, requestKind: kind, requestResource: resource, name, namespace: 'default' },
    operation: 'CREATE',
    userInfo: { username: 'admin', uid: 'admin', groups: ['system:masters', 'system:authenticated'] },
    object: toManifest(graph, name, 'default'),
    oldObject: null,
    dryRun: false,
    options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'bench', fieldValidation: 'Strict' },
  };
  const review = JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request });
  return { review, uid, isAllowed };
}
