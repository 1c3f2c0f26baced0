import { chmod, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { LintProblem } from '../../src/cli/files/report.ts';
import type { Planned } from '../../src/cli/format/plan-text.ts';
import { briefly } from '../cli/run-command.ts';
import { MAIN, startCommand } from '../support/cli.ts';
import { describeNeeding, sharedCluster } from '../support/controlplane/suite.ts';
import { orchestration, orchestrationRun, useGatedNamespace } from '../support/gated.ts';

describeNeeding(['loopbackWebhooks'], 'the CLI and a cluster with a gate', () => {
  const cluster = sharedCluster();
  const gated = useGatedNamespace();
  const namespace = () => gated().pathOf().split('/')[5] ?? '';
  const cli = (verb: 'lint' | 'plan', manifest: object | string, ...args: string[]) => {
    const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest, null, 2);
    const all = [...args, '--server', '-n', namespace(), 'a.yaml'];
    return startCommand(verb, all, { KUBECONFIG: cluster.kubeconfig }, text).ended;
  };
  const lint = async (manifest: object | string) => {
    const { code, stdout, stderr } = await cli('lint', manifest, '--format=json');
    return { code, problems: briefly({ exitCode: 0, stdout, stderr }), stderr };
  };
  const apply = async (object: object) => {
    const { code, stderr } = await gated().kubectl(['apply', '-f', '-'], object);
    if (code !== 0) throw new Error(stderr);
  };

  it('lint --server reports what the gate denies at its place in the file, and stores nothing', async () => {
    const broken = orchestration('broken', [
      { name: 'a', dependsOn: ['b'] },
      { name: 'c', dependsOn: ['c'] },
    ]);
    expect(await lint(broken)).toEqual({
      code: 1,
      problems: [
        'a.yaml:13:11 MissingDependency spec.steps[0].dependsOn[0]',
        'a.yaml:20:11 SelfDependency spec.steps[1].dependsOn[0]',
      ],
      stderr: '',
    });
    expect(await gated().read('broken')).toBe(undefined);
  });

  it('lint --server reports what the schema rejects, and what the gate warns about', async () => {
    const { code, problems } = await lint(orchestration('typed', [{ name: 'a', dependsOn: 7 as never }]));
    expect([code, problems]).toEqual([1, ['a.yaml:12:22 FieldValueTypeInvalid spec.steps[0].dependsOn']]);
    const warned = await lint(orchestration('warned', [{ name: 'a', dependsOn: [] }, { name: 'b' }]));
    expect([warned.code, warned.problems]).toEqual([0, ['a.yaml:8:5 MixedDependsOn spec.steps']]);
  });

  it('lint --server --children reports a denial once, though the gate warns about it too', async () => {
    const magic = {
      kind: 'AgentRun',
      agentRef: { name: 'a' },
      implementationSpecRef: { name: 'a' },
      runtime: { type: 'x' },
    };
    const fields = [1, 2].map((index) => `spec.steps[${index - 1}].runtime.type`);
    const steps = [
      { name: 'a', ...magic },
      { name: 'b', ...magic },
    ];
    const judge = async (...args: string[]) => {
      const { code, stdout } = await cli('lint', orchestration('magic', steps), '--format=json', ...args);
      return [
        code,
        (JSON.parse(stdout) as LintProblem[]).map((problem) => [problem.code, problem.severity, problem.field]),
      ];
    };
    expect(await judge()).toEqual([0, fields.map((field) => ['ChildWouldBeDenied', 'warn', field])]);
    expect(await judge('--children')).toEqual([1, fields.map((field) => ['ChildWouldBeDenied', 'deny', field])]);
  });

  it('lint --server accepts an object as it is stored, and finds documents that cannot be read', async () => {
    const fine = orchestration('fine', [{ name: 'a' }]);
    await apply(fine);
    expect(await lint(fine)).toMatchObject({ code: 0, problems: [] });
    expect((await lint(orchestration('fine', [{ name: 'a', dependsOn: ['z'] }]))).code).toBe(1);
    expect(await lint('a: [')).toMatchObject({ code: 1, problems: ['a.yaml:1:5 InvalidYaml'] });
  });

  it.each([{}, { metadata: null }, { metadata: { name: '..' } }])(
    'lint --server of an object with %j is told what its name lacks',
    async (metadata) => {
      const { metadata: _, ...nameless } = orchestration('x', [{ name: 'a' }]) as Record<string, unknown>;
      const { code, problems } = await lint({ ...nameless, ...metadata });
      expect([code, problems]).toEqual([1, [expect.stringMatching(/ FieldValue(Required|Invalid) metadata\.name$/)]]);
    },
  );

  it('lint --server that may not ask says so, and ends with 2', async () => {
    await cluster.kubectl(['create', 'serviceaccount', 'reader', '-n', namespace()]);
    const KUBECONFIG = await cluster.serviceAccountKubeconfig(namespace(), 'reader');
    const text = JSON.stringify(orchestration('x', [{ name: 'a' }]));
    const { code, stderr } = await startCommand('lint', ['--server', '-n', namespace(), '-'], { KUBECONFIG }, text)
      .ended;
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^lint: orchestrations\S* "x" is forbidden: /)]);
  });

  it('plan --server reports what differs from the stored object, and which runs keep that one', async () => {
    await apply(orchestration('release', [{ name: 'a' }, { name: 'b' }]));
    for (const run of ['started', 'waiting', 'done']) await apply(orchestrationRun(run, 'release'));
    const status = (run: string, value: object) =>
      gated().kubectl([
        'patch',
        `orchestrationrun/${run}`,
        '--subresource=status',
        '--type=merge',
        '-p',
        JSON.stringify({ status: value }),
      ]);
    await status('started', { phase: 'Running', runId: 'started' });
    await status('done', { phase: 'Succeeded', runId: 'done' });
    const next = orchestration('release', [
      { name: 'a', dependsOn: [] },
      { name: 'b', dependsOn: [] },
      { name: 'c', dependsOn: ['a', 'b'] },
    ]);
    const { code, stdout } = await cli('plan', next);
    expect(code).toBe(0);
    expect(stdout).toContain(
      [
        `  in namespace ${namespace()}, against what is stored:`,
        '    + c',
        '    ~ b: waits no longer for a',
        '  live runs that keep the graph they started with: started',
        '  runs that have not started, and will follow this: waiting',
        '',
      ].join('\n'),
    );
    const fresh = JSON.parse(
      (await cli('plan', orchestration('fresh', [{ name: 'a' }]), '--format=json')).stdout,
    ) as Planned[];
    expect(fresh[0]?.impact).toEqual({ namespace: namespace(), runsThatKeep: [], runsThatFollow: [] });
  });

  it('kubectl orchestration is the same program, and hands on its exit code', async () => {
    await using folder = await mkdtempDisposable(join(cluster.folder, 'plugin-'));
    const plugin = join(folder.path, 'kubectl-orchestration');
    await writeFile(plugin, `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
    await chmod(plugin, 0o755);
    await apply(orchestrationRun('ended', 'release'));
    const patch = JSON.stringify({ status: { phase: 'Failed' } });
    await gated().kubectl(['patch', 'orchestrationrun/ended', '--subresource=status', '--type=merge', '-p', patch]);
    const env = { PATH: `${folder.path}:${process.env['PATH']}` };
    const { code, stdout, stderr } = await cluster.kubectl(['orchestration', 'watch', 'ended', '-n', namespace()], {
      env,
    });
    expect([code, stdout, stderr]).toEqual([1, expect.stringContaining('ended of release: Failed'), '']);
  });
});
