import { describe, expect, test } from 'vitest';
import type { ApiFailure, Cluster, ClusterKind } from '../../../src/cli/cluster/port.ts';
import type { Command } from '../../../src/cli/command.ts';
import { plan } from '../../../src/cli/commands/plan.ts';
import { rerun } from '../../../src/cli/commands/rerun.ts';
import { status } from '../../../src/cli/commands/status.ts';
import type { KubeObject } from '../../../src/objects/object.ts';
import { API_VERSION, type Step } from '../../../src/orchestration/schema.ts';
import { nameSnapshot } from '../../../src/reconciler/names.ts';
import { portsOf } from '../run-command.ts';

const tool = (name: string, dependsOn: string[], rest: Partial<Step> = {}): Step => ({
  ...{ name, kind: 'ToolRun', toolRef: { name }, dependsOn, ...rest },
});
const steps = [
  tool('build', []),
  { name: 'approve', kind: 'ApprovalGate', policyRef: 'board', dependsOn: ['build'] },
  tool('deploy', ['approve']),
  tool('undo', ['deploy'], { runIf: 'Failed' }),
];
const policies = { parameters: { env: { enum: ['test', 'prod'] }, version: {} } };
const statuses = [
  { name: 'build', kind: 'ToolRun', phase: 'Succeeded', attempt: 1 },
  { name: 'approve', kind: 'ApprovalGate', phase: 'Succeeded', attempt: 1 },
  { name: 'deploy', kind: 'ToolRun', phase: 'Failed', attempt: 1, message: 'exit 1' },
  { name: 'undo', kind: 'ToolRun', phase: 'Succeeded', attempt: 1 },
];

const UID = 'u1';
const failure = (reason: ApiFailure['reason']): ApiFailure =>
  Object.assign(new Error(reason), { reason, causes: [], isOutcomeUnknown: false });

interface Given {
  readonly metadata?: object;
  readonly status?: object;
  readonly edited?: readonly Step[];
  readonly snapshot?: 'NotFound' | 'Forbidden';
  /** A run named `r` that already exists, as it was created. */
  readonly stored?: KubeObject;
}

/** A cluster with the run `release-1` of the Orchestration `release`, which has failed in `deploy`. */
function clusterOf(
  { metadata = {}, status: changed = {}, edited = steps, snapshot, stored }: Given,
  created: KubeObject[],
) {
  const run = {
    ...{
      apiVersion: API_VERSION,
      kind: 'OrchestrationRun',
      metadata: { name: 'release-1', namespace: 'ci', uid: UID, ...metadata },
    },
    spec: { orchestrationRef: { name: 'release' }, parameters: { version: '1', env: 'test' }, deliveryId: 'push-1' },
    status: { phase: 'Failed', runId: 'release-1', stepStatuses: statuses, ...changed },
  };
  const orchestration = { name: 'release', namespace: 'ci', policies, steps };
  const objects: Readonly<Record<string, object>> = {
    'OrchestrationRun release-1': run,
    'Orchestration release': { metadata: { name: 'release', namespace: 'ci' }, spec: { policies, steps: edited } },
    ...(stored && { [`OrchestrationRun ${stored.metadata.name}`]: stored }),
  };
  const find = (key: string) =>
    objects[key] === undefined ? Promise.reject(failure('NotFound')) : Promise.resolve(objects[key] as KubeObject);
  const cluster: Partial<Cluster> = {
    namespace: 'ci',
    get: (kind: ClusterKind, name: string) => find(`${kind} ${name}`),
    list: () => Promise.resolve([run as KubeObject]),
    getSnapshot: (name) => {
      if (snapshot !== undefined || name !== nameSnapshot(UID)) return Promise.reject(failure(snapshot ?? 'NotFound'));
      const data = { orchestration };
      const owner = { apiVersion: API_VERSION, kind: 'OrchestrationRun', name: 'release-1', uid: UID };
      const meta = { name, namespace: 'ci', ownerReferences: [owner] };
      return Promise.resolve({ apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata: meta, data });
    },
    create: (object, options) => {
      if (stored?.metadata.name === object.metadata.name) return Promise.reject(failure('AlreadyExists'));
      if (options?.isDryRun !== true) created.push(object);
      return Promise.resolve(object);
    },
  };
  return cluster as Cluster;
}

async function execute(command: Command, args: readonly string[], given: Given = {}) {
  const created: KubeObject[] = [];
  const cluster = clusterOf(given, created);
  let screen = '';
  const ports = portsOf({ withCluster: (_, use) => use(cluster) });
  const write = (text: string) => {
    screen += text;
  };
  const outcome = await command.execute(args, { ...ports, screen: { ...ports.screen, write, warn: write } });
  return { code: outcome.exitCode, out: screen + outcome.stdout, err: outcome.stderr, created };
}

describe('rerun', () => {
  test('creates a run that continues the other one, with its parameters and a delivery id of its own', async () => {
    const { code, out, created } = await execute(rerun, [
      'release-1',
      '-p',
      'version=2',
      '--from',
      'build',
      '--latest',
    ]);
    expect([code, out]).toEqual([0, 'OrchestrationRun ci/release-00000000 created\n']);
    expect(created).toEqual([
      {
        apiVersion: API_VERSION,
        kind: 'OrchestrationRun',
        metadata: {
          name: 'release-00000000',
          namespace: 'ci',
          annotations: {
            'orchestration.proompteng.ai/resume-from': 'release-1',
            'orchestration.proompteng.ai/resume-steps': '["build"]',
            'orchestration.proompteng.ai/resume-latest': 'true',
          },
        },
        spec: {
          orchestrationRef: { name: 'release' },
          parameters: { version: '2', env: 'test' },
          deliveryId: '00000000-0000-4000-8000-000000000000',
        },
      },
    ]);
  });

  test.each([
    ['that is running', { status: { phase: 'Running' } }, 'has not finished (Running): wait for its end, or cancel it'],
    [
      'that is a template',
      { metadata: { annotations: { 'agents.proompteng.ai/template': 'true' } }, status: { phase: undefined } },
      'is a template, which never runs',
    ],
    [
      'of another controller',
      { metadata: { managedFields: [{ manager: 'agents-status', subresource: 'status' }] } },
      'another controller has written the status of OrchestrationRun "release-1"',
    ],
    ['whose snapshot is gone', { snapshot: 'NotFound' }, 'the snapshot of OrchestrationRun "release-1" was deleted'],
  ] as const)('refuses a run %s, and creates nothing', async (_, given, words) => {
    const { code, err, created } = await execute(rerun, ['release-1'], given as Given);
    expect([code, created]).toEqual([2, []]);
    expect(err).toContain(words);
  });

  test('reports all mistakes at once', async () => {
    const args = ['release-1', '--from', 'biuld', '--from', 'x', '-p', 'env=dev'];
    const { err } = await execute(rerun, args, { status: { phase: 'Running' } });
    expect(err.split('\n')).toEqual([
      'rerun: OrchestrationRun "release-1" has not finished (Running): wait for its end, or cancel it',
      'rerun: no step is named "biuld"; did you mean "build"?',
      'rerun: no step is named "x"; there are "build", "approve", "deploy", "undo"',
      'rerun: parameter "env" is "dev", not one of "test", "prod"',
      '',
    ]);
    expect((await execute(rerun, ['relaese-1'])).err).toContain('did you mean "release-1"?');
  });

  test('needs no right to read the snapshot', async () => {
    expect(await execute(rerun, ['release-1'], { snapshot: 'Forbidden' })).toMatchObject({ code: 0, err: '' });
  });

  test('finds the run that is there already, and refuses another one under its name', async () => {
    const [stored] = (await execute(rerun, ['release-1', '--name', 'r'])).created;
    if (stored === undefined) throw new Error('nothing was created');
    const again = await execute(rerun, ['release-1', '--name', 'r'], { stored });
    expect([again.code, again.out]).toEqual([0, 'OrchestrationRun ci/r already exists: Pending\n']);
    const other = await execute(rerun, ['release-1', '--name', 'r', '--from', 'build'], { stored });
    expect(other.err).toBe(
      'rerun: OrchestrationRun ci/r already exists, with annotation orchestration.proompteng.ai/resume-steps nothing instead of "[\\"build\\"]"\n',
    );
  });
});

describe('plan --rerun', () => {
  test('shows what is inherited, why the rest runs, which gates ask again, and what may be undone', async () => {
    expect(await execute(plan, ['--rerun', 'release-1'])).toEqual({
      code: 0,
      err: '',
      created: [],
      out: `A rerun of OrchestrationRun ci/release-1 inherits 1 of 4 steps
  ↳ build    inherited from release-1: Succeeded
  ▶ approve  runs: it asks again, because deploy runs again
  ▶ deploy   runs: it failed: exit 1
  ▶ undo     runs: it depends on deploy, which runs again
  asks again: approve
  warning: undo (runIf Failed) has run after build, and may have undone that; --from runs a step again
`,
    });
  });

  test('follows edits and parameters that you give, and writes JSON', async () => {
    const edited = steps.map((step) => (step.name === 'build' ? { ...step, retries: 2 } : step));
    const { out } = await execute(plan, ['--rerun', 'release-1', '--latest', '-o', 'json'], { edited });
    expect(JSON.parse(out)).toMatchObject({
      name: 'release-1',
      orchestration: 'release',
      steps: [{ step: 'build', isInherited: false, why: 'its field retries changed' }, {}, {}, {}],
      cleanups: [],
    });
    expect((await execute(plan, ['--rerun', 'release-1', '-p', 'version=2'])).out).toContain(
      'build    runs: its input parameters.version changed\n',
    );
    expect((await execute(plan, ['--rerun', 'release-1', '--from', 'build'])).out).toContain(
      'runs: the rerun names it',
    );
  });

  test('reports what cannot be planned, and flags that do not go together', async () => {
    expect(
      (await execute(plan, ['--rerun', 'release-1', '-p', 'env=dev', '--from', 'x'])).err.split('\n'),
    ).toHaveLength(3);
    expect((await execute(plan, ['--rerun', 'release-1'], { snapshot: 'Forbidden' })).err).toBe(
      'plan: you may not read the snapshot of "release-1", which shows what a rerun inherits: ask for the verb get on controllerrevisions (apps)\n',
    );
    expect((await execute(plan, ['--rerun', 'release-1', '--server', 'a.yaml'])).err).toBe(
      'plan: the argument "a.yaml" is unexpected\nplan: --server is about files, and --rerun about a run: leave one of them out\nSee orchestration-gate plan --help.\n',
    );
    expect((await execute(plan, ['--from', 'a'])).err).toContain('plan: --from is about a rerun: add --rerun RUN\n');
    expect((await execute(plan, [])).err).toContain('FILE is missing');
  });
});

test('status shows which steps are inherited, and from which run', async () => {
  const stepStatuses = statuses.map((step) => ({ ...step, reason: 'Inherited', attempt: 0, inheritedFrom: 'first' }));
  const { out } = await execute(status, ['release-1'], { status: { phase: 'Running', stepStatuses } });
  expect(out).toContain('  ↳ Succeeded build    inherited from first\n');
  expect(out).toContain('  ↳ Failed    deploy   inherited from first  exit 1\n');
});
