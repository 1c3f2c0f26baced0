import { setTimeout as delay } from 'node:timers/promises';
import type { Orchestration } from '../../../src/orchestration/decode.ts';
import type { StepStatus } from '../../../src/orchestration/run-status.ts';
import { Annotation } from '../../../src/orchestration/vocabulary/metadata.ts';
import { RUNS } from '../../support/model/engine.ts';
import type { Arena } from '../arena.ts';
import type { Entry } from '../journal.ts';
import { endOf } from '../mixed-run.ts';
import { type Ground, killEngines, PATIENCE_MS, type Scenario } from '../scenario.ts';
import { statusOf } from '../verdict.ts';

const steps: Orchestration['steps'] = [
  { name: 'ask', kind: 'ApprovalGate', dependsOn: [], approvers: { count: 2 } },
  { name: 'ship', kind: 'ToolRun', toolRef: { name: 'echo' }, dependsOn: ['ask'] },
];

/** Somebody denies every third run, after the first approval and before the second. */
const isDenied = (run: string) => Number(run.split('-').at(-1)) % 3 === 0;
const ends = {
  approved: ['ask Succeeded Completed 1', 'ship Succeeded Completed 1'],
  denied: ['ask Failed ApprovalDenied 1', 'ship Skipped DependencyFailed 0'],
};

const gateOf = (run: Parameters<typeof statusOf>[0]): StepStatus | undefined => statusOf(run).stepStatuses[0];
const usersOf = ({ approvals = [] }: Partial<StepStatus> = {}) => approvals.map(({ user }) => user);

/** People decide about a run, each after a while. What is recorded already may go again. */
async function decide(arena: Arena, { random }: Ground, name: string): Promise<void> {
  const { client, journal, namespace, until } = arena;
  const find = () => journal.current(RUNS.kind).find(({ metadata }) => metadata.name === name);
  const gate = () => {
    const run = find();
    return run === undefined ? undefined : gateOf(run);
  };
  const annotate = (key: string, value: string | null) => {
    const body = { metadata: { annotations: { [`${Annotation.Approval}ask.${key}`]: value } } };
    return client.patch(RUNS, { namespace, name }, { type: 'merge', body });
  };
  await until(() => gate()?.phase === 'Running', PATIENCE_MS);
  await annotate('1', 'approved by ann');
  await delay(random.int(1_000));
  await annotate('2', 'approved by ann');
  if (random.isIn100(50)) {
    await until(() => usersOf(gate()).includes('ann'), PATIENCE_MS);
    await annotate('1', null);
    await annotate('2', null);
  }
  await delay(random.int(1_000));
  if (isDenied(name)) await annotate('3', 'denied by eve');
  await delay(random.int(50));
  await annotate('4', 'approved by bob');
}

/** Complains of each gate that opened without two approvals that were there, and of each record that was lost. */
function judge({ journal }: Arena, { complain }: Ground): void {
  const isRun = ({ type, object }: Entry) => object.kind === RUNS.kind && type !== 'DELETED';
  const runs = Map.groupBy(journal.entries.filter(isRun), ({ object }) => object.metadata.name);
  for (const [name, versions] of runs) {
    const given = new Set<string>();
    let before: readonly string[] = [];
    for (const { object } of versions) {
      for (const value of Object.values(object.metadata.annotations ?? {})) given.add(value);
      const gate = gateOf(object);
      const users = usersOf(gate);
      const isEnough = new Set(users).size >= 2 && users.every((user) => given.has(`approved by ${user}`));
      if (gate?.phase === 'Succeeded' && !isEnough) complain(`${name} opened with the approvals of [${users}]`);
      if (!before.every((user) => users.includes(user))) complain(`${name} lost an approval of [${before}]`);
      before = users;
    }
  }
}

export const approvals: readonly Scenario[] = [
  {
    id: 'F39',
    title: 'people approve and deny, while engines die and answers to status writes are lost',
    isQuick: true,
    async play(ground) {
      const { open, count, random } = ground;
      const arena = await open({
        steps,
        expect: (status, children, name) => {
          const wanted = isDenied(name) ? ends.denied : ends.approved;
          const shipped = isDenied(name) ? 0 : 1;
          return [
            ...endOf(status).filter((end, index) => end !== wanted[index]),
            ...(children.length === shipped ? [] : [`${children.length} children, and not ${shipped}`]),
          ];
        },
      });
      const replica = await arena.startReplica();
      const begin = async (prefix: string) =>
        Promise.all((await arena.createRuns(9, prefix)).map((name) => decide(arena, ground, name)));

      const people = begin('dies');
      await killEngines(ground, replica, { times: 8, withinMs: 400 });
      await people;
      await arena.finish(PATIENCE_MS);

      arena.proxy.follow(({ verb, subresource }) => {
        if (verb !== 'patch' || subresource !== 'status' || !random.isIn100(30)) return undefined;
        count('faults');
        return { isReplyLost: true };
      });
      await begin('unheard');
      await arena.finish(PATIENCE_MS);
      judge(arena, ground);
    },
  },
];
