import { describe, expect, test } from 'vitest';
import type { StoredObject } from '../../src/objects/object.ts';
import { buildConfigMap, buildJob, checkTool } from '../../src/toolrun/job.ts';
import type { Manifest } from '../../src/toolrun/observation.ts';
import { nameChild, options, tool, toolRun } from './cluster.ts';

const names = { job: 'lint-job', configMap: 'lint-spec' };

function containerOf(spec: Record<string, unknown>): Record<string, unknown> {
  const job = JSON.parse(JSON.stringify(buildJob(toolRun(), tool(spec), names, options)));
  return job.spec.template.spec.containers[0];
}

describe('the Job of a ToolRun', () => {
  test('runs the Tool once, as the agents chart’s controller would', () => {
    const spec = {
      env: [{ name: 'GREETING', value: '{{parameters.message}}' }],
      serviceAccount: 'builder',
      workingDir: '/src',
      timeoutSeconds: 30,
      ttlSecondsAfterFinished: 60,
    };
    const owned = {
      labels: { 'agents.proompteng.ai/tool-run': 'lint' },
      annotations: { 'agents.proompteng.ai/tool-run': 'lint' },
    };
    const owner = { apiVersion: 'tools.proompteng.ai/v1alpha1', kind: 'ToolRun', name: 'lint', uid: 'run-uid' };
    expect(JSON.parse(JSON.stringify(buildJob(toolRun(), tool(spec), names, options)))).toEqual({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: 'lint-job',
        namespace: 'agents',
        ...owned,
        labels: { ...owned.labels, 'orchestration.proompteng.ai/bucket': '54' },
        ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
      },
      spec: {
        backoffLimit: 0,
        activeDeadlineSeconds: 30,
        podFailurePolicy: expect.anything(),
        template: {
          metadata: owned,
          spec: {
            serviceAccountName: 'builder',
            restartPolicy: 'Never',
            containers: [
              {
                name: 'tool-runner',
                image: 'alpine:3.20',
                command: ['/bin/sh', '-c'],
                args: ['echo hello'],
                env: [
                  { name: 'TOOL_RUN_SPEC', value: '/workspace/run.json' },
                  { name: 'GREETING', value: 'hello' },
                ],
                workingDir: '/src',
                volumeMounts: [{ name: 'run-spec', mountPath: '/workspace/run.json', subPath: 'run.json' }],
              },
            ],
            volumes: [{ name: 'run-spec', configMap: { name: 'lint-spec' } }],
          },
        },
      },
    });
  });

  test('of a bare image has no command, deadline or account', () => {
    const job = JSON.parse(
      JSON.stringify(buildJob(toolRun(), { ...tool(), spec: { image: 'a', timeoutSeconds: 0 } }, names, options)),
    );
    const [container] = job.spec.template.spec.containers;
    expect(Object.keys(container)).toEqual(['name', 'image', 'env', 'volumeMounts']);
    expect(Object.keys(job.spec)).toEqual(['backoffLimit', 'podFailurePolicy', 'template']);
    expect(job.spec.template.spec).not.toHaveProperty('serviceAccountName');
  });

  test('has the security contexts of the options', () => {
    const securityContext = { runAsNonRoot: true };
    const containerSecurityContext = { allowPrivilegeEscalation: false };
    const job = JSON.parse(
      JSON.stringify(buildJob(toolRun(), tool(), names, { securityContext, containerSecurityContext })),
    );
    const { spec } = job.spec.template;
    expect([spec.securityContext, spec.containers[0].securityContext]).toEqual([
      securityContext,
      containerSecurityContext,
    ]);
  });

  test('keeps parameters as text in command, args and env', () => {
    const hostile = toolRun({ spec: { toolRef: { name: 'echo' }, parameters: { message: '$(TOKEN)' } } });
    const spec = { command: ['{{parameters.message}}'], env: [{ name: 'A', value: '{{parameters.message}} $(B)' }] };
    const job = JSON.stringify(buildJob(hostile, tool(spec), names, options));
    expect(job.match(/\$+\(\w+\)/g)).toEqual(['$$(TOKEN)', '$$(TOKEN)', '$$(TOKEN)', '$(B)']);
  });

  test('lets a Tool override our own variable, because the last variable of a name counts', () => {
    const env = [{ name: 'TOOL_RUN_SPEC', value: '/elsewhere' }];
    expect(containerOf({ env })['env']).toEqual([{ name: 'TOOL_RUN_SPEC', value: '/workspace/run.json' }, ...env]);
  });

  test('has the bucket of its ToolRun, which neither its pod nor run.json shows', () => {
    const labels = { team: 'ci', 'orchestration.proompteng.ai/bucket': '17' };
    const labelled = toolRun({ metadata: { ...toolRun().metadata, labels } });
    const { metadata, spec } = buildJob(labelled, tool(), names, options) as Manifest;
    expect(metadata['labels']).toMatchObject({ 'orchestration.proompteng.ai/bucket': '17' });
    expect(JSON.stringify(spec)).not.toContain('bucket');
    const described = JSON.parse(String(Object.values(buildConfigMap(labelled, tool(), () => 'c')?.['data'] ?? {})[0]));
    expect(described.toolRun.metadata.labels).toEqual({ team: 'ci' });
  });

  test('has a label that is valid for a name of any length', () => {
    const name = 'n'.repeat(253);
    const { metadata } = buildJob(
      toolRun({ metadata: { ...toolRun().metadata, name } }),
      tool(),
      names,
      options,
    ) as Manifest;
    expect(metadata['labels']).toMatchObject({ 'agents.proompteng.ai/tool-run': 'lint-job' });
    expect(metadata['annotations']).toEqual({ 'agents.proompteng.ai/tool-run': name });
  });
});

describe('a Tool', () => {
  test.each([
    ['may run under any account but our own', 'builder', undefined, []],
    ['may leave its account out', undefined, undefined, []],
    ['may run under an allowed account', 'builder', ['builder'], []],
    [
      'may not run under another',
      'root',
      ['builder'],
      ['service account "root" is not allowed; allowed service accounts: builder'],
    ],
    [
      'may leave its account out only if default is allowed',
      undefined,
      ['a', 'b'],
      ['service account "default" is not allowed; allowed service accounts: a, b'],
    ],
    [
      'may run under no account if none is allowed',
      undefined,
      [],
      ['service account "default" is not allowed; allowed service accounts: none'],
    ],
    [
      'may never run under our own',
      'orchestration-gate',
      ['orchestration-gate'],
      ['spec.serviceAccount is "orchestration-gate", the controller\'s own: name another'],
    ],
  ])('%s', (_, serviceAccount, allowedServiceAccounts, mistakes) => {
    expect(checkTool(tool({ serviceAccount }), 'agents', { ...options, allowedServiceAccounts })).toEqual(mistakes);
  });

  test('may run under an account that has our name in another namespace', () => {
    expect(checkTool(tool({ serviceAccount: 'orchestration-gate' }), 'elsewhere', options)).toEqual([]);
  });
});

describe('run.json', () => {
  const build = (run: StoredObject, by: StoredObject) => buildConfigMap(run, by, nameChild) as Manifest;
  const runJson = (run: StoredObject, by: StoredObject) =>
    JSON.parse((build(run, by)['data'] as Record<string, string>)['run.json'] ?? '');

  test('holds the ToolRun, the Tool and the parameters, without fields that change by themselves', () => {
    const { resourceVersion: _, ...metadata } = toolRun().metadata;
    const { resourceVersion: __, ...toolMetadata } = tool().metadata;
    expect(runJson(toolRun({ status: { phase: 'Running' } }), tool())).toEqual({
      toolRun: { ...toolRun(), metadata },
      tool: { ...tool(), metadata: toolMetadata },
      parameters: { message: 'hello' },
    });
  });

  test('is in a ConfigMap that cannot change, with another name if the Tool is another', () => {
    const before = build(toolRun(), tool());
    const after = build(toolRun(), tool({ args: ['other'] }));
    const touched = build(toolRun({ status: {} }), {
      ...tool(),
      metadata: { ...tool().metadata, resourceVersion: '8' },
    });
    expect(before['immutable']).toBe(true);
    expect(after.metadata.name).not.toBe(before.metadata.name);
    expect(touched).toEqual(before);
  });
});
