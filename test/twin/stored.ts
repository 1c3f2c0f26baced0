import type { Cluster } from '../support/controlplane/cluster.ts';
import { findFreePorts } from '../support/controlplane/network.ts';
import { applyWebhooks } from '../support/gate.ts';
import { connectNamespace } from '../support/namespaced-api.ts';
import { connectCreates, installTwin } from '../support/policy-twin.ts';
import { ring } from '../support/steps.ts';
import { mistakes } from '../support/twin-mistakes.ts';

/** How many creates are under way at once. */
const WORKERS = 8;

/** Mistakes that only the gate denies. */
const beyond = [
  { code: 'DependencyCycle', spec: { steps: ring(3).map((step) => ({ kind: 'Checkpoint', ...step })) } },
  { code: 'InvalidExpression', spec: { steps: [{ name: 'a', kind: 'Checkpoint', when: '1 +' }] } },
];

/**
 * Creates objects with each kind of mistake, while the webhooks are set to Ignore and nothing listens where they point.
 * Gives for each kind how many were denied by the name of the rule, how many were stored, and how many were neither.
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
  for (const { code, spec } of [...mistakes, ...beyond]) yield await play(cluster, namespace, { code, spec, applies });
}

async function play(
  cluster: Cluster,
  namespace: string,
  { code, spec, applies }: { readonly code: string; readonly spec: object; readonly applies: number },
): Promise<readonly (string | number)[]> {
  const create = connectCreates(cluster, namespace, false);
  let denied = 0;
  const names = Array.from({ length: applies }, (_, index) => `${code.toLowerCase()}-${index}`).values();
  const work = async () => {
    for (const name of names) if ((await create(name, spec)).denied?.endsWith(`(${code})`)) denied++;
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  const stored = (await connectNamespace(cluster, namespace).list('Orchestration')).length;
  await cluster.kubectl(['--namespace', namespace, 'delete', 'orchestrations', '--all']);
  return [code, denied, stored, applies - denied - stored];
}
