import { expect, test } from 'vitest';
import { errorFromAnswer } from '../../src/kube/errors.ts';
import { isVerdict, shortenDenial } from '../../src/kube/verdict.ts';

const name = 'toolruns.tools.proompteng.ai "child" is forbidden:';

// Messages of Kubernetes 1.34 to 1.36.
test.each<[code: number, reason: string, message: string, isVerdict: boolean]>([
  [422, 'Invalid', 'ToolRun "child" is invalid: spec.toolRef: Required value', true],
  [400, 'BadRequest', 'ToolRun in version "v1alpha1" cannot be handled as a ToolRun', true],
  [400, '', 'admission webhook "w.example.com" denied the request: no', true],
  [400, 'BadRequest', 'admission webhook "w.example.com" does not support dry run', false],
  [403, '', 'admission webhook "w.example.com" denied the request: no', true],
  [422, 'Invalid', "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no", true],
  [403, 'Forbidden', `${name} ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no`, true],
  [403, 'Forbidden', `${name} exceeded quota: q, requested: count/toolruns=1, used: …, limited: …`, false],
  [403, 'Forbidden', `${name} status unknown for quota: q, resources: count/toolruns.tools.proompteng.ai`, false],
  [403, 'Forbidden', 'toolruns.tools.proompteng.ai is forbidden: User "x" cannot create resource "toolruns"', false],
  [403, 'Forbidden', `${name} cannot set blockOwnerDeletion if an ownerReference refers to a resource …`, false],
  [403, 'Forbidden', `${name} unable to create new content in namespace n because it is being terminated`, false],
  [403, 'Forbidden', `${name} not yet ready to handle request`, false],
  [404, 'NotFound', 'namespaces "n" not found', false],
  [404, '', '404 page not found', false],
  [429, 'TooManyRequests', 'admission webhook "w.example.com" denied the request: later', false],
  [500, 'InternalError', 'Internal error occurred: failed calling webhook "w.example.com": connect refused', false],
  [500, '', 'admission webhook "w.example.com" denied the request: a fault of mine', false],
])('the answer %i %s “%s” is a verdict on the object: %s', (code, reason, message, expected) => {
  const status = { kind: 'Status', code, message, ...(reason !== '' && { reason }) };
  expect(isVerdict(errorFromAnswer(code, JSON.stringify(status)))).toBe(expected);
});

test('the denial of a policy starts with its message and not with its name, binding and object', () => {
  const words = 'this account may not make Jobs whose pods have hostNetwork';
  const head = `jobs.batch "x" is forbidden: ValidatingAdmissionPolicy 'agents-gate-tool-jobs' with binding 'b' denied request: `;
  expect(shortenDenial(head + words)).toBe(`policy agents-gate-tool-jobs denied it: ${words}`);
  expect(shortenDenial('admission webhook "w" denied the request: no')).toContain('webhook "w"');
});
