import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { KubeError } from '../../../src/kube/errors.ts';
import type { Ending, Script } from '../agents-controller.ts';
import type { ClusterAddress } from '../controlplane/cluster.ts';
import { connectKube } from '../kube.ts';
import { agentRunOf, type Container, createAgentJob, endOf, endPodOf } from './agent-jobs.ts';
import {
  blocked,
  failed,
  judgeParameters,
  type Refusal,
  type RuntimeRef,
  refused,
  running,
  succeeded,
} from './agent-run-status.ts';
import { createAttemptNumbers } from './attempts.ts';
import { follow, ignoreAbsence } from './follow.ts';
import { AGENT_RUNS, CREATOR, isFinal, JOBS, keyOf, nameOf, type Stored } from './kinds.ts';
import { createChains } from './queues.ts';
import { type Retention, startSweeping } from './retention.ts';
import type { StandIn } from './stand-in.ts';
import { createStatusWriter } from './status-writer.ts';

export interface AgentsControllerOptions extends Retention {
  /** `real`: a Job for each AgentRun, whose end counts. `simulated`: none, and the script alone counts. */
  readonly jobs: 'real' | 'simulated';
  /** How attempts end if no kubelet runs their pods. Without a script, the kubelet that runs the pods decides. */
  readonly script?: Script;
  readonly container?: Container;
  /** Refuses AgentRuns for reasons other than the limits of parameters, such as a missing Agent. */
  readonly refuse?: (agentRun: Stored) => Refusal | undefined;
  /** How many AgentRuns may run at a time. */
  readonly limits?: { readonly namespace: number; readonly agent: number };
}

const CLEANUP = 'agents.proompteng.ai/runtime-cleanup';
const LIMITS = { namespace: 10, agent: 5 };
/** How often, and how far apart, the status is written again right after the start. */
const REWRITES = { count: 4, everyMs: 40 };
const RETRY_MS = 250;

/** Starts a stand-in for the agents controller of the agents chart; resolves when it watches. */
export async function startAgentsController(
  { kubeconfig }: Pick<ClusterAddress, 'kubeconfig'>,
  namespaces: readonly string[],
  options: AgentsControllerOptions,
): Promise<StandIn> {
  const { jobs, script, container = { image: 'agent-runner' }, refuse = () => undefined, limits = LIMITS } = options;
  const { close, requests, ...client } = connectKube(kubeconfig);
  const writeStatus = createStatusWriter(client);
  const chains = createChains();
  const stopping = new AbortController();
  const playing = new Set<Promise<void>>();
  /** Each AgentRun as its last event delivered it, by key. */
  const known = new Map<string, Stored>();
  const active = new Set<string>();
  /** The uids of AgentRuns that have ended: the event that reports this may come later. */
  const ended = new Set<string>();
  const endings = new Map<string, Ending>();
  const numberOf = createAttemptNumbers();

  /** Queues work behind all earlier work for an AgentRun, and repeats it until it succeeds or the object is gone. */
  function attend(key: string, work: (agentRun: Stored, key: string) => Promise<void>): void {
    chains.of(key).add(async () => {
      const agentRun = known.get(key);
      if (agentRun === undefined) return;
      try {
        await work(agentRun, key);
      } catch (error) {
        if (error instanceof KubeError && error.reason === 'NotFound') return forget(key);
        await delay(RETRY_MS);
        attend(key, work);
      }
    });
  }

  async function advance(agentRun: Stored, key: string): Promise<void> {
    const { metadata, status = {} } = agentRun;
    if (metadata.deletionTimestamp !== undefined) return release(agentRun, key);
    if (isFinal(status.phase) || active.has(key) || ended.has(metadata.uid)) return;
    const finalizers = metadata.finalizers ?? [];
    if (!finalizers.includes(CLEANUP)) await setFinalizers(agentRun, [...finalizers, CLEANUP]);
    const refusal = refuse(agentRun) ?? judgeParameters(agentRun);
    if (refusal !== undefined) {
      await writeStatus(AGENT_RUNS, agentRun, refused(agentRun, refusal));
    } else if (status.phase !== 'Running' && isFull(agentRun)) {
      await writeStatus(AGENT_RUNS, agentRun, blocked(agentRun, 'ConcurrencyLimit'));
    } else {
      active.add(key);
      await start(agentRun, key).catch((error: unknown) => {
        active.delete(key);
        throw error;
      });
    }
  }

  async function start(agentRun: Stored, key: string): Promise<void> {
    const { metadata, status = {} } = agentRun;
    const { namespace, name } = metadata;
    const simulated = { type: 'job', name: `${name}-job`, namespace, uid: randomUUID() } as const;
    const runtimeRef: RuntimeRef =
      status.runtimeRef ?? (jobs === 'real' ? await createAgentJob(client, agentRun, container) : simulated);
    for (let written = 0; status.phase !== 'Running' && written <= REWRITES.count; written++) {
      if (written > 0) await delay(REWRITES.everyMs);
      await writeStatus(AGENT_RUNS, agentRun, running(agentRun, runtimeRef));
    }
    const ending = script?.(numberOf(agentRun));
    if (ending !== undefined) play(key, runtimeRef, ending);
    // It may have ended before this began to watch it.
    if (jobs === 'real') finishWith((await client.get(JOBS, runtimeRef).catch(ignoreAbsence)) as Stored | undefined);
  }

  /** Ends an attempt when its time has come: its pod, or the AgentRun itself if there is no Job. */
  function play(key: string, job: RuntimeRef, ending: Ending): void {
    const { signal } = stopping;
    endings.set(key, ending);
    const played = delay(ending.afterMs, undefined, { signal })
      .then(() => {
        if (jobs === 'real') return endPodOf(client, job, ending.phase === 'Succeeded' ? 0 : 1, signal);
        return finish(key, ending.phase === 'Succeeded' ? null : { reason: 'JobFailed', message: '' });
      })
      .catch(() => {})
      .finally(() => playing.delete(played));
    playing.add(played);
  }

  function finishWith(job: Stored | undefined): void {
    const [key, end] = job === undefined ? [] : [agentRunOf(job), endOf(job)];
    if (key !== undefined && end !== undefined) finish(key, end);
  }

  /** Ends an AgentRun. Without a cause, it has succeeded. */
  function finish(key: string, cause: Refusal | null): void {
    attend(key, async (agentRun) => {
      if (isFinal(agentRun['status']?.phase) || ended.has(agentRun.metadata.uid)) return;
      const message = endings.get(key)?.message ?? cause?.message ?? '';
      const status = cause === null ? succeeded(agentRun) : failed(agentRun, { ...cause, message });
      await writeStatus(AGENT_RUNS, agentRun, status);
      ended.add(agentRun.metadata.uid);
      makeRoom(key);
    });
  }

  /** Lets go of an AgentRun that is being deleted, after deleting its Job. */
  async function release(agentRun: Stored, key: string): Promise<void> {
    const { namespace, name } = agentRun.metadata;
    const finalizers = agentRun.metadata.finalizers ?? [];
    if (finalizers.includes(CLEANUP)) {
      const job = { namespace, name: `${name}-job` };
      await client.delete(JOBS, job, { propagationPolicy: 'Background' }).catch(ignoreAbsence);
      await setFinalizers(
        agentRun,
        finalizers.filter((one) => one !== CLEANUP),
      );
    }
    forget(key);
  }

  async function setFinalizers(agentRun: Stored, finalizers: readonly string[]): Promise<void> {
    const patch = { type: 'merge', body: { metadata: { finalizers } } } as const;
    await client.patch(AGENT_RUNS, nameOf(agentRun), patch, { fieldManager: CREATOR });
  }

  function forget(key: string): void {
    known.delete(key);
    endings.delete(key);
    makeRoom(key);
  }

  function makeRoom(key: string): void {
    active.delete(key);
    for (const other of known.keys()) attend(other, advance);
  }

  function isFull({ metadata, spec }: Stored): boolean {
    const others = [...active]
      .flatMap((key) => known.get(key) ?? [])
      .filter((other) => other.metadata.namespace === metadata.namespace);
    const ofAgent = others.filter((other) => other['spec'].agentRef.name === spec.agentRef.name);
    return others.length >= limits.namespace || ofAgent.length >= limits.agent;
  }

  function see(agentRun: Stored): void {
    numberOf(agentRun); // one that is deleted before it starts counts as an attempt too
    known.set(keyOf(agentRun), agentRun);
    attend(keyOf(agentRun), advance);
  }

  const following = await follow({
    client,
    resources: jobs === 'real' ? [AGENT_RUNS, JOBS] : [AGENT_RUNS],
    namespaces,
    onEvent: (object) => (object.kind === JOBS.kind ? finishWith(object) : see(object)),
  });
  const agentRuns = following.listed.filter(({ kind }) => kind === AGENT_RUNS.kind);
  for (const agentRun of agentRuns.toSorted(byAge)) see(agentRun);
  const stopSweeping = startSweeping(client, namespaces, options);
  return {
    requests,
    stop: async () => {
      stopSweeping();
      stopping.abort();
      await following.stop();
      await chains.stop();
      await Promise.all(playing);
      await close();
    },
  };
}

function byAge(a: Stored, b: Stored): number {
  return String(a.metadata.creationTimestamp).localeCompare(String(b.metadata.creationTimestamp));
}
