import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient } from '../../src/kube/client.ts';
import { KubeError } from '../../src/kube/errors.ts';
import type { Resource } from '../../src/kube/resources.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import type { RunStatus } from '../../src/orchestration/run-status.ts';
import { POLICIES, RUNS, resourceOf } from '../support/model/engine.ts';
import type { Entry, Journal } from './journal.ts';
import { POLICY, SIGNAL } from './mixed-run.ts';

const DELIVERIES: Resource = {
  ...POLICIES,
  group: 'signals.proompteng.ai',
  plural: 'signaldeliveries',
  kind: 'SignalDelivery',
};
const STEP = 'agents.proompteng.ai/orchestration-step';
const patienceMs = 180_000;

/** What a child does: it ends after a while, or hangs (undefined). */
export type Outcome = (step: string, attempt: number, child: KubeObject) => string | undefined;

/** The scripted stand-in for the world around the reconciler: ends children, approves, signals. */
export interface HandsOptions {
  readonly client: KubeClient;
  readonly journal: Journal;
  readonly namespace: string;
  readonly outcomeOf: Outcome;
  readonly delayMs: () => number;
  /** Whether to delete a child as soon as it has ended: an end that nobody saw is then lost. */
  readonly removes?: (child: KubeObject) => boolean;
}

/** Begins to act on what the journal tells. Never fails: what it cannot do now it does when the API server is back. */
export function lendHands({ client, journal, namespace, outcomeOf, delayMs, removes }: HandsOptions): void {
  /** Owner's uid and step to the children, in the order of their creation. */
  const attempts = new Map<string, string[]>();
  const given = new Set<string>();
  const status = { subresource: 'status' } as const;

  function attemptOf({ metadata }: KubeObject): number {
    const key = `${metadata.ownerReferences?.[0]?.uid} ${stepOf(metadata)}`;
    const names = attempts.get(key) ?? [];
    if (!names.includes(metadata.name)) names.push(metadata.name);
    attempts.set(key, names);
    return names.indexOf(metadata.name) + 1;
  }

  async function end(child: KubeObject): Promise<void> {
    // One that hangs has started: its time counts.
    const phase = outcomeOf(stepOf(child.metadata), attemptOf(child), child) ?? 'Running';
    if (phase !== 'Running') await delay(delayMs());
    const target = { namespace, name: child.metadata.name };
    const resource = resourceOf(child.kind);
    const body = { metadata: { uid: child.metadata.uid }, status: { phase } };
    await insist(() => client.patch(resource, target, { type: 'merge', body }, status));
    if (phase !== 'Running' && removes?.(child)) await insist(() => client.delete(resource, target));
  }

  async function answerGates({ metadata, status: stored }: KubeObject): Promise<void> {
    const { stepStatuses = [] } = (stored ?? {}) as Partial<RunStatus>;
    const waitsAt = (kind: string) => stepStatuses.some((step) => step.kind === kind && step.phase === 'Running');
    if (waitsAt('ApprovalGate') && isNew('approval')) {
      await insist(() => client.create(POLICIES, object(POLICIES, POLICY, {})));
      const body = { status: { phase: 'Approved' } };
      await insist(() => client.patch(POLICIES, { namespace, name: POLICY }, { type: 'merge', body }, status));
    }
    if (waitsAt('SignalWait') && isNew(`signal ${metadata.uid}`)) {
      const delivery = object(DELIVERIES, `for-${metadata.uid}`, { signalRef: { name: SIGNAL } });
      await insist(() => client.create(DELIVERIES, delivery));
    }
  }

  function isNew(key: string): boolean {
    if (given.has(key)) return false;
    given.add(key);
    return true;
  }

  const object = ({ group, version, kind }: Resource, name: string, spec: object) => ({
    apiVersion: `${group}/${version}`,
    kind,
    metadata: { name, namespace },
    spec,
  });

  journal.onEntry(({ type, object: changed }: Entry) => {
    if (changed.kind === RUNS.kind && type === 'MODIFIED') void answerGates(changed);
    // A SubOrchestration's run ends by itself.
    if (changed.kind !== RUNS.kind && type === 'ADDED' && changed.metadata.annotations?.[STEP]) void end(changed);
  });
}

export function stepOf({ annotations }: KubeObject['metadata']): string {
  return annotations?.[STEP] ?? '';
}

/** Tries again for as long as the error is transient. */
async function insist(call: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    const error = await call().then(
      () => undefined,
      (failure: unknown) => failure,
    );
    if (!(error instanceof KubeError) || !error.isTransient) return;
    await delay(200);
  }
}
