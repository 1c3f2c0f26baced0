import { join } from 'node:path';
import { connectApi } from './api.ts';
import type { Cluster } from './controlplane/cluster.ts';
import { waitUntil } from './namespaced-api.ts';

const chart = join(import.meta.dirname, '../../charts/orchestration-gate');
const apiVersion = 'orchestration.proompteng.ai/v1alpha1';
/** The words before the message of a policy in the API server's answer. */
const DENIED = / denied request: (.*)$/s;

/** An answer of the API server to a create. */
export interface Answer {
  /** 201 if the object is valid, 422 if it is denied. */
  readonly status: number;
  /** The message of the policy, if a policy denied the object. */
  readonly denied?: string;
  /** What a webhook or the schema said, one by one. */
  readonly causes: readonly { readonly reason?: string; readonly field?: string; readonly message?: string }[];
}

/** Creates an Orchestration with this name and spec. */
export type Create = (name: string, spec: object | undefined) => Promise<Answer>;

/** Returns a function that creates an Orchestration with this spec in a namespace; a dry run stores nothing. */
export function connectCreates(cluster: Cluster, namespace: string, isDryRun = true): Create {
  const send = connectApi(cluster);
  const path = `/apis/${apiVersion}/namespaces/${namespace}/orchestrations${isDryRun ? '?dryRun=All' : ''}`;
  return async (name, spec) => {
    const { status, body } = await send('POST', path, { apiVersion, kind: 'Orchestration', metadata: { name }, spec });
    const { message = '', details } = body as { message?: string; details?: { causes?: Answer['causes'] } };
    const denied = DENIED.exec(message)?.[1];
    return { status, causes: details?.causes ?? [], ...(denied !== undefined && { denied }) };
  };
}

/** Where the chart's policy for Orchestrations holds, and with which values of the chart (`settings.mode=warn`). */
interface TwinOptions {
  readonly release: string;
  readonly namespace: string;
  readonly values?: readonly string[];
}

/**
 * Installs the policy for Orchestrations of the chart, without a gate. Resolves when the API server applies it, or at
 * once if these values give no policy that denies. Returns a function that removes it, and waits until it no longer
 * applies.
 */
export async function installTwin(cluster: Cluster, options: TwinOptions): Promise<() => Promise<void>> {
  const { release, namespace, values = [] } = options;
  const manifest = await run(
    cluster.helm([
      ...['template', release, chart, '--namespace', namespace, '--show-only', 'templates/policytwin.yaml'],
      ...['policies.enabled=true', ...values].flatMap((value) => ['--set', value]),
    ]),
  );
  await run(cluster.kubectl(['apply', '-f', '-'], { input: manifest }));
  const create = connectCreates(cluster, namespace);
  const isAsked = async () => (await create('probe', { steps: [] })).denied !== undefined;
  const isDenying = /validationActions: \[Deny\]/.test(manifest);
  if (isDenying) await waitUntil('the policy to be asked', isAsked);
  return async () => {
    await run(cluster.kubectl(['delete', '--ignore-not-found', '-f', '-'], { input: manifest }));
    if (isDenying) await waitUntil('the policy to be gone', async () => !(await isAsked()));
  };
}

async function run(result: ReturnType<Cluster['kubectl']>): Promise<string> {
  const { code, stdout, stderr } = await result;
  if (code !== 0) throw new Error(stderr);
  return stdout;
}
