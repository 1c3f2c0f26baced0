import type { KubeClient } from '../../../src/kube/client.ts';
import { ignoreAbsence } from './follow.ts';
import { DELIVERIES, isFinal, POLICIES, type Stored } from './kinds.ts';
import { CHILD_KINDS, createChild } from './orchestration-children.ts';
import type { Step } from './orchestration-judge.ts';

/** An entry of `status.stepStatuses`. */
export interface StepStatus {
  readonly name: string;
  readonly kind: string;
  readonly phase: 'Pending' | 'Running' | 'Retrying' | 'Succeeded' | 'Failed';
  readonly attempt: number;
  readonly reason?: string;
  readonly message?: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly nextRetryAt?: string;
  readonly resourceRef?: { readonly name: string };
}

/** How an attempt ended; undefined while it runs. */
type Verdict = 'Succeeded' | { readonly reason: string; readonly message: string } | undefined;

const now = () => new Date().toISOString();
const APPROVED = ['approved', 'allowed', 'ready', 'succeeded'];
const DENIED = ['denied', 'rejected', 'blocked', 'failed'];

/** Takes the steps of a run one after another as far as they go, creating children on the way. */
export async function advanceSteps(client: KubeClient, run: Stored, steps: readonly Step[]): Promise<StepStatus[]> {
  const before = new Map<string, StepStatus>(
    (run['status']?.stepStatuses ?? []).map((status: StepStatus) => [status.name, status]),
  );
  const after: StepStatus[] = [];
  for (const step of steps) {
    const { name, kind } = step;
    const status = before.get(name) ?? { name, kind, phase: 'Pending', attempt: 0 };
    const isReady = (step.dependsOn ?? []).every(
      (other) => [...after, ...before.values()].find((one) => one.name === other)?.phase === 'Succeeded',
    );
    after.push(isFinal(status.phase) || !isReady ? status : await advance(client, run, step, status));
  }
  return after;
}

async function advance(client: KubeClient, run: Stored, step: Step, status: StepStatus): Promise<StepStatus> {
  if (status.phase === 'Running') return judge(step, status, await lookAt(client, run, step, status));
  if (status.nextRetryAt !== undefined && Date.parse(status.nextRetryAt) > Date.now()) return status;
  const { name, kind, attempt } = status;
  const begun = { name, kind, phase: 'Running', attempt: attempt + 1, startedAt: now() } as const;
  const child = CHILD_KINDS[kind];
  if (child === undefined) return judge(step, begun, await lookAt(client, run, step, begun));
  try {
    const resourceRef = (await createChild(client, run, step, child)) as { readonly name: string };
    return { ...begun, resourceRef };
  } catch (error) {
    return judge(step, begun, { reason: 'StepError', message: (error as Error).message });
  }
}

function judge(step: Step, status: StepStatus, verdict: Verdict): StepStatus {
  if (verdict === 'Succeeded') return { ...status, phase: 'Succeeded', finishedAt: now() };
  const { timeoutSeconds = 0, retries = 0, retryBackoffSeconds = 0 } = step;
  const isLate = timeoutSeconds > 0 && Date.now() > Date.parse(status.startedAt ?? '') + timeoutSeconds * 1000;
  const failure = verdict ?? (isLate && { reason: 'StepTimedOut', message: `timed out after ${timeoutSeconds}s` });
  if (!failure) return status;
  if (status.attempt <= retries) {
    const nextRetryAt = new Date(Date.now() + retryBackoffSeconds * 1000).toISOString();
    return { ...status, ...failure, phase: 'Retrying', nextRetryAt };
  }
  const { message } = failure;
  const reason = retries > 0 ? 'RetriesExhausted' : failure.reason;
  return { ...status, reason, message, phase: 'Failed', finishedAt: now() };
}

async function lookAt(client: KubeClient, run: Stored, step: Step, { resourceRef }: StepStatus): Promise<Verdict> {
  const { namespace } = run.metadata;
  const child = CHILD_KINDS[step.kind];
  if (child !== undefined) {
    const name = resourceRef?.name ?? '';
    const found = (await client.get(child.resource, { namespace, name }).catch(ignoreAbsence)) as Stored | undefined;
    if (found === undefined) return { reason: child.missing, message: `${child.resource.kind} ${name} not found` };
    const { phase } = found['status'] ?? {};
    if (phase === 'Succeeded' || !isFinal(phase)) return phase === 'Succeeded' ? phase : undefined;
    return { reason: child.failed, message: `${child.resource.kind} ${name} ${phase}` };
  }
  if (step.kind === 'Checkpoint' || step.kind === 'MemoryOp') return 'Succeeded';
  if (step.kind === 'ApprovalGate') return lookAtPolicy(client, namespace, nameIn(step['policyRef']));
  if (step.kind === 'SignalWait') return lookForDelivery(client, namespace, step);
  return { reason: 'UnsupportedStep', message: `unsupported step kind ${step.kind}` };
}

async function lookAtPolicy(client: KubeClient, namespace: string, name: string): Promise<Verdict> {
  const policy = (await client.get(POLICIES, { namespace, name }).catch(ignoreAbsence)) as Stored | undefined;
  const phase = String(policy?.['status']?.phase ?? '').toLowerCase();
  if (APPROVED.includes(phase)) return 'Succeeded';
  return DENIED.includes(phase) ? { reason: 'ApprovalDenied', message: `policy ${name} is ${phase}` } : undefined;
}

/** Any delivery that matches will do, however old. */
async function lookForDelivery(client: KubeClient, namespace: string, step: Step): Promise<Verdict> {
  const { items } = await client.list(DELIVERIES, { namespace });
  const [signal, delivery] = [nameIn(step['signalRef']), nameIn(step['deliveryId'])];
  const isMatch = ({ spec }: Stored) =>
    spec.signalRef.name === signal || (delivery !== '' && spec.deliveryId === delivery);
  return (items as readonly Stored[]).some(isMatch) ? 'Succeeded' : undefined;
}

function nameIn(reference: unknown): string {
  if (typeof reference === 'string') return reference;
  return (reference as { readonly name?: string } | undefined)?.name ?? '';
}
