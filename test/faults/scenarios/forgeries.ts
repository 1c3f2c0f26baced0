import type { KubeObject } from '../../../src/objects/object.ts';
import type { Orchestration } from '../../../src/orchestration/decode.ts';
import { RUNS, TOOL_RUNS } from '../../support/model/engine.ts';
import { endOf } from '../mixed-run.ts';
import { PATIENCE_MS, type Scenario } from '../scenario.ts';
import { statusOf } from '../verdict.ts';

const pair: Orchestration['steps'] = ['scan', 'deploy'].map((name, index) => ({
  name,
  kind: 'ToolRun',
  toolRef: { name },
  dependsOn: index === 0 ? [] : ['scan'],
}));
const CANCEL = { 'orchestration.proompteng.ai/cancel': 'true' };
const OURS = { subresource: 'status', fieldManager: 'orchestration-gate-reconciler' } as const;

export const forgeries: readonly Scenario[] = [
  {
    id: 'F32',
    title: 'a child that somebody made before, with another spec',
    isQuick: true,
    async play({ open, count, note }) {
      const ends = ['scan Failed ChildNameTaken 1', 'deploy Skipped DependencyFailed 0'];
      const arena = await open({
        steps: pair,
        expect: (status) => endOf(status).filter((end, index) => end !== ends[index]),
      });
      const { client } = arena;
      await arena.startReplica();
      arena.proxy.follow((call) => {
        if (call.verb !== 'create' || call.resource !== TOOL_RUNS.plural || call.query.has('dryRun')) return undefined;
        const child = call.body as KubeObject;
        count('faults');
        note(`${child.metadata.name} is there already`);
        const forged = { ...child, spec: { toolRef: { name: 'harmless' } } };
        return { before: () => client.create(TOOL_RUNS, forged).catch(() => {}) };
      });
      await arena.createRuns(2);
      await arena.finish(PATIENCE_MS);
    },
  },
  {
    id: 'F33',
    title: 'a forged resourceRef in the status: of another namespace, kind and name; cancel works',
    isQuick: true,
    async play({ open, count, note, complain }) {
      const arena = await open({
        steps: pair,
        outcomeOf: () => undefined,
        expect: (status) => (endOf(status).length === pair.length ? [] : ['has lost its steps']),
      });
      const { client, namespace, journal, proxy } = arena;
      await arena.startReplica();
      const metadata = { name: 'victim', namespace };
      const apiVersion = 'tools.proompteng.ai/v1alpha1';
      const spec = { toolRef: { name: 'victim' } };
      await client.create(TOOL_RUNS, { apiVersion, kind: TOOL_RUNS.kind, metadata, spec });
      const lies: Readonly<Record<string, object>> = {
        namespace: { namespace: 'kube-system' },
        kind: { apiVersion: 'v1', kind: 'Secret' },
        name: { name: 'victim' },
      };
      for (const [what, lie] of Object.entries(lies)) {
        const [name = ''] = await arena.createRuns(1, what);
        const stored = () =>
          statusOf(journal.current(RUNS.kind).find((run) => run.metadata.name === name) ?? {}).stepStatuses;
        await arena.until(() => stored()[0]?.resourceRef?.uid !== undefined, PATIENCE_MS);
        note(`${name}: a forged ${what}`);
        count('faults');
        const stepStatuses = stored().map((step) => ({ ...step, resourceRef: { ...step.resourceRef, ...lie } }));
        await client.patch(RUNS, { namespace, name }, { type: 'merge', body: { status: { stepStatuses } } }, OURS);
        await client.patch(RUNS, { namespace, name }, { type: 'merge', body: { metadata: { annotations: CANCEL } } });
        if (!(await arena.until(() => arena.hasEnded(name), 15_000))) complain(`${name} cannot be cancelled`);
      }
      const strayed = proxy.calls.filter(
        (call) =>
          call.number !== null &&
          (call.namespace === 'kube-system' || call.name === 'victim' || call.resource === 'secrets'),
      );
      for (const { verb, resource, name } of strayed) complain(`${verb} ${resource} ${name}`);
      await arena.finish(PATIENCE_MS);
    },
  },
];
