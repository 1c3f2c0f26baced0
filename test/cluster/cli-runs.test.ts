import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OrchestrationRunSpec } from '../../src/orchestration/schema.ts';
import { startCommand } from '../support/cli.ts';
import { findFreePorts } from '../support/controlplane/network.ts';
import { describeNeeding, sharedCluster, startOwnControlPlane } from '../support/controlplane/suite.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { useReconciledNamespace } from '../support/reconciler.ts';
import { tool } from '../support/run-steps.ts';

describe('the CLI and runs on a real API server', () => {
  const cluster = sharedCluster();
  const reconciled = useReconciledNamespace({ isBesideChart: true });

  type Verb = Parameters<typeof startCommand>[0];
  const start = ([verb, ...args]: readonly [Verb, ...string[]], kubeconfig = cluster.kubeconfig) =>
    startCommand(verb, [...args, '-n', reconciled().namespace], { KUBECONFIG: kubeconfig });
  const cli = (...args: readonly [Verb, ...string[]]) => start(args).ended;

  /** Stores an Orchestration and nothing else. */
  const store = (name: string, ...steps: readonly object[]) =>
    reconciled().api.create('Orchestration', name, { spec: { steps } });

  const createdName = (stdout: string) =>
    /OrchestrationRun [\w-]+\/([\w-]+) (?:created|already exists)/.exec(stdout)?.[1] ?? '';

  const deliveryIdOf = async (name: string) => {
    const run = await reconciled().api.read('OrchestrationRun', name);
    return (run?.['spec'] as OrchestrationRunSpec | undefined)?.deliveryId;
  };

  it('a run is created, waited for, and its success is exit code 0', async () => {
    await store('release', tool('build'), tool('test'));
    const waiting = start(['run', 'release', '-p', 'version=1', '-p', 'note=a=b', '--wait', '--timeout', '60s']);
    await expect.poll(() => createdName(waiting.output())).not.toBe('');
    const name = createdName(waiting.output());
    await reconciled().endChild(name, 'build', 'Succeeded');
    await reconciled().endChild(name, 'test', 'Succeeded');
    const { code, stdout, stderr } = await waiting.ended;
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.slice(1).every((line) => /^\d\d:\d\d:\d\d /.test(line))).toBe(true);
    expect(lines.at(-1)).toMatch(/ of release: Succeeded, \d+s$/);
    expect(stdout).toMatch(/▶ Running {3}build/);
    expect(stdout).toMatch(/✓ Succeeded test/);
    expect((await reconciled().api.read('OrchestrationRun', name))?.['spec']).toEqual({
      orchestrationRef: { name: 'release' },
      parameters: { version: '1', note: 'a=b' },
      deliveryId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    });
  });

  it('a run has a delivery id of its own unless one is given, and under its name keeps it', async () => {
    await store('identified', tool('a'));
    const deliver = async (...args: string[]) => {
      const { code, stdout } = await cli('run', 'identified', ...args);
      const name = createdName(stdout);
      return { code, isNew: stdout.endsWith(' created\n'), name, id: await deliveryIdOf(name) };
    };
    const [first, second] = [await deliver(), await deliver()];
    expect(second.id).not.toBe(first.id);
    expect(first.name).toBe(`identified-${first.id?.slice(0, 8)}`);
    const named = await deliver('--name', 'identified-1');
    expect(await deliver('--name', 'identified-1')).toEqual({ ...named, isNew: false });
    expect((await deliver('--name', 'identified-1', '--delivery-id', 'other')).code).toBe(2);
    expect(JSON.parse((await cli('status', 'identified-1', '-o', 'json')).stdout)).toMatchObject({
      deliveryId: named.id,
    });
  });

  it('a failing run names the step, what was skipped for it, and ends with 1', async () => {
    await reconciled().run('failing', { steps: [tool('lint'), tool('deploy')] });
    const watching = start(['watch', 'failing']);
    await reconciled().endChild('failing', 'lint', 'Failed', 'exit 1');
    const { code, stdout } = await watching.ended;
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ Failed {4}lint .*exit 1\n/);
    expect(stdout).toMatch(/↷ Skipped {3}deploy {2}dependency lint failed: exit 1\n/);
    expect(stdout).toMatch(
      /failing of failing: Failed, 1 failed, 1 skipped, \d+s \(StepFailed: "lint" failed: exit 1\)\n$/,
    );
  });

  it('status shows a run once, as text and as JSON, and ends with 0 whatever became of it', async () => {
    await reconciled().run('shown', { steps: [tool('lint', { retries: 1 }), tool('deploy')] });
    await reconciled().endChild('shown', 'lint', 'Failed', 'exit 1');
    await reconciled().statusOf('shown', ({ stepStatuses }) => stepStatuses[0]?.attempt === 2);
    const text = await cli('status', 'shown');
    expect([text.code, text.stderr]).toEqual([0, '']);
    expect(text.stdout).toMatch(
      /: Running, 0 of 2 steps done, \d+s\n {2}▶ Running {3}lint .*attempt 2.*\n {6}attempt 1 {2}\d+s {2}ChildFailed: exit 1 {2}child shown-lint-\w+\n {2}· Pending {3}deploy\n$/,
    );
    const json = JSON.parse((await cli('status', 'shown', '-o', 'json')).stdout);
    expect(json).toMatchObject({
      name: 'shown',
      orchestration: 'shown',
      phase: 'Running',
      steps: [
        { name: 'lint', phase: 'Running', attempt: 2 },
        { name: 'deploy', phase: 'Pending' },
      ],
    });
  });

  it('runs a delivery once, and rejects something else under its id with what differs', async () => {
    await store('delivered', tool('a'));
    const deliver = (...more: string[]) => cli('run', 'delivered', '--delivery-id', 'evt/42', ...more);
    const [first, second] = await Promise.all([deliver('-p', 'v=1'), deliver('-p', 'v=1')]);
    expect([first.code, second.code, createdName(second.stdout)]).toEqual([0, 0, createdName(first.stdout)]);
    expect([first.stdout, second.stdout].filter((said) => said.endsWith(' created\n'))).toHaveLength(1);
    const again = await deliver('-p', 'v=1');
    expect(again.stdout).toMatch(/ already exists: (Pending|Running)\n$/);
    const other = await deliver('-p', 'v=2', '-p', 'w=');
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(
      /with parameters\.v "1" instead of "2"\n.*with parameters\.w nothing instead of ""\n$/,
    );
  });

  it('cancel, suspend and resume say what they do, once and again', async () => {
    await reconciled().run('held', { steps: [tool('a'), tool('b')] });
    await reconciled().statusOf('held', ({ stepStatuses }) => stepStatuses[0]?.phase === 'Running');
    const said = async (verb: Verb) => {
      const { code, stdout } = await cli(verb, 'held');
      return [code, stdout.replace(/^OrchestrationRun \S+ /, '').trimEnd()];
    };
    expect(await said('resume')).toEqual([0, 'is not suspended']);
    expect(await said('suspend')).toEqual([0, 'is suspended: running steps continue, no other starts']);
    expect(await said('suspend')).toEqual([0, 'is suspended already']);
    await reconciled().endChild('held', 'a', 'Succeeded');
    await reconciled().statusOf('held', ({ stepStatuses }) => stepStatuses[0]?.phase === 'Succeeded');
    expect(await reconciled().childrenOf('held', 'b')).toEqual([]);
    expect(await said('resume')).toEqual([0, 'is resumed']);
    await reconciled().statusOf('held', ({ stepStatuses }) => stepStatuses[1]?.phase === 'Running');
    expect(await said('cancel')).toEqual([0, 'is being cancelled']);
    await reconciled().statusOf('held', ({ phase }) => phase === 'Cancelled');
    expect(await said('cancel')).toEqual([0, 'has already ended: Cancelled']);
    expect(await said('suspend')).toEqual([1, 'has already ended: Cancelled']);
    expect((await cli('watch', 'held')).code).toBe(1);
  });

  it('reports a misspelled name with a suggestion, and exits with 2', async () => {
    await store('nightly', tool('a'));
    expect(await cli('run', 'nightli')).toEqual({
      code: 2,
      stdout: '',
      stderr: `run: no Orchestration is named "nightli" in namespace "${reconciled().namespace}"; did you mean "nightly"?\n`,
    });
    await reconciled().run('weekly', { steps: [tool('a')] });
    expect((await cli('watch', 'weakly')).stderr).toContain('did you mean "weekly"?');
    expect((await cli('cancel', 'xyz')).stderr).toContain('there are ');
  });

  it('a run that is deleted while it is watched ends with 2, and so does one that takes too long', async () => {
    const { run, api } = reconciled();
    await run('deleted', { steps: [tool('a')] });
    const late = await cli('watch', 'deleted', '--timeout', '1s');
    expect([late.code, late.stderr]).toEqual([2, expect.stringMatching(/is still (Pending|Running) after 1s\n$/)]);
    const watching = start(['watch', 'deleted']);
    await expect.poll(() => watching.output()).toContain('Running');
    await api.remove('OrchestrationRun', 'deleted');
    const { code, stderr } = await watching.ended;
    expect([code, stderr]).toEqual([2, expect.stringContaining('was deleted before its end was seen')]);
  });

  it('reports what RBAC forbids in the words of the API server', async () => {
    const { namespace } = reconciled();
    await cluster.kubectl(['create', 'serviceaccount', 'nobody', '-n', namespace]);
    const kubeconfig = await cluster.serviceAccountKubeconfig(namespace, 'nobody');
    const { code, stderr } = await start(['watch', 'x'], kubeconfig).ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(/^watch: orchestrationruns\S* "x" is forbidden: User .* cannot get resource .*\n$/);
  });

  describe('through an API server that is away now and then', () => {
    let proxy: FaultProxy;
    let kubeconfig: string;
    beforeAll(async () => {
      proxy = await startFaultProxy(cluster);
      kubeconfig = await proxy.kubeconfig();
    });
    afterAll(() => proxy.stop());

    it('watch continues, says so, and misses nothing', async () => {
      await reconciled().run('outlasting', { steps: [tool('a'), tool('b')] });
      const watching = start(['watch', 'outlasting'], kubeconfig);
      await expect.poll(() => watching.output()).toContain('Running   a');
      proxy.follow(() => ({ isRefused: true }));
      proxy.cutWatches();
      await reconciled().endChild('outlasting', 'a', 'Succeeded');
      await reconciled().endChild('outlasting', 'b', 'Succeeded');
      await reconciled().statusOf('outlasting', ({ phase }) => phase === 'Succeeded');
      const trouble = 'cannot follow the API server (Unavailable), trying again';
      await expect.poll(() => watching.complaints()).toContain(trouble);
      proxy.follow(undefined);
      const { code, stdout } = await watching.ended;
      expect(code).toBe(0);
      expect(stdout).toContain('✓ Succeeded a');
      expect(stdout).toContain('✓ Succeeded b');
    });

    it('watch ends when the run is deleted before it can be followed', async () => {
      const { run, api } = reconciled();
      await run('fleeting', { steps: [tool('a')] });
      proxy.follow(({ verb }) =>
        verb === 'list' ? { before: () => api.remove('OrchestrationRun', 'fleeting') } : undefined,
      );
      const { code, stderr } = await start(['watch', 'fleeting'], kubeconfig).ended;
      proxy.follow(undefined);
      expect([code, stderr]).toEqual([2, expect.stringContaining('was deleted before its end was seen')]);
    });

    it('run creates one run, though the answer to its creation is lost', async () => {
      await store('unheard', tool('a'));
      let lost = 0;
      proxy.follow(({ verb, query }) => {
        if (verb !== 'create' || query.has('dryRun') || lost > 0) return undefined;
        lost++;
        return { isReplyLost: true };
      });
      const { code, stdout } = await start(['run', 'unheard'], kubeconfig).ended;
      proxy.follow(undefined);
      expect([code, lost, stdout]).toEqual([0, 1, expect.stringContaining('already exists')]);
    });
  });
});

describe('the CLI where there is no cluster to ask', () => {
  const cli = (KUBECONFIG: string, verb: 'status' | 'watch', ...args: string[]) =>
    startCommand(verb, args, { KUBECONFIG }).ended;

  it('says that there is no kubeconfig', async () => {
    const { code, stderr } = await cli('/gone', 'status', 'x');
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^status: no kubeconfig: KUBECONFIG names \/gone; .*\n$/),
    ]);
  });

  it('says that no server answers', async () => {
    const config = JSON.parse(await readFile(sharedCluster().kubeconfig, 'utf8')) as {
      clusters: { cluster: object }[];
    };
    const [port] = await findFreePorts(1);
    for (const entry of config.clusters) entry.cluster = { server: `https://127.0.0.1:${port}` };
    const path = join(sharedCluster().folder, 'nobody-answers.kubeconfig');
    await writeFile(path, JSON.stringify(config), { mode: 0o600 });
    const { code, stderr } = await cli(path, 'watch', 'x');
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^watch: cannot connect to the API server at https:.*\n$/),
    ]);
  });

  it('says which context there is not', async () => {
    const { stderr } = await cli(sharedCluster().kubeconfig, 'status', 'x', '--context', 'prod');
    expect(stderr).toMatch(/^status: there is no context "prod" in .*\n$/);
  });
});

describeNeeding(['ownControlPlane'], 'the CLI and a cluster without our kinds', () => {
  it('says what to install', async () => {
    const plane = await startOwnControlPlane();
    try {
      const { code, stderr } = await startCommand('watch', ['x'], { KUBECONFIG: plane.kubeconfig }).ended;
      expect([code, stderr]).toEqual([2, expect.stringContaining('this cluster does not know OrchestrationRuns')]);
    } finally {
      await plane.stop();
    }
  });
});
