import type { Cluster } from '../support/controlplane/cluster.ts';
import { findFreePorts } from '../support/controlplane/network.ts';
import { applyWebhooks } from '../support/gate.ts';
import { connectNamespace, waitUntil } from '../support/namespaced-api.ts';
import { connectCreates, installTwin } from '../support/policy-twin.ts';
import { type Reconciler, startReconciler } from '../support/reconciler.ts';
import { ring } from '../support/steps.ts';
import { mistakes } from '../support/twin-mistakes.ts';

/** How many creates are under way at once. */
const WORKERS = 8;
const patienceSeconds = 300;

/** Mistakes that only the gate denies. */
const beyond = [
  { code: 'DependencyCycle', spec: { steps: ring(3).map((step) => ({ kind: 'Checkpoint', ...step })) } },
  { code: 'InvalidExpression', spec: { steps: [{ name: 'a', kind: 'Checkpoint', when: '1 +' }] } },
];

/**
 * Creates objects with each kind of mistake, while the webhooks are set to Ignore and nothing listens where they point, and
 * a reconciler audits what is stored. Gives for each kind how many were denied by the name of the rule, how many were stored,
 * how many were neither, how many the audit counts, and how many seconds after the last answer it counts all that are stored.
 */
export async function* countStored(
  cluster: Cluster,
  namespace: string,
  applies: number,
): AsyncGenerator<readonly (string | number)[]> {
  const [port] = await findFreePorts(1);
  const values = ['webhook.failurePolicy=Ignore'];
  await applyWebhooks(cluster, `https://127.0.0.1:${port}`, { release: 'gate', namespaces: [namespace], values });
  await installTwin(cluster, { release: 'gate', namespace });
  const auditor = await startReconciler(cluster, {
    ownNamespace: namespace,
    environment: { AGENTS_ORCHESTRATION_CONTROLLER_ENABLED: 'false' },
    flags: [`--audit-namespaces=${namespace}`],
  });
  try {
    for (const { code, spec } of [...mistakes, ...beyond])
      yield await play({ cluster, namespace, auditor, code, spec, applies });
  } finally {
    await auditor.stop();
  }
}

interface Play {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly auditor: Reconciler;
  readonly code: string;
  readonly spec: object;
  readonly applies: number;
}

async function play({ cluster, namespace, auditor, code, spec, applies }: Play): Promise<readonly (string | number)[]> {
  const create = connectCreates(cluster, namespace, false);
  let denied = 0;
  const names = Array.from({ length: applies }, (_, index) => `${code.toLowerCase()}-${index}`).values();
  const work = async () => {
    for (const name of names) if ((await create(name, spec)).denied?.endsWith(`(${code})`)) denied++;
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  const answeredAt = performance.now();
  const series = `orchestration_gate_audit_orchestrations{resource_namespace="${namespace}",code="${code}",severity="deny"}`;
  const found = async () => (await auditor.readMetric(series)) ?? 0;
  const stored = (await connectNamespace(cluster, namespace).list('Orchestration')).length;
  const isFound = async () => (await found()) === stored;
  await waitUntil(`the audit to find ${stored} of ${code}`, isFound, undefined, patienceSeconds);
  const seconds = (performance.now() - answeredAt) / 1000;
  await cluster.kubectl(['--namespace', namespace, 'delete', 'orchestrations', '--all']);
  await waitUntil(`the audit to forget ${code}`, async () => (await found()) === 0, undefined, patienceSeconds);
  return [code, denied, stored, applies - denied - stored, ...(stored > 0 ? [stored, seconds.toFixed(1)] : ['-', '-'])];
}
