import { beforeAll, describe, expect, it } from 'vitest';
import type { Planned } from '../../src/cli/format/plan-text.ts';
import { briefly } from '../cli/run-command.ts';
import { startCommand } from '../support/cli.ts';
import { sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';
import { connectNamespace } from '../support/namespaced-api.ts';

const manifest = `apiVersion: orchestration.proompteng.ai/v1alpha1
kind: Orchestration
metadata: { name: release }
spec:
  steps:
    - name: build
      kind: ToolRun
      toolRef: { name: make }
    - name: fix
      kind: AgentRun
      agentRef: { name: coder }
      implementationSpecRef: { name: fix }
      runtime: { type: magic }
    - name: review
      kind: AgentRun
      agentRef: { name: coder }
      with:
        implementation: '{"inline": {"text": 7, "author": "x"}}'
    - name: ship
      kind: SubOrchestration
      orchestrationRef: { name: inner }
    - name: check
      kind: ToolRun
    - name: ask
      kind: ApprovalGate
      policyRef: board
    - name: tidy
      kind: AgentRun
      agentRef: { name: coder }
      implementationSpecRef: { name: tidy }
      goal: { objective: tidiness, urgent: true }
`;

describe('the CLI and the children of an Orchestration, on a real API server', () => {
  const cluster = sharedCluster();
  const namespace = useNamespace();
  const api = () => connectNamespace(cluster, namespace);
  beforeAll(() => installCrds(cluster, 'agents'));

  const cli = (verb: 'lint' | 'plan', args: readonly string[], KUBECONFIG = cluster.kubeconfig) =>
    startCommand(verb, [...args, '--server', '-n', namespace, 'a.yaml'], { KUBECONFIG }, manifest).ended;
  const childrenIn = (stdout: string) => stdout.slice(stdout.indexOf('  the API server would'));

  it('plan --server reports the answer of the API server for each child', async () => {
    const { code, stdout, stderr } = await cli('plan', []);
    expect([code, stderr]).toEqual([1, '']);
    expect(childrenIn(stdout)).toBe(`  the API server would create 3 of 6 children now (dry run)
    fix: AgentRun denied: spec.runtime.type: Unsupported value: "magic": supported values: "workflow", "job", "temporal", "custom"
    review: AgentRun denied: spec.implementation.inline.text: Invalid value: "integer": spec.implementation.inline.text in body must be of type string: "integer"
    tidy: AgentRun warning: unknown field "spec.goal.urgent"
    not checked: "check": toolRef is missing: a ToolRun step names the Tool to run
`);
    for (const kind of ['AgentRun', 'ToolRun', 'OrchestrationRun'] as const) expect(await api().list(kind)).toEqual([]);
  });

  it('lint --server --children reports it at its place in the file, and on standard error what it does not check', async () => {
    const { code, stdout, stderr } = await cli('lint', ['--children', '--format=json']);
    expect(briefly({ exitCode: 0, stdout, stderr })).toEqual([
      'a.yaml:13:24 ChildWouldBeDenied spec.steps[1].runtime.type',
      'a.yaml:18:25 ChildWouldBeDenied spec.steps[2].with.implementation',
      'a.yaml:27:7 ServerWarning spec.steps[6]',
    ]);
    expect([code, stderr]).toEqual([
      1,
      'lint: Orchestration "release": not checked: "check": toolRef is missing: a ToolRun step names the Tool to run\n',
    ]);
  });

  it('a quota that leaves no room makes a child wait, and a parameter of the run may have it denied', async () => {
    const hard = { 'count/toolruns.tools.proompteng.ai': '0' };
    await api().create('ResourceQuota', 'none', { spec: { hard } });
    await api().setStatus('ResourceQuota', 'none', { hard, used: hard });
    const toolRun = { spec: { toolRef: { name: 'x' } } };
    await expect
      .poll(() => api().create('ToolRun', 'own', toolRun).catch(String), { timeout: 90_000 })
      .toContain('quota');
    const { stdout } = await cli('plan', ['-p', 'prompt=x', '--format=json']);
    const [planned] = JSON.parse(stdout) as Planned[];
    expect(planned?.children).toMatchObject([
      {
        step: 'build',
        index: 0,
        kind: 'ToolRun',
        verdict: 'Waits',
        problems: [{ message: expect.stringContaining('exceeded quota: none') }],
      },
      { step: 'fix', verdict: 'Denied', problems: [{ field: 'spec.runtime.type' }] },
      { step: 'review', verdict: 'Denied' },
      { step: 'ship', verdict: 'Accepted', problems: [] },
      { step: 'check', verdict: 'NotChecked' },
      { step: 'tidy', verdict: 'Denied', problems: [{ field: 'spec' }] },
    ]);
    await api().remove('ResourceQuota', 'none');
  });

  it('says of children that the account may not create that this is no word on the sidecar', async () => {
    await cluster.kubectl(['create', 'serviceaccount', 'planner', '-n', namespace]);
    await cluster.kubectl([
      'create',
      'role',
      'planner',
      '-n',
      namespace,
      '--verb=get,list',
      '--resource=orchestrations,orchestrationruns',
    ]);
    await cluster.kubectl([
      'create',
      'rolebinding',
      'planner',
      '-n',
      namespace,
      '--role=planner',
      `--serviceaccount=${namespace}:planner`,
    ]);
    const { code, stdout } = await cli('plan', [], await cluster.serviceAccountKubeconfig(namespace, 'planner'));
    expect(code).toBe(0);
    expect(childrenIn(stdout)).toBe(`  the API server would create 0 of 6 children now (dry run)
    not checked: "build": your account may not create ToolRuns in namespace "${namespace}": this says nothing of the sidecar's rights
    not checked: "fix", "review", "tidy": your account may not create AgentRuns in namespace "${namespace}": this says nothing of the sidecar's rights
    not checked: "ship": your account may not create OrchestrationRuns in namespace "${namespace}": this says nothing of the sidecar's rights
    not checked: "check": toolRef is missing: a ToolRun step names the Tool to run
`);
  });

  it('--children without --server sends nothing, and says what to add', async () => {
    const { code, stderr } = await startCommand('lint', ['--children', 'a.yaml'], {}, manifest).ended;
    expect([code, stderr]).toEqual([
      2,
      'lint: --children asks the API server: add --server\nSee orchestration-gate lint --help.\n',
    ]);
  });
});
