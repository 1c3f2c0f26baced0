import { json, text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { FieldManager } from '../../src/orchestration/vocabulary/metadata.ts';
import type { Message, NamespaceList, RunEvents } from '../../src/ui/page/protocol.ts';
import { describeNeeding, sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { installCrds } from '../support/gate.ts';
import { connectNamespace } from '../support/namespaced-api.ts';
import { tool } from '../support/stand-in.ts';
import { startUi } from '../support/ui.ts';
import { connectUi, type UiClient, type UiStream } from '../support/ui-client.ts';

const patience = { timeout: 150_000 };
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const GROUP = 'orchestration.proompteng.ai';
const BOTH = `orchestrations.${GROUP},orchestrationruns.${GROUP}`;
const uuid = (digit: number) => `${String(digit).repeat(8)}-0000-4000-8000-000000000000`;

describeNeeding([], 'the server of the page', () => {
  const cluster = sharedCluster();
  const namespace = useNamespace();
  const other = useNamespace();
  const api = connectNamespace(cluster, namespace);
  const ends = new AsyncDisposableStack();

  async function kubectl(...words: string[]): Promise<void> {
    const { code, stderr } = await cluster.kubectl(words);
    if (code !== 0) throw new Error(stderr);
  }

  /** A page of a service account with these rights in the namespace: `[verbs, resources]`. */
  async function openAs(name: string, ...rules: readonly (readonly [string, string])[]): Promise<UiClient> {
    await kubectl('create', 'serviceaccount', name, '-n', namespace);
    for (const [at, [verbs, resources]] of rules.entries()) {
      const role = `${name}-${at}`;
      await kubectl('create', 'role', role, '-n', namespace, `--verb=${verbs}`, `--resource=${resources}`);
      const subject = `--serviceaccount=${namespace}:${name}`;
      await kubectl('create', 'rolebinding', role, '-n', namespace, `--role=${role}`, subject);
    }
    return open({ kubeconfig: await cluster.serviceAccountKubeconfig(namespace, name) });
  }

  async function open({ kubeconfig = cluster.kubeconfig, flags = [] as string[] } = {}): Promise<UiClient> {
    const ui = await startUi({ kubeconfig, namespace, flags });
    ends.defer(ui.stop);
    return connectUi(ui.url);
  }

  /** Waits until the last message of a type is as wanted. */
  async function expectLast<Type extends Message['type']>(stream: UiStream, type: Type, wanted: object): Promise<void> {
    await vi.waitFor(() => expect(stream.received(type).at(-1)).toMatchObject(wanted), patience);
  }

  const run = { kind: 'OrchestrationRun', name: 'release-1' } as const;
  /** The child of the step `build`. */
  let childRef: object;

  beforeAll(async () => {
    await installCrds(cluster, 'agents');
    const steps = [tool('build'), { name: 'gate', kind: 'ApprovalGate', policyRef: 'p', dependsOn: ['build'] }];
    const parameters = { version: { required: true, pattern: '^v' } };
    await api.create('Orchestration', 'release', { spec: { steps, policies: { parameters } } });
    await api.create('OrchestrationRun', run.name, { spec: { orchestrationRef: { name: 'release' } } });
    await api.setStatus('OrchestrationRun', run.name, {
      phase: 'Running',
      runId: run.name,
      stepStatuses: [
        { name: 'build', kind: 'ToolRun', phase: 'Succeeded', attempt: 1 },
        { name: 'gate', kind: 'ApprovalGate', phase: 'Running', attempt: 1 },
      ],
    });
  });
  afterAll(() => ends.disposeAsync());

  it('offers no action to a user who may only read, and has the API server’s words for one that is tried', async () => {
    const page = await openAs('reader', ['get,list,watch', BOTH]);
    const stream = await page.follow(run);
    await expectLast(stream, 'Rights', {
      rights: {
        user: `system:serviceaccount:${namespace}:reader`,
        canRun: false,
        canReadEvents: false,
        canReadLogs: false,
      },
    });
    await expectLast(stream, 'Actions', { actions: [] });
    expect(stream.received('Run')[0]?.run).toMatchObject({ orchestration: 'release', phase: 'Running' });
    const { status, answer } = await page.act({ verb: 'cancel', namespace, run: run.name, isNow: false });
    expect([status, answer]).toEqual([409, { isDone: false, sentences: [expect.stringContaining('cannot patch')] }]);
    expect((await api.read('OrchestrationRun', run.name))?.metadata.annotations).toBeUndefined();
    const names = (await json(await page.get('namespaces'))) as NamespaceList;
    expect(names).toEqual({ namespaces: [namespace], sentence: expect.stringContaining('cannot list') });
    const events = await page.get('run-events', { namespace, run: run.name });
    expect([events.statusCode, await text(events)]).toEqual([403, expect.stringContaining('cannot list')]);
  });

  it('runs, suspends, resumes, decides, cancels and reruns for a user who may, each with the rights of that user', async () => {
    const page = await openAs(
      'editor',
      ['get,list,watch,create,patch', BOTH],
      ['approve', `orchestrations.${GROUP}/approval`],
    );
    const stream = await page.follow(run);
    const verbs = () =>
      stream
        .received('Actions')
        .at(-1)
        ?.actions.map(({ verb }) => verb);
    await vi.waitFor(() => expect(verbs()).toEqual(['approve', 'deny', 'suspend', 'cancel']), patience);

    const form = { verb: 'run', namespace, orchestration: 'release', deliveryId: uuid(1) } as const;
    expect(await page.act({ ...form, parameters: { version: '1' } })).toEqual({
      status: 409,
      answer: { isDone: false, sentences: [expect.stringContaining('does not match the pattern')] },
    });
    const created = await page.act({ ...form, parameters: { version: 'v1' } });
    expect(created).toMatchObject({ status: 200, answer: { isDone: true, run: 'release-11111111' } });
    expect(await page.act({ ...form, parameters: { version: 'v1' } })).toMatchObject({
      answer: { isDone: true, sentences: [expect.stringContaining('already exists')] },
    });

    expect(await page.act({ verb: 'suspend', namespace, run: run.name })).toMatchObject({ status: 200 });
    await vi.waitFor(() => expect(verbs()).toContain('resume'), patience);
    expect(await page.act({ verb: 'resume', namespace, run: run.name })).toMatchObject({ status: 200 });
    await page.act({ verb: 'approve', namespace, run: run.name, step: 'gate', comment: 'looks good' });
    await page.act({ verb: 'deny', namespace, run: run.name, step: 'gate', comment: '' });
    await page.act({ verb: 'cancel', namespace, run: run.name, isNow: false });
    const user = `system:serviceaccount:${namespace}:editor`;
    expect((await api.read('OrchestrationRun', run.name))?.metadata.annotations).toEqual({
      [`approval.${GROUP}/gate.1`]: `approved by ${user}\nlooks good`,
      [`approval.${GROUP}/gate.2`]: `denied by ${user}`,
      [`${GROUP}/cancel`]: 'true',
    });

    await api.setStatus('OrchestrationRun', 'release-11111111', { phase: 'Failed' }, FieldManager.Reconciler);
    const again = { verb: 'rerun', namespace, run: 'release-11111111', steps: ['build'], isLatest: true } as const;
    const rerun = await page.act({ ...again, deliveryId: uuid(2) });
    expect(rerun).toMatchObject({ status: 200, answer: { run: 'release-22222222' } });
    expect(await api.read('OrchestrationRun', 'release-22222222')).toMatchObject({
      metadata: {
        annotations: {
          [`${GROUP}/resume-from`]: 'release-11111111',
          [`${GROUP}/resume-steps`]: '["build"]',
          [`${GROUP}/resume-latest`]: 'true',
        },
      },
      spec: { orchestrationRef: { name: 'release' }, parameters: { version: 'v1' } },
    });
    await vi.waitFor(
      () =>
        expect(stream.received('Entries').flatMap(({ changed }) => changed)).toContainEqual(
          expect.objectContaining({ name: 'release-22222222', resumes: 'release-11111111' }),
        ),
      patience,
    );
  });

  it('changes nothing with --read-only, whatever the user may do', async () => {
    const page = await open({ flags: ['--read-only'] });
    const stream = await page.follow({ kind: 'Orchestration', name: 'release' });
    await expectLast(stream, 'Context', { context: { isReadOnly: true } });
    await expectLast(stream, 'Actions', { actions: [] });
    expect(stream.received('Orchestration')[0]?.orchestration.parameters).toEqual([
      { name: 'version', isRequired: true, pattern: '^v' },
    ]);
    const form = { namespace, orchestration: 'release', parameters: { version: 'v1' }, deliveryId: uuid(3) };
    const { status, answer } = await page.act({ verb: 'run', ...form });
    expect([status, answer.sentences]).toEqual([403, [expect.stringContaining('--read-only')]]);
    expect(await api.read('OrchestrationRun', 'release-33333333')).toBeUndefined();
  });

  it('shows another namespace in another stream, and lists all of them to a user who may list them', async () => {
    const elsewhere = connectNamespace(cluster, other);
    await elsewhere.create('OrchestrationRun', 'lonely', { spec: { orchestrationRef: { name: 'none' } } });
    const page = await open();
    const names = (await json(await page.get('namespaces'))) as NamespaceList;
    expect(names.namespaces).toEqual(expect.arrayContaining([namespace, other, 'default']));
    expect(names.sentence).toBeUndefined();
    const stream = await page.follow({ namespace: other });
    await vi.waitFor(() => expect(stream.received('Listed')).toHaveLength(2), patience);
    expect(stream.received('Entries').flatMap(({ changed }) => changed)).toMatchObject([{ name: 'lonely' }]);
    const [context] = stream.received('Context');
    expect(await page.select(context?.context.stream ?? '', { kind: 'OrchestrationRun', name: 'lonely' })).toBe(204);
    await vi.waitFor(() => expect(stream.received('Run')[0]?.run.orchestration).toBe('none'), patience);
  });

  it('reads the Events of a run and of its children', async () => {
    const { metadata } = (await api.read('OrchestrationRun', run.name)) ?? {};
    const child = await api.create('ToolRun', 'child', { spec: { toolRef: { name: 'echo' } } });
    await api.setStatus('ToolRun', 'child', { runtimeRef: { type: 'job', name: 'job' } });
    const { apiVersion, kind } = child;
    childRef = { apiVersion, kind, name: 'child', namespace, uid: child.metadata.uid };
    await api.setStatus('OrchestrationRun', run.name, {
      stepStatuses: [{ name: 'build', kind: 'ToolRun', phase: 'Running', attempt: 1, resourceRef: childRef }],
    });
    const report = (name: string, about: object, reason: string) =>
      api.create('Event', name, {
        ...{ involvedObject: { namespace, ...about }, reason, message: `${reason} happened`, type: 'Warning' },
        lastTimestamp: new Date().toISOString(),
      });
    await report('one', { kind: 'OrchestrationRun', name: run.name, uid: metadata?.uid }, 'Noted');
    await report('two', { kind: 'ToolRun', name: 'child', uid: child.metadata.uid }, 'Failed');
    await report('three', { kind: 'ToolRun', name: 'foreign', uid: 'foreign' }, 'Foreign');
    const page = await open();
    const stream = await page.follow(run);
    await expectLast(stream, 'Rights', { rights: { canReadEvents: true, canReadLogs: true, canRun: true } });
    const read = async (query: object) =>
      ((await json(await page.get('run-events', { namespace, run: run.name, ...query }))) as RunEvents).events;
    expect((await read({})).map(({ reason, step }) => `${reason} ${step}`).toSorted()).toEqual([
      'Failed build',
      'Noted undefined',
    ]);
    expect(await read({ step: 'build' })).toMatchObject([
      { reason: 'Failed', message: 'Failed happened', kind: 'ToolRun' },
    ]);
  });

  it('reads the log of a step, and says what there is to wait for, or no more', async () => {
    const page = await open();
    const query = { namespace, run: run.name, step: 'build' };
    await api.setStatus('OrchestrationRun', run.name, {
      stepStatuses: [{ name: 'build', kind: 'ToolRun', phase: 'Succeeded', attempt: 1, resourceRef: childRef }],
    });
    expect(await page.readLogs(query)).toEqual([{ type: 'End', sentence: expect.stringContaining('is gone') }]);
    const labels = { 'batch.kubernetes.io/job-name': 'job' };
    await api.create('Pod', 'job-1', { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'none' }] } });
    expect(await page.readLogs(query)).toEqual([{ type: 'End', sentence: expect.stringContaining('has not started') }]);
    const containerStatuses = [{ name: 'main', state: { terminated: { exitCode: 0 } } }];
    await api.setStatus('Pod', 'job-1', { phase: 'Succeeded', containerStatuses });
    // No node has run the pod, so the API server has an empty log.
    expect(await page.readLogs(query)).toMatchObject([
      { type: 'Source', pod: 'job-1', container: 'main', command: expect.stringContaining('kubectl logs') },
      { type: 'End' },
    ]);
  });

  it('says since when the API server does not answer, and when it answers again', async () => {
    const proxy = await startFaultProxy(cluster);
    ends.defer(proxy.stop);
    const page = await open({ kubeconfig: await proxy.kubeconfig() });
    const stream = await page.follow();
    await expectLast(stream, 'Connection', { connection: { state: 'Live' } });
    const before = Date.now();
    proxy.follow(() => ({ isRefused: true }));
    proxy.cutWatches();
    await expectLast(stream, 'Connection', { connection: { state: 'Unreachable' } });
    const { connection } = stream.received('Connection').at(-1) ?? {};
    const since = connection !== undefined && 'since' in connection ? Date.parse(connection.since) : 0;
    expect([since >= before, since <= Date.now()]).toEqual([true, true]);
    proxy.follow(undefined);
    await expectLast(stream, 'Connection', { connection: { state: 'Live' } });
  });
});
