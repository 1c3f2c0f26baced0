import { setTimeout as delay } from 'node:timers/promises';
import type { KubeObject } from '../../../src/objects/object.ts';
import type { Orchestration } from '../../../src/orchestration/decode.ts';
import { API_VERSION } from '../../../src/orchestration/schema.ts';
import { ORCHESTRATIONS, RUNS, TOOL_RUNS } from '../../support/model/engine.ts';
import type { Arena } from '../arena.ts';
import { stepOf } from '../hands.ts';
import { endOf } from '../mixed-run.ts';
import { killEngines, PATIENCE_MS, type Scenario } from '../scenario.ts';

type Steps = Orchestration['steps'];

const toolRun = (name: string, dependsOn: string[] = []): Steps[number] => ({
  name,
  kind: 'ToolRun',
  toolRef: { name: 'echo' },
  dependsOn,
});
const nested = (rest: Partial<Steps[number]>): Steps[number] => ({
  name: 'nested',
  kind: 'SubOrchestration',
  orchestrationRef: { name: 'inner' },
  dependsOn: [],
  ...rest,
});

/** Creates the Orchestration of the nested run, which is deleted as soon as it has finished. */
async function createInner({ client, namespace }: Arena, steps: Steps): Promise<void> {
  const metadata = { name: 'inner', namespace };
  const spec = { steps, policies: { ttlSecondsAfterFinished: 0 } };
  await client.create(ORCHESTRATIONS, { apiVersion: API_VERSION, kind: ORCHESTRATIONS.kind, metadata, spec });
}

const innerRuns = ({ journal }: Arena) =>
  journal.entries.flatMap(({ type, object }) =>
    type === 'ADDED' && object.kind === RUNS.kind && stepOf(object.metadata) === 'nested' ? [object] : [],
  );

export const nestings: readonly Scenario[] = [
  {
    id: 'F28',
    title: 'nested runs that go when they have finished, while engines die; and one that times out',
    isQuick: true,
    async play(ground) {
      const { open, close, count, note, complain } = ground;
      const ends = ['nested Succeeded Completed 1', 'after Succeeded Completed 1'];
      const arena = await open({
        steps: [nested({ retries: 1 }), toolRun('after', ['nested'])],
        expect: (status) => endOf(status).filter((end, index) => end !== ends[index]),
      });
      // So short that its parent has no time to write between its start and its end.
      await createInner(arena, [{ name: 'mark', kind: 'Checkpoint', dependsOn: [] }]);
      const replica = await arena.startReplica();
      const runs = await arena.createRuns(6);
      await killEngines(ground, replica, { times: 6, withinMs: 400 });
      await arena.finish(PATIENCE_MS);
      const made = innerRuns(arena).length;
      if (made !== runs.length) complain(`${made} nested runs, and not ${runs.length}`);
      await close(arena);

      // While buckets move, nobody may work on a run for longer than two seconds, and then its second attempt is late too.
      const timeoutSeconds = ground.isMoving ? 60 : 2;
      const late = await open({
        steps: [nested({ retries: 1, timeoutSeconds }), toolRun('after', ['nested'])],
        outcomeOf: (step, _, child) => (step === 'hangs' && isOfFirst(late, child) ? undefined : 'Succeeded'),
        expect: (status) => endOf(status).filter((end) => !/^(nested .* 2|after Succeeded Completed 1)$/.test(end)),
      });
      await createInner(late, [toolRun('hangs')]);
      holdFirst(late);
      await late.startReplica();
      await late.createRuns(1, 'late');
      count('faults');
      await late.finish(PATIENCE_MS);
      const [first, second] = innerRuns(late);
      const left = firstChild(late, first);
      const isBeside = second !== undefined && left !== undefined && !isGoneBefore(late, left, second);
      if (isBeside) complain(`${second.metadata.name} was created while ${left.metadata.name} was still there`);
      note(`attempts: ${innerRuns(late).length}`);
    },
  },
];

function isOfFirst(arena: Arena, child: KubeObject): boolean {
  return child.metadata.ownerReferences?.[0]?.uid === innerRuns(arena)[0]?.metadata.uid;
}

function firstChild({ journal }: Arena, owner: KubeObject | undefined): KubeObject | undefined {
  const children = journal.entries.filter(
    ({ object }) => object.kind === TOOL_RUNS.kind && object.metadata.ownerReferences?.[0]?.uid === owner?.metadata.uid,
  );
  return children[0]?.object;
}

/** Compares the resource versions, which all kinds share. */
function isGoneBefore({ journal }: Arena, child: KubeObject, next: KubeObject): boolean {
  const gone = journal.entries.find(
    ({ type, object }) => type === 'DELETED' && object.metadata.uid === child.metadata.uid,
  );
  return Number(gone?.object.metadata.resourceVersion ?? Infinity) < Number(next.metadata.resourceVersion);
}

/** Holds the child of the first attempt for 3 s after its deletion was requested, as its controller might. */
function holdFirst({ client, journal, namespace }: Arena): void {
  const held = new Set<string>();
  journal.onEntry(({ type, object }) => {
    if (object.kind !== TOOL_RUNS.kind || stepOf(object.metadata) !== 'hangs') return;
    const target = { namespace, name: object.metadata.name };
    const edit = (finalizers: readonly string[] | null) =>
      client.patch(TOOL_RUNS, target, { type: 'merge', body: { metadata: { finalizers } } }).catch(() => {});
    if (type === 'ADDED' && held.size === 0) {
      held.add(object.metadata.name);
      void edit(['example.com/at-work']);
    } else if (held.has(object.metadata.name) && object.metadata.deletionTimestamp !== undefined && type === 'MODIFIED')
      void delay(3_000).then(() => edit(null));
  });
}
