import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withCluster } from '../../src/cli/cluster/kube-cluster.ts';
import { issueCertificateAuthority, issueLeaf } from '../../src/tls/issue.ts';
import { connectApi } from '../support/api.ts';
import { startCommand } from '../support/cli.ts';
import { sharedCluster } from '../support/controlplane/suite.ts';
import { useReconciledNamespace } from '../support/reconciler.ts';
import { tool } from '../support/run-steps.ts';

type Verb = Parameters<typeof startCommand>[0];

describe('the CLI lists and explains runs on a real API server', () => {
  const cluster = sharedCluster();
  const reconciled = useReconciledNamespace();
  const cli = (verb: Verb, ...args: string[]) =>
    startCommand(verb, [...args, '-n', reconciled().namespace], { KUBECONFIG: cluster.kubeconfig });

  it('lists pages of runs by phase, labels and namespace, and their changes', async () => {
    const { run, api, statusOf } = reconciled();
    await run('first', { steps: [{ name: 'mark', kind: 'Checkpoint' }] });
    await statusOf('first', ({ phase }) => phase === 'Succeeded');
    await run('second', { steps: [tool('build'), tool('test')] });
    await statusOf('second', ({ stepStatuses }) => stepStatuses[0]?.phase === 'Running');
    await api.edit('OrchestrationRun', 'second', { metadata: { labels: { team: 'web' } } });
    const { stdout } = await cli('list').ended;
    expect(stdout).toMatch(
      /^NAME +ORCHESTRATION +PHASE .*\nsecond +second +Running +0\/2 .*\nfirst +first +Succeeded +1\/1 /,
    );
    const names = async (...args: string[]) => (await cli('list', ...args, '-o', 'name').ended).stdout;
    expect(await names('-l', 'team=web')).toBe('orchestrationrun.orchestration.proompteng.ai/second\n');
    expect(await names('--phase', 'Succeeded', '-A')).toContain('/first\n');
    expect((await cli('list', 'orchestrations').ended).stdout).toMatch(/second +Ready +2 /);
    expect((await cli('list', '-l', 'a b').ended).stderr).toContain('unable to parse requirement');
    const watching = cli('list', '--watch', '--of', 'second');
    await expect.poll(() => watching.output(), { timeout: 150_000 }).toContain('0/2');
    await reconciled().endChild('second', 'build', 'Succeeded');
    await expect.poll(() => watching.output(), { timeout: 150_000 }).toMatch(/second +second +Running +1\/2/);
    watching.leave();
    await reconciled().endChild('second', 'test', 'Succeeded');
    expect((await watching.ended).code).toBe(0);
  });

  it('follows the Events of a run and of its children until it ends', async () => {
    const { run, api, namespace, childOf, endChild } = reconciled();
    await run('told', { steps: [tool('build')] });
    const { kind, metadata } = await childOf('told', 'build');
    const tell = (reason: string) =>
      api.create('Event', `told-${reason.toLowerCase()}`, {
        involvedObject: { kind, name: metadata.name, namespace, uid: metadata.uid },
        ...{ type: 'Normal', reason, message: `${reason} it`, firstTimestamp: new Date().toISOString() },
      });
    await tell('Before');
    const watching = cli('events', 'told', '--watch');
    await expect.poll(() => watching.output(), { timeout: 150_000 }).toMatch(/Normal +Before +build +ToolRun\//);
    await tell('Meanwhile');
    await expect.poll(() => watching.output(), { timeout: 150_000 }).toMatch(/Normal +Meanwhile +build +ToolRun\//);
    await api.edit('Event', 'told-before', { count: 2, lastTimestamp: new Date().toISOString() });
    await expect.poll(() => watching.output(), { timeout: 150_000 }).toMatch(/\(x2 over \w+\) +Normal +Before/);
    await endChild('told', 'build', 'Succeeded');
    const { code, stdout } = await watching.ended;
    expect([code, stdout.match(/Meanwhile it/g)?.length]).toEqual([0, 1]);
  });

  it('says what the user may do, and who that is', async () => {
    const { namespace } = reconciled();
    await cluster.kubectl(['create', 'serviceaccount', 'guest', '-n', namespace]);
    const kubeconfig = await cluster.serviceAccountKubeconfig(namespace, 'guest');
    const ask = (path: string) =>
      withCluster(
        { kubeconfig: path },
        { environment: {}, now: Date.now, elapsed: () => performance.now() },
        async (port) => {
          const question = { verb: 'create', group: '', resource: 'pods', subresource: 'log', namespace };
          return { allowed: (await port.canI(question)).allowed, user: await port.whoAmI() };
        },
      );
    expect(await ask(kubeconfig)).toEqual({ allowed: false, user: `system:serviceaccount:${namespace}:guest` });
    expect((await ask(cluster.kubeconfig)).allowed).toBe(true);
    const { code, stderr } = await startCommand('logs', ['second', '-n', namespace], { KUBECONFIG: kubeconfig }).ended;
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^logs: orchestrationruns.* is forbidden: .*: logs need the verbs get on /),
    ]);
  });

  describe('with a node that serves logs', () => {
    const node = useNode();

    it('follows the log of an AgentRun over a kubelet that breaks off, and ends with its pod', async () => {
      const { run, api, namespace, childOf, endChild } = reconciled();
      await run('logged', {
        steps: [{ name: 'work', kind: 'AgentRun', agentRef: { name: 'a' }, implementation: { inline: { text: 'x' } } }],
      });
      const following = cli('logs', 'logged', 'work', '-f');
      const child = (await childOf('logged', 'work')).metadata.name;
      const labels = { 'batch.kubernetes.io/job-name': 'work-job' };
      const spec = { nodeName: node().name, containers: [{ name: 'agent', image: 'x' }] };
      await api.create('Pod', 'work-job-x', { metadata: { labels }, spec });
      await api.setStatus('AgentRun', child, { phase: 'Running', runtimeRef: { type: 'job', name: 'work-job' } });
      await expect.poll(() => following.complaints(), { timeout: 150_000 }).toContain('has not started: ');
      const at = (second: number, text: string) => `2026-01-31T12:00:0${second}.5Z ${text}\n`;
      node().answers.push(at(1, 'one') + at(2, 'two'), at(1, 'one') + at(2, 'two') + at(3, 'three →'));
      const stateOf = (state: object) => ({
        phase: 'Running',
        containerStatuses: [{ name: 'agent', image: 'x', imageID: 'x', ready: false, restartCount: 0, state }],
      });
      const startedAt = '2026-01-31T12:00:00Z';
      await api.setStatus('Pod', 'work-job-x', stateOf({ running: { startedAt } }));
      await expect.poll(() => following.output(), { timeout: 150_000 }).toBe('one\ntwo\nthree →\n');
      node().answers.push(at(3, 'three →') + at(4, 'four'));
      await api.setStatus(
        'Pod',
        'work-job-x',
        stateOf({ terminated: { exitCode: 0, startedAt, finishedAt: startedAt } }),
      );
      await endChild('logged', 'work', 'Succeeded');
      const { code, stdout, stderr } = await following.ended;
      expect([code, stdout]).toEqual([0, 'one\ntwo\nthree →\nfour\n']);
      expect(stderr).toContain(`logs: work: kubectl logs -n ${namespace} work-job-x -c agent -f\n`);
    });
  });

  /** A node whose kubelet answers each request for a log with the next text; after the last one, it repeats that. */
  function useNode(): () => { readonly name: string; readonly answers: string[] } {
    const answers: string[] = [];
    const name = `node-${Math.random().toString(36).slice(2, 8)}`;
    const send = connectApi(cluster);
    let close = () => {};
    beforeAll(async () => {
      const validity = { lifetimeMs: 3_600_000, now: new Date() };
      const authority = await issueCertificateAuthority({ commonName: 'kubelet', ...validity });
      const leaf = await issueLeaf({ authority, dnsNames: ['kubelet'], ipAddresses: ['127.0.0.1'], ...validity });
      let last = '';
      const server = createServer({ cert: leaf.certificatePem, key: leaf.privateKeyPem }, (_, reply) => {
        last = answers.shift() ?? last;
        reply.end(last);
      });
      await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
      close = () => {
        server.close();
        server.closeAllConnections();
      };
      await send('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name } });
      const status = {
        addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
        daemonEndpoints: { kubeletEndpoint: { Port: (server.address() as AddressInfo).port } },
      };
      await send('PATCH', `/api/v1/nodes/${name}/status`, { status }, 'application/merge-patch+json');
    });
    afterAll(async () => {
      close();
      await send('DELETE', `/api/v1/nodes/${name}`);
    });
    return () => ({ name, answers });
  }
});
