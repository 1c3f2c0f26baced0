import { describe, expect, inject, it } from 'vitest';
import { executing, loop, runOf, useCrds, useRelease } from './release.ts';

describe('beside the agents chart’s CRDs', () => {
  useCrds('agents');
  const release = useRelease();
  const tools = useRelease();
  const { namespace } = release;

  it('executes a ToolRun as a Job in another namespace that it follows, with a Role there', async () => {
    const followed = `{${namespace},${tools.namespace}}`;
    await release.deploy(
      ...(['install', ...executing] as const),
      `controller.namespaces=${followed}`,
      `orchestrationController.namespaces=${followed}`,
    );
    await release.waitForDenial();
    await tools.waitForDenial();
    await runTool('of-roles');
    expect((await release.cluster.kubectl(['get', 'clusterroles', '-o', 'name'])).stdout).not.toContain(
      `${namespace}-orchestration-gate-runs`,
    );
  });

  it('judges and executes the whole cluster when it is told to', async () => {
    const everywhere = [
      'controller.namespaces={*}',
      'orchestrationController.namespaces={*}',
      'rbac.clusterScoped=true',
    ];
    await release.deploy('upgrade', ...executing, ...everywhere);
    await tools.waitForDenial();
    expect(
      (
        await release.cluster.kubectl(['create', '--dry-run=server', '-f', '-', '-n', 'default'], {
          input: JSON.stringify(loop('x')),
        })
      ).code,
    ).toBe(1);
    await runTool('of-cluster');
  });

  async function runTool(name: string): Promise<void> {
    const spec = { image: inject('image'), command: ['node', '-e'], args: ['console.log("{{parameters.greeting}}")'] };
    await tools.kubectl(['apply', '-f', '-'], {
      apiVersion: 'tools.proompteng.ai/v1alpha1',
      kind: 'Tool',
      metadata: { name },
      spec,
    });
    const step = { name: 'greet', kind: 'ToolRun', toolRef: { name }, with: { greeting: `hello-${name}` } };
    const apiVersion = 'orchestration.proompteng.ai/v1alpha1';
    await tools.kubectl(['apply', '-f', '-'], {
      apiVersion,
      kind: 'Orchestration',
      metadata: { name },
      spec: { steps: [step] },
    });
    await tools.kubectl(['apply', '-f', '-'], runOf(name));
    await tools.kubectl([
      'wait',
      `orchestrationrun/${name}`,
      '--for=jsonpath={.status.phase}=Succeeded',
      '--timeout=120s',
    ]);
    const jobs = await tools.kubectl(['get', 'jobs', '-o', 'jsonpath={range .items[*]}{.metadata.name}{"\\n"}{end}']);
    const logs = await Promise.all(
      jobs
        .trim()
        .split('\n')
        .map((job) => tools.kubectl(['logs', `job/${job}`])),
    );
    expect(logs.join('')).toContain(`hello-${name}`);
  }
});
