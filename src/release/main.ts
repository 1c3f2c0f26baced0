import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Outcome } from '../cli/command.ts';
import type { ReleaseConfiguration } from '../cli/commands/release.ts';
import { chooseCredentials } from '../kube/choose-credentials.ts';
import { createKubeClient } from '../kube/client.ts';
import { seizeLease } from '../kube/lease.ts';
import { createTiming } from '../kube/ports.ts';
import { createTransport } from '../kube/transport.ts';
import { listChildKinds, resourceOf } from '../orchestration/kinds/step-kinds.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import { FieldManager } from '../orchestration/vocabulary/metadata.ts';
import { createLogger } from '../runtime/log.ts';
import { releaseAll } from './release.ts';

/** How long nobody leads afterwards: until the rest of the release is deleted. If it is not, an engine goes on then. */
const PAUSE_SECONDS = 600;
/** A little more than the 10 s after which an engine that cannot renew its Lease has ended. */
const SETTLE_MS = 12_000;
const MOST_MS = 90_000;

/** `orchestration-gate release`: takes our finalizer from children. Wiring only. */
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
    const target = { namespace: ownNamespace, name: FieldManager.Reconciler };
    const wasHeld =
      stopsEngine && (await seizeLease(client, target, `release on ${hostname()}`, new Date(), PAUSE_SECONDS));
    if (wasHeld) say(`the engine has lost its Lease ${ownNamespace}/${FieldManager.Reconciler} for ${PAUSE_SECONDS} s`);
    const isDone = await releaseAll({
      ...{ client, resources, timing, say, atLeastMs: wasHeld ? SETTLE_MS : 0, atMostMs: MOST_MS },
      namespaces: namespaces.includes('*') ? undefined : namespaces,
    });
    if (isDone) say(`no ${resources.map(({ kind }) => kind).join(' or ')} is held`);
    return { exitCode: isDone ? 0 : 1, stdout: '', stderr: '' };
  } finally {
    await transport.close();
  }
}
