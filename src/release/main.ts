import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Outcome } from '../cli/command.ts';
import type { ReleaseConfiguration } from '../cli/commands/release.ts';
import { chooseCredentials } from '../kube/choose-credentials.ts';
import { createKubeClient } from '../kube/client.ts';
import { createTiming } from '../kube/ports.ts';
import { createTransport } from '../kube/transport.ts';
import { listChildKinds, resourceOf } from '../orchestration/kinds/step-kinds.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import { FieldManager } from '../orchestration/vocabulary/metadata.ts';
import { createLogger } from '../runtime/log.ts';
import { releaseAll } from './release.ts';
import { stopEngines } from './stop-engines.ts';

/** How long no engine works, so that the rest of the release can be deleted. If it is not, engines go on afterwards. */
const PAUSE_SECONDS = 600;
/** An engine sees the Lease within 2 s or has ended after 10 s, and then ends its reconciles within 10 s. */
const SETTLE_MS = 20_000;
const MOST_MS = 90_000;

/** `orchestration-gate release`: removes our finalizer from children. Wiring only. */
export async function release(
  { kubeconfig, namespaces, ownNamespace, stopsEngine }: ReleaseConfiguration,
  process: NodeJS.Process,
): Promise<Outcome> {
  const timing = createTiming(() => performance.now());
  const load = await chooseCredentials(kubeconfig, { environment: process.env, now: Date.now });
  const transport = createTransport({ load, timing, log: createLogger({ level: 'warn' }), watches: 1 });
  const client = createKubeClient({ transport, timing });
  const resources = listChildKinds(stepKinds).flatMap((kind) => (kind.isHeld ? [resourceOf(kind)] : []));
  const say = (sentence: string) => process.stdout.write(`${sentence}\n`);
  try {
    const lease = { namespace: ownNamespace, name: FieldManager.Reconciler };
    const stopping = { client, lease, identity: `release on ${hostname()}`, now: new Date(), seconds: PAUSE_SECONDS };
    const areThere = stopsEngine && (await stopEngines(stopping));
    if (stopsEngine)
      say(`no engine works for ${PAUSE_SECONDS} s: release holds the Lease ${lease.namespace}/${lease.name}`);
    const isDone = await releaseAll({
      ...{ client, resources, timing, say, atLeastMs: areThere ? SETTLE_MS : 0, atMostMs: MOST_MS },
      namespaces: namespaces.includes('*') ? undefined : namespaces,
    });
    if (isDone) say(`no ${resources.map(({ kind }) => kind).join(' or ')} is held`);
    return { exitCode: isDone ? 0 : 1, stdout: '', stderr: '' };
  } finally {
    await transport.close();
  }
}
