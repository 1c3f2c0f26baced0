import { setTimeout as delay } from 'node:timers/promises';
import type { Orchestration } from '../../../src/orchestration/decode.ts';
import { RUNS, TOOL_RUNS } from '../../support/model/engine.ts';
import type { Arena } from '../arena.ts';
import { endOf } from '../mixed-run.ts';
import { type Ground, PATIENCE_MS, type Scenario } from '../scenario.ts';
import { apply, roleWithout } from './access.ts';

type Steps = Orchestration['steps'];

const toolRun = (name: string, rest: Partial<Steps[number]> = {}): Steps[number] => ({
  name,
  kind: 'ToolRun',
  toolRef: { name: 'echo' },
  dependsOn: [],
  ...rest,
});
const agentRun = (name: string): Steps[number] => ({
  name,
  kind: 'AgentRun',
  agentRef: { name: 'coder' },
  implementation: { inline: { text: name } },
  dependsOn: [],
});
const CANCEL = { 'orchestration.proompteng.ai/cancel': 'true' };
const QUOTAS = { group: '', version: 'v1', plural: 'resourcequotas', kind: 'ResourceQuota', namespaced: true } as const;
const COUNT = `count/${TOOL_RUNS.plural}.${TOOL_RUNS.group}`;

/** A service account that may do in the arena's namespace what a reconciler does. */
async function employ(ground: Ground, { namespace }: Arena): Promise<string> {
  await apply(
    ground,
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'reconciler', namespace } },
    roleWithout(namespace, []),
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'reconciler', namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reconciler' },
      subjects: [{ kind: 'ServiceAccount', name: 'reconciler', namespace }],
    },
  );
  return ground.plane.serviceAccountKubeconfig(namespace, 'reconciler');
}

export const obstacles: readonly Scenario[] = [
  {
    id: 'F26',
    title: 'a quota of one, held by a child that times out',
    isQuick: true,
    async play({ open, count }) {
      const ends = ['hung Failed StepTimedOut 1', 'waits Succeeded Completed 1', 'other Succeeded Completed 1'];
      const arena = await open({
        steps: [toolRun('hung', { timeoutSeconds: 3 }), toolRun('waits'), agentRun('other')],
        outcomeOf: (step) => (step === 'hung' ? undefined : 'Succeeded'),
        expect: (status) => endOf(status).filter((end, index) => end !== ends[index]),
      });
      const { client, namespace, journal } = arena;
      const target = { namespace, name: 'children' };
      await client.create(QUOTAS, { apiVersion: 'v1', kind: 'ResourceQuota', metadata: target, spec: { hard: {} } });
      /** No quota controller runs here: what the API server's admission counts up, somebody has to count down. */
      const release = async (used: number) => {
        const hard = { [COUNT]: '1' };
        await client.patch(QUOTAS, target, { type: 'merge', body: { spec: { hard } } });
        const status = { hard, used: { [COUNT]: String(used) } };
        await client.patch(QUOTAS, target, { type: 'merge', body: { status } }, { subresource: 'status' });
      };
      await release(0);
      journal.onEntry(({ type, object }) => {
        if (type === 'DELETED' && object.kind === TOOL_RUNS.kind) void release(0);
      });
      await arena.startReplica();
      await arena.createRuns(1);
      count('faults');
      await arena.finish(PATIENCE_MS);
    },
  },
  {
    id: 'F29',
    title: 'a kind that a gate waits for is absent, then forbidden: runs start, end by cancel and by deadline',
    isQuick: true,
    notWhileMoving:
      'its runs end after 8 s, and their buckets can wait longer than that for the Leases of dead members',
    async play({ open, close, count, note, complain }) {
      for (const status of [404, 403]) {
        const arena = await open({
          steps: [toolRun('first'), { name: 'wait', kind: 'SignalWait', deliveryId: 'never', dependsOn: ['first'] }],
          policies: { timeouts: { totalSeconds: 8 } },
          expect: (run, _, name) => {
            const wait = name.startsWith('cancelled') ? 'wait Cancelled RunCancelled 1' : 'wait Failed RunTimedOut 1';
            return endOf(run).filter((end) => end !== 'first Succeeded Completed 1' && end !== wait);
          },
        });
        const { client, namespace } = arena;
        arena.proxy.follow(({ resource }) => {
          if (resource !== 'signaldeliveries') return undefined;
          count('faults');
          return { answer: { status } };
        });
        await arena.startReplica();
        note(`signals cannot be read: ${status}`);
        const [name = ''] = await arena.createRuns(1, 'cancelled');
        await arena.createRuns(1, 'late');
        const hasBegun = () => arena.journal.current(TOOL_RUNS.kind).length === 2;
        if (!(await arena.until(hasBegun, 10_000)))
          complain('a first step waits for a kind that it has nothing to do with');
        await arena.until(
          () => arena.journal.current(TOOL_RUNS.kind).every((child) => child['status'] !== undefined),
          5_000,
        );
        await delay(500);
        await client.patch(RUNS, { namespace, name }, { type: 'merge', body: { metadata: { annotations: CANCEL } } });
        if (!(await arena.until(() => arena.hasEnded(name), 10_000))) complain('a cancel was not carried out');
        await arena.finish(PATIENCE_MS);
        await close(arena);
      }
    },
  },
  {
    id: 'F30',
    title: 'of three followed namespaces, one is deleted, and one never was',
    isQuick: true,
    async play(ground) {
      const { open, count, note, complain } = ground;
      const [arena, doomed] = [await open(), await open()];
      const kubeconfig = await arena.proxy.kubeconfig(await employ(ground, arena));
      // The same account, in the namespace that is deleted: the right to read it goes with it.
      await employ(ground, doomed);
      const subjects = [{ kind: 'ServiceAccount', name: 'reconciler', namespace: arena.namespace }];
      await apply(ground, {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'reconciler-elsewhere', namespace: doomed.namespace },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reconciler' },
        subjects,
      });
      const namespaces = JSON.stringify([arena.namespace, doomed.namespace, `${arena.namespace}-never`]);
      const options = {
        kubeconfig,
        isLacking: true,
        environment: { AGENTS_ORCHESTRATION_CONTROLLER_NAMESPACES: namespaces },
      };
      const [replica, runs] = [await arena.startReplica(options), await arena.createRuns(2, 'before')];
      if (!(await arena.until(() => runs.every(arena.hasEnded), PATIENCE_MS)))
        complain('runs wait for a namespace that never was');
      await doomed.createRuns(2);
      note('a namespace is deleted');
      count('faults');
      const { code, stderr } = await ground.plane.kubectl(['delete', 'namespace', doomed.namespace, '--wait=false']);
      if (code !== 0) throw new Error(stderr);
      await arena.createRuns(2, 'meanwhile');
      await arena.finish(PATIENCE_MS);
      await doomed.until(() => doomed.journal.current(RUNS.kind).length === 0, PATIENCE_MS);
      note('the engine starts anew');
      count('crashes');
      await replica.killEngine();
      const after = await arena.createRuns(2, 'after');
      if (!(await arena.until(() => after.every(arena.hasEnded), PATIENCE_MS)))
        complain('runs wait for a namespace that is gone');
    },
  },
  {
    id: 'F31',
    title: 'a cancel, and a deletion, amid 300 creates',
    isQuick: true,
    async play({ open, close, count, note, complain }) {
      const arena = await open({
        steps: Array.from({ length: 300 }, (_, index) => toolRun(`step-${index}`)),
        outcomeOf: () => undefined,
        expect: (status) => endOf(status).filter((end) => !/ Cancelled RunCancelled \d$/.test(end)),
      });
      const { client, namespace, journal } = arena;
      await arena.startReplica();
      // So slow that there is time to change one's mind: eight creates are made at the same time.
      arena.proxy.follow(({ verb, resource }) =>
        verb === 'create' && resource === TOOL_RUNS.plural ? { before: () => delay(160) } : undefined,
      );
      const made = (run: string) =>
        journal.entries.filter(
          ({ type, object: { kind, metadata } }) =>
            type === 'ADDED' && kind === TOOL_RUNS.kind && metadata.ownerReferences?.[0]?.name === run,
        ).length;
      const undo: readonly [string, (name: string) => Promise<unknown>][] = [
        [
          'cancelled',
          (name) =>
            client.patch(RUNS, { namespace, name }, { type: 'merge', body: { metadata: { annotations: CANCEL } } }),
        ],
        ['deleted', (name) => client.delete(RUNS, { namespace, name })],
      ];
      for (const [what, how] of undo) {
        const [name = ''] = await arena.createRuns(1, what);
        await arena.until(() => made(name) >= 5, PATIENCE_MS);
        count('faults');
        const before = made(name);
        await how(name);
        await arena.until(() => journal.current(TOOL_RUNS.kind).length === 0, PATIENCE_MS);
        const more = made(name) - before;
        note(`${name}: ${more} more children`);
        if (more > MOST_MORE) complain(`${name}: ${more} more children were created`);
      }
      await arena.finish(PATIENCE_MS);
      await close(arena);
    },
  },
];

/**
 * The most creates between a cancel or a deletion and the arrival of its news. A quiet machine makes 20 (400 ms), and a
 * busy one more. An engine that looks only behind its creates makes 290.
 */
const MOST_MORE = 100;
