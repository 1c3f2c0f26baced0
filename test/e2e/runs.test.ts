import { describe, expect, inject, it } from 'vitest';
import { startCommand } from '../support/cli.ts';
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

  it('hands what a container writes to the next step, and skips what a condition or a success makes needless', async () => {
    const write = 'require("fs").writeFileSync("/dev/termination-log", JSON.stringify({ digest: "sha256:\\"1\\"" }))';
    await tools.kubectl(['apply', '-f', '-'], {
      apiVersion: 'tools.proompteng.ai/v1alpha1',
      kind: 'Tool',
      metadata: { name: 'digest' },
      spec: { image: inject('image'), command: ['node', '-e'], args: [write] },
    });
    const text = 'deploy ${{ steps.build-web.outputs.digest }}';
    const steps = [
      { name: 'build-web', kind: 'ToolRun', toolRef: { name: 'digest' }, dependsOn: [] },
      {
        name: 'ship',
        kind: 'AgentRun',
        agentRef: { name: 'coder' },
        implementation: { inline: { text } },
        dependsOn: ['build-web'],
      },
      { name: 'announce', kind: 'Checkpoint', dependsOn: ['ship'], when: 'steps.build-web.outputs.digest == "none"' },
      { name: 'undo', kind: 'Checkpoint', dependsOn: ['ship'], runIf: 'Failed' },
    ];
    const apiVersion = 'orchestration.proompteng.ai/v1alpha1';
    const metadata = { name: 'data' };
    await tools.kubectl(['apply', '-f', '-'], { apiVersion, kind: 'Orchestration', metadata, spec: { steps } });
    await tools.kubectl(['apply', '-f', '-'], runOf('data'));
    const waitFor = (path: string, value: string) =>
      tools.kubectl(['wait', 'orchestrationrun/data', `--for=jsonpath={.status${path}}=${value}`, '--timeout=120s']);
    await waitFor('.stepStatuses[1].phase', 'Running');
    await waitFor('.stepStatuses[1].resourceRef.kind', 'AgentRun');
    const child = '{.items[0].metadata.name} {.items[0].spec.implementation.inline.text}';
    const [name = '', ...words] = (await tools.kubectl(['get', 'agentruns', '-o', `jsonpath=${child}`])).split(' ');
    expect(words.join(' ')).toBe('deploy sha256:"1"');
    const done = JSON.stringify({ status: { phase: 'Succeeded' } });
    await tools.kubectl(['patch', 'agentrun', name, '--subresource=status', '--type=merge', '--patch', done]);
    await waitFor('.phase', 'Succeeded');
    const reasons = await tools.kubectl([
      'get',
      'orchestrationrun/data',
      '-o',
      'jsonpath={.status.stepStatuses[*].reason}',
    ]);
    expect(reasons).toBe('Completed Completed ConditionFalse ConditionFalse');
  });

  it('follows the logs of a run from before its pods start to their end', async () => {
    const write =
      'let n = 0; const timer = setInterval(() => { console.log("line", ++n, "of", process.argv[1], "→"); n < 5 || clearInterval(timer); }, 300)';
    const spec = { image: inject('image'), command: ['node', '-e'], args: [write, '{{parameters.name}}'] };
    await tools.kubectl(['apply', '-f', '-'], {
      apiVersion: 'tools.proompteng.ai/v1alpha1',
      kind: 'Tool',
      metadata: { name: 'counting' },
      spec,
    });
    const step = (name: string, dependsOn: string[]) => ({
      name,
      kind: 'ToolRun',
      toolRef: { name: 'counting' },
      with: { name },
      dependsOn,
    });
    const steps = [
      step('build', []),
      step('test', []),
      { name: 'mark', kind: 'Checkpoint', dependsOn: ['test'] },
      step('ship', ['mark']),
    ];
    const apiVersion = 'orchestration.proompteng.ai/v1alpha1';
    await tools.kubectl(['apply', '-f', '-'], {
      apiVersion,
      kind: 'Orchestration',
      metadata: { name: 'logged' },
      spec: { steps },
    });
    await tools.kubectl(['apply', '-f', '-'], runOf('logged'));
    const logs = (...args: string[]) =>
      startCommand('logs', ['logged', ...args, '-n', tools.namespace], { KUBECONFIG: tools.cluster.kubeconfig }).ended;
    const { code, stdout, stderr } = await logs('-f');
    const linesOf = (name: string) => Array.from({ length: 5 }, (_, at) => `line ${at + 1} of ${name} →`);
    expect(code, stderr).toBe(0);
    for (const { name } of [...steps.slice(0, 2), ...steps.slice(3)]) {
      const own = stdout.split('\n').filter((line) => line.startsWith(name));
      expect(own.map((line) => line.replace(/^\w+ +\| /, ''))).toEqual(linesOf(name));
      expect(stderr).toMatch(new RegExp(`logs: ${name}: kubectl logs -n ${tools.namespace} \\S+ -c tool-runner -f\n`));
    }
    const last = await logs('ship', '--tail', '2');
    expect([last.code, last.stdout]).toEqual([0, `${linesOf('ship').slice(3).join('\n')}\n`]);
    const [, , command = ''] = /logs: (ship): (kubectl .*)\n/.exec(last.stderr) ?? [];
    expect(await tools.kubectl(command.split(' ').slice(1))).toBe(last.stdout);
    const happened = await startCommand('events', ['logged', '-n', tools.namespace], {
      KUBECONFIG: tools.cluster.kubeconfig,
    }).ended;
    expect(happened.stdout).toMatch(/Normal +SuccessfulCreate +build +Job\/.*Normal +Started +ship +Pod\//s);
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
