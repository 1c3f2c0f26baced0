import { expect, it } from 'vitest';
import { describeNeeding } from '../support/controlplane/suite.ts';
import { createKubelet } from '../support/kubelet.ts';
import type { StoredObject } from '../support/namespaced-api.ts';
import { useReconciledNamespace } from '../support/reconciler.ts';
import { hasEnded, phasesOf, stepOf } from '../support/statuses.ts';
import { jobOf as findJob, stateOf } from '../support/tool-runs.ts';

const echo = { image: 'alpine:3.20', command: ['/bin/sh', '-c'], args: ['echo {{parameters.message}}'] };
const isIn = (phase: string) => (object: StoredObject) => object['status']?.phase === phase;

describeNeeding(['controllers'], 'a ToolRun', () => {
  const reconciled = useReconciledNamespace({
    environment: {
      AGENTS_TOOL_RUN_CONTROLLER_ENABLED: 'true',
      AGENTS_TOOL_RUN_CONTROLLER_ALLOWED_SERVICE_ACCOUNTS: 'default,builder,orchestration-gate',
      POD_SERVICE_ACCOUNT: 'orchestration-gate',
    },
    flags: ['--missing-orchestration-seconds=5'],
  });
  const kubelet = () => createKubelet(reconciled().api);

  /** Stores a Tool and a ToolRun of it, both under this name. */
  async function runTool(name: string, tool: object, parameters: object = {}): Promise<void> {
    const { api } = reconciled();
    await api.create('Tool', name, { spec: { ...echo, ...tool } });
    await api.create('ToolRun', name, { spec: { toolRef: { name }, parameters } });
  }

  const jobOf = (toolRun: string) => findJob(reconciled().api, toolRun);

  it('of its own becomes a Job with its run.json, and succeeds with it', async () => {
    const { api } = reconciled();
    await runTool(
      'greet',
      { workingDir: '/tmp', serviceAccount: 'builder', timeoutSeconds: 600 },
      { message: 'hello' },
    );
    const { metadata, spec } = await jobOf('greet');
    expect(metadata.ownerReferences).toMatchObject([{ kind: 'ToolRun', name: 'greet', controller: true }]);
    expect(spec).toMatchObject({ backoffLimit: 0, activeDeadlineSeconds: 600 });
    const { spec: pod } = await kubelet().podOf(metadata.name);
    const [{ configMap }] = pod.volumes;
    expect(pod).toMatchObject({
      restartPolicy: 'Never',
      serviceAccountName: 'builder',
      containers: [
        {
          image: 'alpine:3.20',
          command: ['/bin/sh', '-c'],
          args: ['echo hello'],
          env: [{ name: 'TOOL_RUN_SPEC', value: '/workspace/run.json' }],
          workingDir: '/tmp',
          volumeMounts: [{ mountPath: '/workspace/run.json', subPath: 'run.json' }],
        },
      ],
    });
    const { data } = await api.waitFor('ConfigMap', configMap.name);
    expect(JSON.parse(data['run.json'])).toMatchObject({
      parameters: { message: 'hello' },
      tool: { metadata: { name: 'greet' } },
      toolRun: { metadata: { name: 'greet' } },
    });
    await kubelet().runPod(metadata.name, 0);
    const { status } = await api.waitFor('ToolRun', 'greet', isIn('Succeeded'));
    expect(await stateOf(api, 'greet')).toMatchObject({
      job: { name: metadata.name, uid: metadata.uid },
      outcome: { phase: 'Succeeded', finishedAt: expect.any(String) },
    });
    expect(status).toEqual({
      phase: 'Succeeded',
      observedGeneration: 1,
      updatedAt: expect.any(String),
      conditions: expect.arrayContaining([expect.objectContaining({ type: 'Succeeded', status: 'True' })]),
    });
  });

  it('puts parameters into command, args and env as text that kubelet does not expand', async () => {
    const env = [{ name: 'MESSAGE', value: '{{parameters.message}} from $(HOME)' }];
    await runTool(
      'literal',
      { args: ['say {{ parameters.message }}{{parameters.absent}}'], env },
      { message: '$(id) $$' },
    );
    const { metadata } = await jobOf('literal');
    const [container] = (await kubelet().podOf(metadata.name))['spec'].containers;
    expect([container.args, container.env[1].value]).toEqual([['say $$(id) $$$$'], '$$(id) $$$$ from $(HOME)']);
  });

  it('takes its outputs from the termination message of its pod, exactly as the pod wrote them', async () => {
    const { api } = reconciled();
    await runTool('output', { ttlSecondsAfterFinished: 0 });
    const { metadata } = await jobOf('output');
    const message = '{"digest":"sha256:1","count":12345678901234567890,"quote":"a\\"\\n{{ y }} $(z)"}';
    await kubelet().runPod(metadata.name, 0, message);
    await api.waitFor('ToolRun', 'output', isIn('Succeeded'));
    expect((await stateOf(api, 'output')).outputs).toEqual({
      digest: 'sha256:1',
      count: '12345678901234567890',
      quote: 'a"\n{{ y }} $(z)',
    });
    await api.waitUntilGone('Job', metadata.name, 60);
    expect((await stateOf(api, 'output')).outputs).toMatchObject({ digest: 'sha256:1' });
  });

  it('whose termination message fills the room of Kubernetes fails, because it may have been cut', async () => {
    const { api } = reconciled();
    await runTool('chatty', {});
    await kubelet().runPod((await jobOf('chatty')).metadata.name, 0, 'x'.repeat(4096));
    const { status } = await api.waitFor('ToolRun', 'chatty', isIn('Failed'));
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Succeeded', status: 'False', reason: 'OutputFailed' }),
    );
  });

  it('fails with its exit code', async () => {
    const { api } = reconciled();
    await runTool('failing', {});
    await kubelet().runPod((await jobOf('failing')).metadata.name, 3);
    const { status } = await api.waitFor('ToolRun', 'failing', isIn('Failed'));
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Succeeded', status: 'False', reason: 'JobFailed', message: 'exit 3' }),
    );
  });

  it('fails when its Tool’s time is over', async () => {
    const { api } = reconciled();
    await runTool('slow', { timeoutSeconds: 1 });
    const { status } = await api.waitFor('ToolRun', 'slow', isIn('Failed'));
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Succeeded', reason: 'DeadlineExceeded', message: 'took longer than 1 s' }),
    );
  });

  it('lets its Job expire only once its result is recorded, and keeps the result', async () => {
    const { api } = reconciled();
    await runTool('brief', { ttlSecondsAfterFinished: 0 });
    const { metadata, spec } = await jobOf('brief');
    expect(spec.ttlSecondsAfterFinished).toBeUndefined();
    await kubelet().runPod(metadata.name, 0);
    await api.waitFor('ToolRun', 'brief', isIn('Succeeded'));
    await api.waitUntilGone('Job', metadata.name, 60);
    expect((await api.read('ToolRun', 'brief'))?.['status'].phase).toBe('Succeeded');
  });

  it.each([
    ['an account that is not allowed', { serviceAccount: 'admin' }, 'service account "admin" is not allowed'],
    ['our own account', { serviceAccount: 'orchestration-gate' }, "the controller's own: name another"],
    ['no image', { image: '' }, 'spec.image is absent'],
  ])('of a Tool with %s fails in a sentence, and nothing is created', async (title, tool, sentence) => {
    const { api } = reconciled();
    const name = title.replaceAll(' ', '-');
    await runTool(name, tool);
    const { status } = await api.waitFor('ToolRun', name, isIn('Failed'));
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ reason: 'InvalidTool', message: expect.stringContaining(sentence) }),
    );
    expect((await stateOf(api, name)).job).toBeUndefined();
  });

  it('waits for its Tool, and fails when the time for that is over', async () => {
    const { api } = reconciled();
    await api.create('ToolRun', 'early', { spec: { toolRef: { name: 'late' } } });
    await api.create('ToolRun', 'in-vain', { spec: { toolRef: { name: 'never' } } });
    await api.waitFor('ToolRun', 'early', isIn('Pending'));
    await api.create('Tool', 'late', { spec: echo });
    await kubelet().runPod((await jobOf('early')).metadata.name, 0);
    await api.waitFor('ToolRun', 'early', isIn('Succeeded'));
    const { status } = await api.waitFor('ToolRun', 'in-vain', isIn('Failed'));
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ reason: 'MissingTool', message: 'Tool "never" did not appear within 5 s' }),
    );
  });

  it('of a step is carried out, step by step, attempt by attempt', async () => {
    const { api, run, childOf, statusOf, childrenOf } = reconciled();
    await api.create('Tool', 'echo', { spec: echo });
    const step = (name: string, fields: object = {}) => ({
      name,
      kind: 'ToolRun',
      toolRef: { name: 'echo' },
      ...fields,
    });
    await run('release', { steps: [step('build', { retries: 1 }), step('test'), step('publish')] });
    for (const [name, exitCode] of [
      ['build', 1],
      ['build', 0],
      ['test', 2],
    ] as const) {
      const { metadata } = await childOf('release', name);
      await kubelet().runPod((await jobOf(metadata.name)).metadata.name, exitCode);
      await api.waitFor('ToolRun', metadata.name, (one) => isIn('Succeeded')(one) || isIn('Failed')(one));
    }
    const status = await statusOf('release', hasEnded);
    expect([status.phase, phasesOf(status)]).toEqual([
      'Failed',
      { build: 'Succeeded', test: 'Failed', publish: 'Skipped' },
    ]);
    expect(stepOf(status, 'build').attempt).toBe(2);
    expect(stepOf(status, 'publish').message).toBe('dependency test failed: exit 2');
    expect(await childrenOf('release')).toHaveLength(3);
  });

  it('whose Job is deleted fails, and gets no second Job', async () => {
    const { api } = reconciled();
    await runTool('deleted', {});
    const { metadata } = await jobOf('deleted');
    await api.remove('Job', metadata.name);
    const { status } = await api.waitFor('ToolRun', 'deleted', isIn('Failed'));
    expect(status.conditions).toContainEqual(expect.objectContaining({ reason: 'JobDeleted' }));
  });
});

describeNeeding(['controllers'], 'with its switch off', () => {
  const reconciled = useReconciledNamespace();

  it('no ToolRun is touched: neither one of a step nor one of its own', async () => {
    const { api, run, childOf, statusOf } = reconciled();
    await api.create('Tool', 'echo', { spec: echo });
    const own = await api.create('ToolRun', 'own', { spec: { toolRef: { name: 'echo' } } });
    await run('untouched', { steps: [{ name: 'a', kind: 'ToolRun', toolRef: { name: 'echo' } }] });
    const child = await childOf('untouched', 'a');
    await run('passing', { steps: [{ name: 'a', kind: 'Checkpoint' }] });
    await statusOf('passing', hasEnded);
    expect(await api.read('ToolRun', 'own')).toEqual(own);
    expect(await api.read('ToolRun', child.metadata.name)).toEqual(child);
    expect(await api.list('Job')).toEqual([]);
  });
});
