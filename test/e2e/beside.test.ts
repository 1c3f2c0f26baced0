import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { startStandInProcess } from '../support/agents-chart/stand-in.ts';
import { executing, runOf, useCrds, useRelease } from './release.ts';

const groups = {
  Orchestration: 'orchestration',
  Tool: 'tools',
  ApprovalPolicy: 'approvals',
  Signal: 'signals',
  SignalDelivery: 'signals',
} as const;

function object(kind: keyof typeof groups, name: string, spec: object): object {
  return { apiVersion: `${groups[kind]}.proompteng.ai/v1alpha1`, kind, metadata: { name }, spec };
}

const kinds = [
  { name: 'code', kind: 'AgentRun', agentRef: { name: 'coder' }, implementation: { inline: { text: 'fix it' } } },
  { name: 'build', kind: 'ToolRun', toolRef: { name: 'greet' }, with: { greeting: 'hello' } },
  { name: 'check', kind: 'SubOrchestration', orchestrationRef: { name: 'inner' } },
  { name: 'approve', kind: 'ApprovalGate', policyRef: 'board' },
  { name: 'signal', kind: 'SignalWait', signalRef: { name: 'go' } },
  { name: 'mark', kind: 'Checkpoint' },
  { name: 'remember', kind: 'MemoryOp' },
];

describe('beside the controllers of the agents chart', () => {
  useCrds('agents');
  const release = useRelease();
  const { namespace, kubectl, cluster } = release;
  const statusOf = async (path: string) =>
    kubectl(['get', 'orchestrationrun/whole', '-o', `jsonpath={.status${path}}`]);
  const waitForStep = (index: number, phase: string) =>
    kubectl([
      ...['wait', 'orchestrationrun/whole', '--timeout=120s'],
      `--for=jsonpath={.status.stepStatuses[${index}].phase}=${phase}`,
    ]);

  it('runs all seven kinds of steps from apply to Succeeded, a ToolRun as a Job', async () => {
    await release.deploy('install', ...executing);
    await release.waitForDenial();
    for (const [controller, flags] of [
      ['supporting', []],
      ['agents', ['--simulated-jobs', '--succeed-after-ms=1000', '--retention-ms=2000', '--sweep-ms=1000']],
    ] as const) {
      const { stop } = await startStandInProcess(cluster, controller, [namespace], flags);
      onTestFinished(stop);
    }
    const greet = { image: inject('image'), command: ['node', '-e'], args: ['console.log("{{parameters.greeting}}")'] };
    const inner = [{ name: 'mark', kind: 'Checkpoint' }, kinds[0]];
    const items = [
      object('Tool', 'greet', greet),
      object('ApprovalPolicy', 'board', { mode: 'manual', defaultDecision: 'deny' }),
      object('Signal', 'go', {}),
      object('Orchestration', 'inner', { steps: inner }),
      object('Orchestration', 'whole', { steps: kinds }),
    ];
    const begun = performance.now();
    await kubectl(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items });
    await kubectl(['apply', '-f', '-'], runOf('whole'));

    await waitForStep(3, 'Running');
    await kubectl(['wait', 'approvalpolicy/board', '--for=jsonpath={.status.phase}=Ready', '--timeout=60s']);
    console.log(`the gate says: ${await statusOf('.stepStatuses[3].message')}`);
    expect(await statusOf('.stepStatuses[3].phase')).toBe('Running');
    const approved = JSON.stringify({ status: { phase: 'Approved' } });
    await kubectl(['patch', 'approvalpolicy/board', '--subresource=status', '--type=merge', '--patch', approved]);
    await waitForStep(4, 'Running');
    await kubectl(['apply', '-f', '-'], object('SignalDelivery', 'go', { signalRef: { name: 'go' } }));

    const done = '--for=jsonpath={.status.phase}=Succeeded';
    await kubectl(['wait', 'orchestrationrun/whole', done, '--timeout=120s']);
    console.log(`from apply to Succeeded: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    expect(await statusOf('.stepStatuses[*].phase')).toBe(Array(7).fill('Succeeded').join(' '));
    const jobs = (await kubectl(['get', 'jobs', '-o', 'name'])).trim().split('\n');
    expect(jobs).toHaveLength(1);
    expect(await kubectl(['logs', ...jobs])).toBe('hello\n');
    // Their controller deletes AgentRuns two seconds after their end, and has to remove its own finalizer from them.
    await kubectl(['wait', 'agentruns', '--all', '--for=delete', '--timeout=60s']);
  });
});
