import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { startReflector } from '../../src/kube/reflector.ts';
import type { Resource } from '../../src/kube/resources.ts';
import { createStore } from '../../src/kube/store.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import { resolveBinaries } from '../../test/support/controlplane/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../test/support/controlplane/controlplane.ts';
import { readSettings } from '../../test/support/controlplane/settings.ts';
import { resolveTools } from '../../test/support/controlplane/tools.ts';
import { installCrds } from '../../test/support/gate.ts';
import { connectKube, type ObservedClient } from '../../test/support/kube.ts';
import { silentLog, systemTiming } from '../../test/support/timing.ts';

const resource = (group: string, kind: string): Resource => ({
  group,
  version: 'v1alpha1',
  kind,
  plural: `${kind.toLowerCase()}s`,
  namespaced: true,
});
const ORCHESTRATIONS = resource('orchestration.proompteng.ai', 'Orchestration');
const RUNS = resource('orchestration.proompteng.ai', 'OrchestrationRun');
const TOOL_RUNS = resource('tools.proompteng.ai', 'ToolRun');
const AGENT_RUNS = resource('agents.proompteng.ai', 'AgentRun');
const HOME = 'bench';
/** The service account of the reconciler, by which the audit log identifies its writes. */
const ACCOUNT = 'reconciler';

/** How the children of a namespace end: the phase for each attempt (from 1), and how long after the child appeared. */
export interface Script {
  readonly afterMs: number;
  readonly phase?: (step: string, attempt: number) => 'Succeeded' | 'Failed';
}

/** A child as the stand-in for the controllers of tools and agents saw it. Times are those of `performance.now()`. */
export interface Child {
  readonly kind: string;
  readonly run: string;
  readonly step: string;
  readonly seenMs: number;
  /** When the API server had stored its end. */
  endedMs?: number;
  /** How long the API server took to store its end. */
  endTookMs?: number;
}

/** A control plane with runs on it, until disposed. */
export interface Stage extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly client: ObservedClient;
  /** A kubeconfig with the reconciler's service account. */
  readonly kubeconfig: string;
  /** Makes a namespace in which children end as the script says. Without a script, they do not end. */
  readonly open: (script?: Script) => Promise<Scene>;
}

/** A namespace of its own. */
export interface Scene {
  readonly namespace: string;
  /** In the order in which they appeared. */
  readonly children: readonly Child[];
  /**
   * Stores an Orchestration with this name and these steps, and this many runs of it, `NAME-0` and so on: sixteen at
   * once, or one every `apartMs`.
   */
  readonly start: (steps: readonly object[], runs: number, apartMs?: number, name?: string) => Promise<void>;
  /** Resolves when this many runs have ended, and no child has a finalizer. */
  readonly untilEnded: (runs: number) => Promise<void>;
  /** Resolves when this many children have appeared. */
  readonly untilChildren: (children: number) => Promise<void>;
  /** Ends a running child. */
  readonly end: (child: Child) => Promise<void>;
  /** Counts the writes so far: those of the reconciler, and all. */
  readonly countWrites: () => Promise<{ readonly reconciler: number; readonly all: number }>;
}

/** Starts a control plane that writes an audit log, with the CRDs of the stand-ins for the agents chart. */
export async function openStage(): Promise<Stage> {
  const settings = readSettings(process.env);
  const binaries = await resolveBinaries(settings, console.error);
  const tools = await resolveTools(settings);
  const plane = await startControlPlane({ binaries, tools, environment: settings.environment, audit: true });
  await installCrds(plane, 'agents');
  for (const command of [
    ['create', 'namespace', HOME],
    ['create', 'serviceaccount', ACCOUNT, '--namespace', HOME],
    ['create', 'clusterrolebinding', HOME, '--clusterrole=cluster-admin', `--serviceaccount=${HOME}:${ACCOUNT}`],
  ]) {
    const { code, stderr } = await plane.kubectl(command);
    if (code !== 0) throw new Error(stderr);
  }
  const client = connectKube(plane.kubeconfig);
  const scenes = new Map<string, (object: KubeObject) => void>();
  const follow = (followed: Resource) =>
    startReflector({
      client,
      resource: followed,
      store: createStore({
        onChange: ({ object }) => scenes.get(object.metadata.namespace ?? '')?.(object),
        log: silentLog,
      }),
      timing: systemTiming,
      log: silentLog,
    });
  const reflectors = [RUNS, TOOL_RUNS, AGENT_RUNS].map(follow);
  await Promise.all(reflectors.map((reflector) => reflector.whenSynced()));
  return {
    plane,
    client,
    kubeconfig: await plane.serviceAccountKubeconfig(HOME, ACCOUNT),
    async open(script) {
      const namespace = `${HOME}-${scenes.size}`;
      const { code, stderr } = await plane.kubectl(['create', 'namespace', namespace]);
      if (code !== 0) throw new Error(stderr);
      const { scene, hear } = playScene(client, plane, namespace, script);
      scenes.set(namespace, hear);
      return scene;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(reflectors.map((reflector) => reflector.stop()));
      await client.close();
      await plane.stop();
    },
  };
}

function playScene(client: ObservedClient, plane: ControlPlane, namespace: string, script: Script | undefined) {
  const children = new Map<string, Child>();
  const ended = new Set<string>();
  const attempts = new Map<string, number>();
  const held = new Set<string>();

  function hear({ kind, metadata, status }: KubeObject): void {
    const { name, annotations = {} } = metadata;
    const { phase } = (status ?? {}) as { phase?: string };
    if (kind === RUNS.kind) {
      if (phase === 'Succeeded' || phase === 'Failed') ended.add(name);
      return;
    }
    if (((metadata['finalizers'] ?? []) as readonly string[]).length > 0) held.add(name);
    else held.delete(name);
    if (children.has(name)) return;
    const run = annotations['agents.proompteng.ai/orchestration-run'] ?? '';
    const step = annotations['agents.proompteng.ai/orchestration-step'] ?? '';
    children.set(name, { kind, run, step, seenMs: performance.now() });
    if (script !== undefined) void play(name, script, step, countAttempt(`${run}/${step}`));
  }

  function countAttempt(key: string): number {
    const attempt = (attempts.get(key) ?? 0) + 1;
    attempts.set(key, attempt);
    return attempt;
  }

  async function play(name: string, { afterMs, phase }: Script, step: string, attempt: number): Promise<void> {
    if (afterMs > 0) await delay(afterMs);
    await endChild(name, phase?.(step, attempt) ?? 'Succeeded');
  }

  async function endChild(name: string, phase: string): Promise<void> {
    const child = children.get(name);
    const of = child?.kind === AGENT_RUNS.kind ? AGENT_RUNS : TOOL_RUNS;
    const body = { status: { phase } };
    const sentMs = performance.now();
    await client.patch(of, { namespace, name }, { type: 'merge', body }, { subresource: 'status' });
    if (child === undefined) return;
    child.endedMs = performance.now();
    child.endTookMs = child.endedMs - sentMs;
  }

  const scene: Scene = {
    namespace,
    get children() {
      return [...children.values()];
    },
    async start(steps, runs, apartMs = 0, orchestrationName = 'run') {
      const orchestration = { ...object(ORCHESTRATIONS, orchestrationName), spec: { steps } };
      await client.create(ORCHESTRATIONS, orchestration);
      const startMs = performance.now();
      await atOnce(runs, async (index) => {
        if (apartMs > 0) await delay(Math.max(0, startMs + index * apartMs - performance.now()));
        const spec = { orchestrationRef: { name: orchestrationName } };
        await client.create(RUNS, { ...object(RUNS, `${orchestrationName}-${index}`), spec });
      });
    },
    untilEnded: (runs) => until(`${runs} runs of ${namespace} have ended`, () => ended.size >= runs && held.size === 0),
    untilChildren: (count) => until(`${count} children of ${namespace} have appeared`, () => children.size >= count),
    async end(child) {
      const [name = ''] = [...children].find(([, known]) => known === child) ?? [];
      await endChild(name, 'Succeeded');
    },
    countWrites: () => countAudited(plane.auditLog, namespace),
  };
  const object = ({ group, version, kind }: Resource, name: string): KubeObject => ({
    apiVersion: `${group}/${version}`,
    kind,
    metadata: { name, namespace },
  });
  return { scene, hear };
}

/**
 * Returns how many writes a second a plain loop makes: a child, its end, and the status of a run of ten steps, sixteen
 * at once.
 */
export async function writePlainly({ open, client }: Stage, writes: number): Promise<number> {
  const { namespace, start } = await open();
  await start([{ name: 'held', kind: 'ApprovalGate', policyRef: 'never' }], 16);
  const stepStatuses = Array.from({ length: 10 }, (_, index) => ({
    ...{ name: `step-${index}`, kind: 'ToolRun', phase: 'Succeeded', attempt: 1, message: 'as long as a message is' },
    ...{ startedAt: '2026-01-01T00:00:00.000Z', finishedAt: '2026-01-01T00:00:00.000Z' },
    resourceRef: { apiVersion: 'tools.proompteng.ai/v1alpha1', kind: 'ToolRun', name: `x-${index}`, namespace },
  }));
  const spec = { toolRef: { name: 'echo' }, parameters: {} };
  const triples = Math.ceil(writes / 3);
  const startMs = performance.now();
  await atOnce(triples, async (index) => {
    const name = `plain-${index}`;
    const child = { apiVersion: 'tools.proompteng.ai/v1alpha1', kind: 'ToolRun', metadata: { name, namespace }, spec };
    const patch = (target: Resource, of: string, status: object) =>
      client.patch(target, { namespace, name: of }, { type: 'merge', body: { status } }, { subresource: 'status' });
    await client.create(TOOL_RUNS, child);
    await patch(TOOL_RUNS, name, { phase: 'Succeeded' });
    await patch(RUNS, `run-${index % 16}`, { stepStatuses, updatedAt: new Date(index * 1000).toISOString() });
  });
  return (3 * triples) / ((performance.now() - startMs) / 1000);
}

async function atOnce(count: number, work: (index: number) => Promise<unknown>, workers = 16): Promise<void> {
  let next = 0;
  const take = async () => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: workers }, take));
}

/** Counts writes in the audit log of the API server, which has a request before it is answered. */
async function countAudited(path: string, namespace: string): Promise<{ reconciler: number; all: number }> {
  const count = { reconciler: 0, all: 0 };
  const input = createReadStream(path);
  const lines = createInterface({ input });
  lines.on('line', (line) => {
    if (!line.includes(`"namespace":"${namespace}"`)) return;
    const { verb, user, objectRef } = JSON.parse(line) as Audited;
    if (objectRef.namespace !== namespace || !['create', 'update', 'patch', 'delete'].includes(verb)) return;
    count.all += 1;
    if (user.username.endsWith(`:${ACCOUNT}`)) count.reconciler += 1;
  });
  await once(lines, 'close');
  return count;
}

interface Audited {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef: { readonly namespace: string };
}

const PATIENCE_SECONDS = 600;

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_SECONDS * 1000;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`waited ${PATIENCE_SECONDS} s in vain until ${what}`);
    await delay(5);
  }
}
