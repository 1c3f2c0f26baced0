// `helm test`: sends the gate an Orchestration that waits for itself, and expects a refusal that names the loop.
// Who the gate is, is not checked: only the API server is told the authority. Any apply checks that too.
import { request } from 'node:https';

const steps = [
  { name: 'a', kind: 'Checkpoint', dependsOn: ['b'] },
  { name: 'b', kind: 'Checkpoint', dependsOn: ['a'] },
];
const kind = { group: 'orchestration.proompteng.ai', version: 'v1alpha1', kind: 'Orchestration' };
const object = {
  apiVersion: `${kind.group}/${kind.version}`,
  kind: kind.kind,
  metadata: { name: 'test' },
  spec: { steps },
};
const review = { uid: 'helm-test', kind, operation: 'CREATE', name: 'test', namespace: 'test', dryRun: true, object };
const body = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: review });

const options = {
  host: process.argv[1],
  port: 443,
  path: '/validate',
  method: 'POST',
  rejectUnauthorized: false,
  timeout: 10_000,
};
const sent = request({ ...options, headers: { 'content-type': 'application/json' } }, async (response) => {
  let text = '';
  for await (const chunk of response) text += chunk;
  process.stdout.write(`${response.statusCode} ${text}\n`);
  const { allowed, status } = JSON.parse(text).response;
  if (allowed || !status.message.includes('dependency cycle')) throw new Error('the gate did not refuse a cycle');
});
sent.on('timeout', () => sent.destroy(new Error('no answer within 10 s')));
sent.end(body);
