import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { waitUntil } from '../support/namespaced-api.ts';
import { graph, loop, OURS, runOf, sequence, useCrds, useRelease } from './release.ts';

const executing = 'orchestrationController.enabled=true';
/** Pods are replaced sooner than by default: this is not about load. */
const quickly = ['gate.drainSeconds=3', 'minReadySeconds=1'];

/** The chart as it was before it had pods; a clone without history lacks it. */
const LAST_OF_0_1_0 = '6c4a232';
const hasHistory = spawnSync('git', ['cat-file', '-e', `${LAST_OF_0_1_0}^{commit}`]).status === 0;

describe('installed with Helm, under restricted Pod Security', () => {
  useCrds('ours');
  const release = useRelease();
  const other = useRelease();
  const { kubectl, tryKubectl, helm, apply, judge } = release;

  it('refuses its first loop seconds after the installation has begun', async () => {
    const begun = performance.now();
    const installed = release.deploy('install', executing, ...quickly);
    await release.waitForDenial();
    console.log(`install to first refusal: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    await installed;
    const ready = 'jsonpath={.status.readyReplicas}';
    expect(await kubectl(['get', 'deployment/orchestration-gate', '-o', ready])).toBe('2');
  });

  it('refuses in words that kubectl lists, takes what can run, and writes the default', async () => {
    const refused = await apply(loop('looping'));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('The Orchestration "looping" is invalid');
    expect((await apply(sequence('sequential'))).code).toBe(0);
    const edges = await kubectl(['get', 'orchestration/sequential', '-o', 'jsonpath={.spec.steps[*].dependsOn}']);
    expect(edges).toBe('["a"] ["b"]');
  });

  it('passes helm test', async () => {
    await helm('test', 'orchestration-gate', '--timeout', '120s');
  });

  it('runs an OrchestrationRun in its sidecar, and tells so in status and log', async () => {
    await kubectl(['apply', '-f', '-'], graph('diamond', { a: [], b: ['a'], c: ['a'], d: ['b', 'c'] }));
    await kubectl(['apply', '-f', '-'], runOf('diamond'));
    await kubectl(['wait', 'orchestrationrun/diamond', '--for=jsonpath={.status.phase}=Succeeded', '--timeout=60s']);
    const phases = 'jsonpath={.status.stepStatuses[*].phase}';
    expect(await kubectl(['get', 'orchestrationrun/diamond', '-o', phases])).toBe(
      'Succeeded Succeeded Succeeded Succeeded',
    );
    const logs = (container: string) => kubectl(['logs', '-l', OURS, '-c', container, '--tail=-1']);
    expect(await logs('gate')).toMatch(/"name":"diamond".*"verdict":"allowed"/);
    expect(await logs('reconciler')).toContain('engine started');
  });

  it('has both containers scraped through the Service', async () => {
    const scrape = (port: string) =>
      kubectl([
        'get',
        '--raw',
        `/api/v1/namespaces/${release.namespace}/services/orchestration-gate:${port}/proxy/metrics`,
      ]);
    expect(await scrape('metrics')).toContain('orchestration_gate_admission_in_flight ');
    expect(await scrape('reconciler')).toContain('orchestration_gate_engine_up 1');
  });

  it.skipIf(!hasHistory)(
    `takes the place of a release of chart 0.1.0${hasHistory ? '' : ': not run without history'}`,
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'chart-'));
      onTestFinished(() => rm(folder, { recursive: true }));
      const { stdout } = spawnSync('git', ['archive', LAST_OF_0_1_0, 'charts/orchestration-gate']);
      spawnSync('tar', ['--extract', '--directory', folder], { input: stdout });
      const old = join(folder, 'charts/orchestration-gate');
      await other.helm('install', 'orchestration-gate', old, '--set', 'webhook.url=https://127.0.0.1:8443');
      await other.deploy('upgrade', ...quickly);
      await other.waitForDenial();
    },
  );

  it('stands beside a release in another namespace, each judging its own', async () => {
    if (!hasHistory) await other.deploy('install', ...quickly);
    await other.waitForDenial();
    await other.helm('uninstall', 'orchestration-gate', '--wait');
    expect((await other.apply(loop('unjudged'))).code).toBe(0);
    expect((await apply(loop('judged'))).code).toBe(1);
  });

  it('is upgraded and rolled back with pods replaced, and nothing unjudged', async () => {
    const generations = () => kubectl(['get', 'replicasets', '-l', OURS, '-o', 'name']);
    const before = (await generations()).trim().split('\n').length;
    await release.deploy('upgrade', executing, ...quickly, 'podAnnotations.turn=second', 'settings.limits.maxSteps=2');
    expect((await generations()).trim().split('\n')).toHaveLength(before + 1);
    await waitUntil(
      'the new limit to hold',
      async () => (await judge(sequence('three'))).stderr.includes('3 steps'),
      undefined,
      100,
    );
    await helm('rollback', 'orchestration-gate', '--wait', '--timeout', '200s');
    await waitUntil('the old limit to hold', async () => (await judge(sequence('three'))).code === 0, undefined, 100);
    await release.waitForDenial();
    await release.waitForPods();
  });

  it('lets everything pass while the glass is broken, without a restart', async () => {
    const pods = () => kubectl(['get', 'pods', '-l', OURS, '-o', 'jsonpath={.items[*].metadata.uid}']);
    const before = await pods();
    await kubectl(['create', 'configmap', 'orchestration-gate-override', '--from-literal=mode=warn']);
    // Three creates in a row must pass, because the kubelets of the two pods need not hear of the override at once.
    const passes = async () =>
      (await tryKubectl(['create', '--dry-run=server', '-f', '-'], loop('passing'))).code === 0;
    const passesThrice = async () => (await passes()) && (await passes()) && passes();
    await waitUntil('the override to hold', passesThrice, undefined, 150);
    await kubectl(['delete', 'configmap', 'orchestration-gate-override']);
    await waitUntil('the gate to refuse again', async () => !(await passesThrice()), undefined, 150);
    expect(await pods()).toBe(before);
  });

  it('refuses its own kinds and nothing else while no gate runs, and is back within seconds', async () => {
    const labelled = () =>
      tryKubectl(['label', 'orchestration/sequential', `at=${Math.floor(performance.now())}`, '--overwrite']);
    await kubectl(['scale', 'deployment/orchestration-gate', '--replicas=0']);
    await kubectl(['wait', 'pods', '-l', OURS, '--for=delete', '--timeout=120s']);
    const { code, stderr } = await apply(sequence('unanswered'));
    expect([code, stderr]).toEqual([1, expect.stringContaining('failed calling webhook "default.orchestrations')]);
    expect((await labelled()).code).toBe(0);
    expect((await apply(runOf('sequential', 'passing'))).code).toBe(0);
    expect((await tryKubectl(['create', 'configmap', 'unrelated'])).code).toBe(0);
    expect((await tryKubectl(['delete', 'orchestration/diamond'])).code).toBe(0);
    const begun = performance.now();
    await kubectl(['scale', 'deployment/orchestration-gate', '--replicas=2']);
    await release.waitForDenial();
    console.log(`scaled up to first refusal: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    await kubectl(['rollout', 'status', 'deployment/orchestration-gate', '--timeout=120s']);
  });

  it('leaves CRDs and users’ objects when it is uninstalled, and nothing else', async () => {
    await helm('uninstall', 'orchestration-gate', '--wait', '--timeout', '120s');
    const namespaced = (await kubectl(['api-resources', '--verbs=list', '--namespaced', '-o', 'name']))
      .trim()
      .split('\n');
    const kinds = namespaced.filter((kind) => !/^(events|endpoints|endpointslices|podmetrics|pods)\b/.test(kind));
    const left = (await kubectl(['get', kinds.join(','), '-o', 'name'])).trim().split('\n');
    const ofUsers =
      /^orchestration(run)?s?\.orchestration\.proompteng\.ai\/|^configmap\/(kube-root-ca\.crt|unrelated)$|^serviceaccount\/default$/;
    expect(left.filter((name) => !ofUsers.test(name) && !name.startsWith('controllerrevision.apps/'))).toEqual([]);
    const ofCluster =
      'clusterrole,clusterrolebinding,validatingwebhookconfiguration,mutatingwebhookconfiguration,validatingadmissionpolicy,validatingadmissionpolicybinding';
    expect(await kubectl(['get', ofCluster, '-l', OURS, '-o', 'name'])).toBe('');
    expect(await kubectl(['get', 'orchestration', '-o', 'name'])).toContain('sequential');
  });
});
