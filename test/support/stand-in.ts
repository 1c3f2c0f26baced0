import { setTimeout as delay } from 'node:timers/promises';
import { connectApi } from './api.ts';
import type { ClusterAddress } from './controlplane/cluster.ts';

const ORCHESTRATION = 'orchestration.proompteng.ai/v1alpha1';
const STEP = 'agents.proompteng.ai/orchestration-step';
const RUN = 'agents.proompteng.ai/orchestration-run';
const patienceSeconds = 150;

interface ToolRun {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly status?: { readonly phase?: string };
}

/** A namespace in which somebody plays both the user and the tools controller. */
export function playNamespace(address: ClusterAddress, namespace: string) {
  const send = connectApi(address);
  const orchestrations = `/apis/${ORCHESTRATION}/namespaces/${namespace}`;
  const tools = `/apis/tools.proompteng.ai/v1alpha1/namespaces/${namespace}/toolruns`;

  async function create(path: string, body: object): Promise<void> {
    const { status, body: answer } = await send('POST', path, body);
    if (status !== 201) throw new Error(JSON.stringify(answer));
  }

  async function listOpen(run: string): Promise<readonly ToolRun[]> {
    const { items } = (await send('GET', tools)).body as { items: readonly ToolRun[] };
    return items.filter(({ metadata, status }) => metadata.annotations?.[RUN] === run && status?.phase === undefined);
  }

  async function end({ metadata }: ToolRun, phase: string, message?: string): Promise<void> {
    const conditions =
      message === undefined
        ? []
        : [{ type: 'Failed', status: 'True', reason: 'Failed', message, lastTransitionTime: new Date().toISOString() }];
    await send(
      'PATCH',
      `${tools}/${metadata.name}/status`,
      { status: { phase, conditions } },
      'application/merge-patch+json',
    );
  }

  return {
    send,
    apply: (name: string, spec: object) =>
      create(`${orchestrations}/orchestrations`, {
        apiVersion: ORCHESTRATION,
        kind: 'Orchestration',
        metadata: { name },
        spec,
      }),
    run: (name: string, orchestration = name) =>
      create(`${orchestrations}/orchestrationruns`, {
        apiVersion: ORCHESTRATION,
        kind: 'OrchestrationRun',
        metadata: { name },
        spec: { orchestrationRef: { name: orchestration } },
      }),
    runPath: (name: string) => `${orchestrations}/orchestrationruns/${name}`,
    listOpen,
    end,
    /** Ends the child of a step, as soon as there is one that has not ended. */
    endStep: async (run: string, step: string, phase: string, message?: string): Promise<void> => {
      const deadline = performance.now() + patienceSeconds * 1000;
      for (;;) {
        const child = (await listOpen(run)).find(({ metadata }) => metadata.annotations?.[STEP] === step);
        if (child !== undefined) return end(child, phase, message);
        if (performance.now() > deadline) throw new Error(`waited ${patienceSeconds} s for a child of ${run}/${step}`);
        await delay(25);
      }
    },
  };
}

/** A step that runs a tool, after others. */
export function tool(name: string, dependsOn: readonly string[] = [], fields: object = {}) {
  return { name, kind: 'ToolRun', toolRef: { name: 'echo' }, dependsOn, ...fields };
}

/** `count` steps in layers, each after two of the layer before: the same shape each time. */
export function layered(count: number, width: number) {
  const steps = [];
  for (let index = 0; index < count; index++) {
    const [layer, at] = [Math.floor(index / width), index % width];
    const above = (place: number) => `shard-${String((layer - 1) * width + (place % width)).padStart(4, '0')}`;
    const dependsOn = layer === 0 ? [] : [...new Set([above(at), above(at * 7 + layer)])];
    steps.push(tool(`shard-${String(index).padStart(4, '0')}`, dependsOn));
  }
  return steps;
}
