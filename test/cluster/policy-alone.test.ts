import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { twinCodes } from '../../scripts/policy-twin.ts';
import { findFreePorts } from '../support/controlplane/network.ts';
import { describeNeeding, sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { applyWebhooks, installCrds } from '../support/gate.ts';
import { orchestration } from '../support/gated.ts';
import { connectNamespace } from '../support/namespaced-api.ts';
import { connectCreates, installTwin } from '../support/policy-twin.ts';
import { ring, root, step } from '../support/steps.ts';
import { mistakes } from '../support/twin-mistakes.ts';
import { listSteps, nameAt } from '../twin/cost.ts';

describeNeeding(['loopbackWebhooks'], 'the policy for Orchestrations, while no gate answers,', () => {
  const cluster = sharedCluster();
  const namespace = useNamespace();
  const api = connectNamespace(cluster, namespace);
  const kubectl = (toolArguments: readonly string[], input: object) =>
    cluster.kubectl(['--namespace', namespace, ...toolArguments, '-f', '-'], { input: JSON.stringify(input) });
  const create = (name: string, steps: Parameters<typeof orchestration>[1]) =>
    kubectl(['create'], orchestration(name, steps));
  let remove: () => Promise<void>;
  const install = async (...values: readonly string[]) => {
    await remove();
    remove = await installTwin(cluster, { release: 'alone', namespace, values });
  };

  beforeAll(async () => {
    await installCrds(cluster, 'agents');
    const [port] = await findFreePorts(1);
    const values = ['webhook.failurePolicy=Ignore', 'defaulting.mode=Never'];
    const webhooks = await applyWebhooks(cluster, `https://127.0.0.1:${port}`, {
      release: 'alone',
      namespaces: [namespace],
      values,
    });
    return async () => {
      const names = webhooks.map(({ kind, metadata }) => `${kind}/${metadata.name}`.toLowerCase());
      await cluster.kubectl(['delete', ...names]);
    };
  });
  beforeEach(async () => {
    remove = await installTwin(cluster, { release: 'alone', namespace });
  });
  afterEach(() => remove());

  it('has a mistake here for each of its rules', () => {
    expect(mistakes.map(({ code }) => code).toSorted()).toEqual([...twinCodes].toSorted());
  });

  it.each(mistakes)('denies $code by name, and nothing is stored', async ({ code, spec, says }) => {
    const object = { ...orchestration('broken', []), spec };
    const { stderr } = await kubectl(['apply'], object);
    expect(stderr).toContain(` denied request: ${says} (${code})`);
    expect(await api.read('Orchestration', 'broken')).toBeUndefined();
  });

  it('allows what it cannot decide: a cycle', async () => {
    expect(await create('cycle', ring(3))).toMatchObject({ code: 0 });
  });

  it('leaves a mistake from before alone, until its spec changes', async () => {
    await remove();
    expect(await create('old', [root('a'), step('b', 'c')])).toMatchObject({ code: 0 });
    await install();
    await api.edit('Orchestration', 'old', { metadata: { labels: { team: 'shop' } } });
    const change = { spec: { steps: [{ name: 'a', kind: 'Checkpoint', dependsOn: ['c'] }] } };
    await expect(api.edit('Orchestration', 'old', change)).rejects.toThrow('no step is named "c" (MissingDependency)');
    await api.remove('Orchestration', 'old');
  });

  /** Waits for a warning of a create that is allowed; the API server knows of a policy a moment after it is stored. */
  const expectWarning = (steps: Parameters<typeof orchestration>[1]) => {
    const warn = () => kubectl(['create', '--dry-run=server'], orchestration('warned', steps));
    return expect.poll(async () => ((await warn()).code === 0 ? (await warn()).stderr : ''));
  };

  it('follows the severities', async () => {
    await install('settings.severities.MissingDependency=warn', 'settings.severities.SelfDependency=off');
    const wrong = [root('a'), step('b', 'b', 'c')];
    const told = /^Warning: .*: spec\.steps\[1\]\.dependsOn\[1\]: no step is named "c" \(MissingDependency\)\n$/;
    await expectWarning(wrong).toMatch(told);
  });

  it('only warns if the mode is warn', async () => {
    await install('settings.mode=warn', 'settings.severities.MissingDependency=off');
    const told = /^Warning: .*: "a" is already the name of steps\[0\]: rename one of the two \(DuplicateStep\)\n$/;
    await expectWarning([root('a'), step('a', 'b')]).toMatch(told);
  });

  it.each([
    ['MissingDependency', 1000, 1001, 1, 9],
    ['MissingDependency', 51, 52, 200, 9],
    ['DuplicateStep', 500, 501, 1, 9],
    // Here the API server stops, because the expression costs more than it allows.
    ['DuplicateStep', 300, 500, 1, 63],
  ] as const)('denies %s in %i steps, says nothing of %i, with %i entries and names of %i', async (...row) => {
    const [code, within, beyond, entries, nameLength] = row;
    await install('settings.limits.maxSteps=100000');
    const ask = connectCreates(cluster, namespace);
    const listOf = (length: number) => {
      const steps = listSteps(length - 1, nameLength, entries);
      const duplicate = { name: nameAt(0, nameLength), dependsOn: [] };
      const wrong = code === 'DuplicateStep' ? duplicate : { name: 'last', dependsOn: ['nobody'] };
      return { steps: [...steps, { ...wrong, kind: 'Checkpoint' }] };
    };
    const denied = expect.stringContaining(`(${code})`);
    expect(await ask('within', listOf(within))).toMatchObject({ status: 422, denied });
    expect(await ask('beyond', listOf(beyond))).toMatchObject({ status: 201 });
  });
});
