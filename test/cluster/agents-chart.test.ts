import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { KubeClient } from '../../src/kube/client.ts';
import { condition } from '../support/agents-chart/conditions.ts';
import { type Stored, TOOL_RUNS, VOLUME_CLAIMS } from '../support/agents-chart/kinds.ts';
import { createStatusWriter } from '../support/agents-chart/status-writer.ts';
import { observeEverything, startSupportingController } from '../support/agents-chart/supporting-controller.ts';
import { sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';
import { connectKube, failureOf, type ObservedClient } from '../support/kube.ts';
import { connectNamespace, type StoredObject, waitUntil } from '../support/namespaced-api.ts';

// Checks that each stand-in for a controller of the agents chart does what that controller was seen to do.

const cluster = sharedCluster();
const toolRun = { spec: { toolRef: { name: 'echo' } } };
const isIn = (phase: string) => (object: StoredObject) => object['status']?.phase === phase;
const phaseOf = (object: StoredObject | undefined) => object?.['status']?.phase;
const managersOf = (object: StoredObject) =>
  (object.metadata as unknown as { managedFields: { manager: string; subresource?: string }[] }).managedFields;

let client: ObservedClient;
beforeAll(async () => {
  await installCrds(cluster, 'agents');
  client = connectKube(cluster.kubeconfig);
});
afterAll(() => client?.close());

describe('a status write of theirs', () => {
  const namespace = useNamespace();
  const api = connectNamespace(cluster, namespace);
  const make = async (name: string) => (await api.create('ToolRun', name, toolRun)) as unknown as Stored;
  const write = (object: Stored, status: object) => createStatusWriter(client)(TOOL_RUNS, object, status);

  it('is accepted although its object is old, as agents-status, and puts back a phase', async () => {
    const old = await make('old');
    await api.setStatus('ToolRun', 'old', { phase: 'Succeeded' });
    expect(await write(old, { phase: 'Running', conditions: [] })).toBe(true);
    const stored = await api.waitFor('ToolRun', 'old');
    expect(phaseOf(stored)).toBe('Running');
    expect(managersOf(stored)).toContainEqual(
      expect.objectContaining({ manager: 'agents-status', subresource: 'status', operation: 'Update' }),
    );
  });

  it('fails as Conflict if something comes between its read and its patch', async () => {
    const object = await make('between');
    const interrupted: Pick<KubeClient, 'get' | 'patch'> = {
      ...client,
      get: async (...call) => {
        const read = await client.get(...call);
        await api.setStatus('ToolRun', 'between', { phase: 'Running' });
        return read;
      },
    };
    const writing = createStatusWriter(interrupted)(TOOL_RUNS, object, { phase: 'Ready', conditions: [] });
    expect(await failureOf(writing)).toMatchObject({ reason: 'Conflict' });
  });

  it('replaces all conditions, and leaves keys that it does not send', async () => {
    const object = await make('whole');
    const ours = { ...condition('Ours', true), observedGeneration: 1 };
    await api.setStatus('ToolRun', 'whole', { conditions: [ours], startedAt: '2026-01-01T00:00:00Z' });
    await write(object, { phase: 'Ready', conditions: [condition('Ready', true)] });
    const { status } = await api.waitFor('ToolRun', 'whole');
    expect(status.conditions.map(({ type }: { type: string }) => type)).toEqual(['Ready']);
    expect(status.startedAt).toBe('2026-01-01T00:00:00Z');
  });

  it('is skipped if only times differ from the status of its object, and not for a foreign key', async () => {
    await make('same');
    const same = { phase: 'Ready', conditions: [condition('Ready', true)] };
    await api.setStatus('ToolRun', 'same', { ...same, updatedAt: '2026-01-01T00:00:00Z' });
    const later = {
      ...same,
      conditions: [{ ...condition('Ready', true), lastTransitionTime: '2020-01-01T00:00:00Z' }],
    };
    expect(await write((await api.read('ToolRun', 'same')) as unknown as Stored, later)).toBe(false);
    await api.setStatus('ToolRun', 'same', { startedAt: '2026-01-01T00:00:00Z' });
    expect(await write((await api.read('ToolRun', 'same')) as unknown as Stored, later)).toBe(true);
  });
});

describe('the supporting controller', () => {
  const namespace = useNamespace();
  const api = connectNamespace(cluster, namespace);
  const start = async () => {
    const standIn = await startSupportingController(cluster, [namespace]);
    onTestFinished(standIn.stop);
    return standIn;
  };
  let markers = 0;
  /** Waits until all events of a kind so far were worked on, also repeated ones: the watch and the queue keep order. */
  const settle = async (kind: 'ToolRun' | 'ApprovalPolicy' = 'ToolRun') => {
    for (const spec of [toolRun.spec, toolRun.spec]) {
      const name = `marker-${++markers}`;
      await api.create(kind, name, { spec });
      await api.waitFor(kind, name, isIn('Ready'));
    }
  };
  /** Fills the controller's queue: it looks at so many ToolRuns before it looks at anything that comes later. */
  let crowds = 0;
  const crowd = (count = 30) => {
    const names = Array.from({ length: count }, () => `crowd-${++crowds}`);
    return Promise.all(names.map((name) => api.create('ToolRun', name, toolRun)));
  };
  const theirReady = { ...condition('Ready', true, 'Observed', 'tool run observed') };

  it('gives a ToolRun the phase Ready and the condition Ready, with nothing else', async () => {
    await start();
    await api.create('ToolRun', 'plain', toolRun);
    const { status } = await api.waitFor('ToolRun', 'plain', isIn('Ready'));
    expect(status).toEqual({
      phase: 'Ready',
      observedGeneration: 1,
      conditions: [{ ...theirReady, lastTransitionTime: expect.any(String) }],
      updatedAt: expect.any(String),
    });
  });

  it('writes no more to a ToolRun that holds only what it sends, through Running and Succeeded', async () => {
    await api.create('ToolRun', 'quiet', toolRun);
    const write = (phase: string) => {
      const conditions = [theirReady, condition(phase, true)];
      const updatedAt = new Date().toISOString();
      return api.setStatus('ToolRun', 'quiet', { phase, observedGeneration: 1, conditions, updatedAt });
    };
    await write('Pending');
    await start();
    for (const phase of ['Running', 'Succeeded']) {
      const { metadata } = await write(phase);
      await settle();
      expect((await api.read('ToolRun', 'quiet'))?.metadata).toEqual(metadata);
    }
  });

  it('writes without end to a ToolRun that has a runtimeRef', async () => {
    await api.create('ToolRun', 'storm', toolRun);
    await api.setStatus('ToolRun', 'storm', { runtimeRef: { type: 'job', name: 'x' } });
    const { requests } = await start();
    const written = () => requests.filter((one) => one === 'patch toolruns/status ok').length;
    await waitUntil('a hundred writes', () => Promise.resolve(written() > 100));
    const since = performance.now();
    await waitUntil('a hundred more', () => Promise.resolve(written() > 200));
    console.log(`writes a second: ${Math.round(100_000 / (performance.now() - since))}`);
    await api.remove('ToolRun', 'storm');
  });

  it('never sends runtimeRef, startedAt and finishedAt, which survive', async () => {
    const kept = { runtimeRef: { type: 'job' }, startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-02T00:00:00Z' };
    await api.create('ToolRun', 'kept', toolRun);
    await api.setStatus('ToolRun', 'kept', { phase: 'Running', ...kept });
    await start();
    await api.waitFor('ToolRun', 'kept', ({ status }) => status.conditions?.length > 0);
    expect((await api.read('ToolRun', 'kept'))?.['status']).toMatchObject(kept);
    await api.remove('ToolRun', 'kept');
  });

  it('puts an old phase over a newer one, and repeats work with the same old object', async () => {
    await start();
    await crowd();
    await api.create('ToolRun', 'put-back', toolRun);
    await api.setStatus('ToolRun', 'put-back', { phase: 'Succeeded' });
    await settle();
    expect(phaseOf(await api.read('ToolRun', 'put-back'))).toBe('Ready');
  });

  it('never looks again at a key whose write failed while more events of it came', async () => {
    await start();
    await crowd();
    await api.create('ToolRun', 'stuck', toolRun);
    await api.edit('ToolRun', 'stuck', { metadata: { labels: { edited: 'yes' } } });
    await api.remove('ToolRun', 'stuck');
    await settle();
    await api.create('ToolRun', 'stuck', toolRun);
    await api.edit('ToolRun', 'stuck', { metadata: { labels: { edited: 'again' } } });
    await settle();
    expect(phaseOf(await api.read('ToolRun', 'stuck'))).toBeUndefined();
    const spec = { agentRef: { name: 'x' }, runtime: { type: 'job' }, implementation: { inline: { text: 'x' } } };
    await api.create('AgentRun', 'rescue', { spec });
    // A round over all objects may meet an error before it comes to this one.
    await waitUntil('everything to be done again', async () => {
      await api.edit('AgentRun', 'rescue', { metadata: { labels: { edited: String(performance.now()) } } });
      return phaseOf(await api.read('ToolRun', 'stuck')) === 'Ready';
    });
  });

  it('makes a policy without a phase Ready, also one that is manual and denies by default', async () => {
    await start();
    await api.create('ApprovalPolicy', 'manual', { spec: { mode: 'manual', defaultDecision: 'deny' } });
    const { status } = await api.waitFor('ApprovalPolicy', 'manual', isIn('Ready'));
    expect(status.conditions).toMatchObject([{ reason: 'Active', message: 'approval policy active' }]);
  });

  it('leaves the phase of a decided policy, unless its event is older than the decision', async () => {
    await api.create('ApprovalPolicy', 'decided', { spec: {} });
    await api.setStatus('ApprovalPolicy', 'decided', { phase: 'Denied' });
    await start();
    await api.edit('ApprovalPolicy', 'decided', { metadata: { labels: { edited: 'yes' } } });
    await settle('ApprovalPolicy');
    expect(phaseOf(await api.read('ApprovalPolicy', 'decided'))).toBe('Denied');
    await crowd();
    await api.create('ApprovalPolicy', 'overtaken', { spec: {} });
    await api.setStatus('ApprovalPolicy', 'overtaken', { phase: 'Denied' });
    await settle('ApprovalPolicy');
    expect(phaseOf(await api.read('ApprovalPolicy', 'overtaken'))).toBe('Ready');
  });

  it('makes a delivery Delivered, or Pending if there is no such Signal', async () => {
    await start();
    await api.create('Signal', 'push', { spec: {} });
    const { status } = await api.waitFor('Signal', 'push', isIn('Ready'));
    expect(status.conditions).toMatchObject([{ reason: 'Active', message: 'signal active' }]);
    await api.create('SignalDelivery', 'known', { spec: { signalRef: { name: 'push' } } });
    await api.create('SignalDelivery', 'unknown', { spec: { signalRef: { name: 'nothing' } } });
    const delivered = await api.waitFor('SignalDelivery', 'known', isIn('Delivered'));
    expect(delivered['status'].deliveredAt).toEqual(expect.any(String));
    await api.waitFor('SignalDelivery', 'unknown', isIn('Pending'));
  });

  it('does everything at its start, and again on an event of an AgentRun, a run or a volume claim', async () => {
    await api.create('ToolRun', 'before', toolRun);
    const { requests } = await start();
    await api.waitFor('ToolRun', 'before', isIn('Ready'));
    const lists = () => requests.filter((one) => one === 'list toolruns ok').length;
    const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    const triggers = [
      () => api.create('OrchestrationRun', 'trigger', { spec: { orchestrationRef: { name: 'x' } } }),
      () => api.edit('OrchestrationRun', 'trigger', { metadata: { labels: { a: 'b' } } }),
      () => api.remove('OrchestrationRun', 'trigger'),
      () =>
        client.create(VOLUME_CLAIMS, {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { name: 'trigger', namespace },
          spec: claim,
        }),
    ];
    for (const trigger of triggers) {
      const before = lists();
      await trigger();
      await waitUntil('everything to be listed again', () => Promise.resolve(lists() > before));
    }
  });

  it('ends a round of everything at the first error', async () => {
    const names = ['round-a', 'round-b', 'round-c'];
    for (const name of names) await api.create('ToolRun', name, toolRun);
    const haunted: KubeClient = {
      ...client,
      list: async (resource, options) => {
        const page = await client.list(resource, options);
        if (resource !== TOOL_RUNS) return page;
        const rounds = page.items.filter(({ metadata }) => names.includes(metadata.name));
        await api.remove('ToolRun', 'round-b');
        return { ...page, items: rounds };
      },
    };
    expect(await failureOf(observeEverything(haunted, [namespace]))).toMatchObject({ reason: 'NotFound' });
    expect(phaseOf(await api.read('ToolRun', 'round-a'))).toBe('Ready');
    expect(phaseOf(await api.read('ToolRun', 'round-c'))).toBeUndefined();
  });
});
