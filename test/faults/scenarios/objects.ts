import { setTimeout as delay } from 'node:timers/promises';
import type { KubeObject } from '../../../src/objects/object.ts';
import type { Orchestration } from '../../../src/orchestration/decode.ts';
import { RUNS, TOOL_RUNS } from '../../support/model/engine.ts';
import { endsMixed } from '../arena.ts';
import { endOf, outcomeOf } from '../mixed-run.ts';
import { PATIENCE_MS, type Scenario } from '../scenario.ts';

const NAMESPACES = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false } as const;
const CANCEL = 'orchestration.proompteng.ai/cancel';
const SUSPEND = 'orchestration.proompteng.ai/suspend';

const ownerOf = ({ metadata }: KubeObject) => metadata.ownerReferences?.[0]?.name ?? '';

const pair: Orchestration['steps'] = ['first', 'second'].map((name, index) => ({
  name,
  kind: 'ToolRun',
  toolRef: { name: 'echo' },
  dependsOn: index === 0 ? [] : ['first'],
}));

export const objects: readonly Scenario[] = [
  {
    id: 'F9',
    title: 'a rival that labels the runs 1, 10 and 100 times a second',
    isQuick: true,
    async play({ open, count, note, complain }) {
      const arena = await open();
      await arena.startReplica();
      const { client, namespace } = arena;
      const runs = await arena.createRuns(3);
      let isOver = false;
      const flips = await Promise.all(
        runs.map(async (name, index) => {
          const pauseMs = 1000 / 10 ** index;
          let flip = 0;
          const deadline = performance.now() + 20_000;
          while (!isOver && performance.now() < deadline) {
            const body = { metadata: { labels: { rival: String(++flip) } } };
            await client.patch(RUNS, { namespace, name }, { type: 'merge', body });
            count('faults');
            const run = arena.journal.current(RUNS.kind).find(({ metadata }) => metadata.name === name);
            if ((run?.['status'] as { finishedAt?: string } | undefined)?.finishedAt !== undefined) break;
            await delay(pauseMs);
          }
          return flip;
        }),
      );
      isOver = true;
      note(`labelled ${flips.join(', ')} times`);
      await arena.finish(PATIENCE_MS);
      for (const [index, name] of runs.entries()) {
        const { labels } = (await client.get(RUNS, { namespace, name })).metadata;
        if (labels?.['rival'] !== String(flips[index]))
          complain(`${name} lost a label of the rival: ${JSON.stringify(labels)}`);
      }
    },
  },
  {
    id: 'F15',
    title: 'runs deleted and made anew under the same name; their namespace deleted',
    isQuick: true,
    async play({ open, close, random, count, note, complain }) {
      const arena = await open();
      const replica = await arena.startReplica();
      const names = await arena.createRuns(6);
      for (const name of names) {
        await delay(random.int(600));
        await arena.client.delete(RUNS, { namespace: arena.namespace, name });
        count('faults');
        note(`${name} is deleted and made anew`);
        await arena.recreateRun(name);
      }
      await arena.finish(PATIENCE_MS);
      if (replica.starts() > 1) complain(`the process was started ${replica.starts()} times`);
      await close(arena);

      const doomed = await open();
      const witness = await doomed.startReplica();
      await doomed.createRuns(4);
      await doomed.until(() => doomed.journal.current(TOOL_RUNS.kind).length > 3, PATIENCE_MS);
      note('the namespace is deleted');
      count('faults');
      await doomed.client.delete(NAMESPACES, { name: doomed.namespace });
      const isGone = await doomed.until(() => doomed.journal.current(RUNS.kind).length === 0, PATIENCE_MS);
      if (!isGone) complain('the runs of a deleted namespace are still there');
      if (witness.starts() > 1) complain(`the process was started ${witness.starts()} times`);
    },
  },
  {
    id: 'F16',
    title: 'children deleted or edited by people; their names taken',
    isQuick: true,
    async play({ open, count, note }) {
      const arena = await open({
        steps: pair,
        // The children that are deleted do not end by themselves.
        outcomeOf: (_, __, child) => (ownerOf(child) === 'deleted-1' ? undefined : 'Succeeded'),
        delayMs: () => 500,
        expect: (status, children, name) => {
          const wanted = {
            'deleted-1': ['first Failed ChildDeleted 1', 'second Skipped DependencyFailed 0'],
            'edited-1': ['first Succeeded Completed 1', 'second Succeeded Completed 1'],
            'taken-1': ['first Failed ChildNameTaken 1', 'second Skipped DependencyFailed 0'],
          }[name];
          const ended = endOf(status);
          const most = name === 'taken-1' ? 0 : name === 'deleted-1' ? 1 : 2;
          return [
            ...ended.filter((end, index) => end !== wanted?.[index]),
            ...(children.length === most ? [] : [`${children.length} children`]),
          ];
        },
      });
      const { client, namespace } = arena;
      await arena.startReplica();
      arena.proxy.follow((call) => {
        if (call.verb !== 'create' || arena.runOf(call) !== 'taken-1' || call.resource !== TOOL_RUNS.plural)
          return undefined;
        const { name } = (call.body as KubeObject).metadata;
        count('faults');
        note(`${name} is taken`);
        const spec = { toolRef: { name: 'foreign' } };
        const metadata = { name, namespace };
        const foreign = { apiVersion: 'tools.proompteng.ai/v1alpha1', kind: 'ToolRun', metadata, spec };
        return { before: () => client.create(TOOL_RUNS, foreign).catch(() => {}) };
      });
      arena.journal.onEntry(({ type, object }) => {
        const target = { namespace, name: object.metadata.name };
        const run = type === 'ADDED' && object.kind === TOOL_RUNS.kind ? ownerOf(object) : '';
        if (run === 'edited-1') {
          count('faults');
          const body = { metadata: { labels: { edited: 'true' } }, spec: { parameters: { edited: 'true' } } };
          void client.patch(TOOL_RUNS, target, { type: 'merge', body });
        }
        if (run === 'deleted-1') {
          count('faults');
          // By then its uid is recorded: that takes at most a second after it was seen.
          void delay(2_500).then(() => client.delete(TOOL_RUNS, target));
        }
      });
      for (const prefix of ['deleted', 'edited', 'taken']) await arena.createRuns(1, prefix);
      await arena.finish(PATIENCE_MS);
    },
  },
  {
    id: 'F19',
    title: 'runs cancelled, suspended and resumed at any time',
    async play({ open, random, count, note }) {
      const cancelled = new Set<string>();
      const arena = await open({
        outcomeOf: (step, attempt) => outcomeOf(step, attempt),
        expect: (status, children, name) => {
          if (!cancelled.has(name)) return endsMixed(status, children, name);
          const isOver = status.stepStatuses.every(({ phase }) => /Succeeded|Failed|Skipped|Cancelled/.test(phase));
          return isOver ? [] : [`is over, but not its steps: ${endOf(status)}`];
        },
      });
      await arena.startReplica();
      const { client, namespace } = arena;
      const annotate = async (name: string, key: string, value: string | null) => {
        note(`${name}: ${key}=${value}`);
        count('faults');
        await client.patch(
          RUNS,
          { namespace, name },
          { type: 'merge', body: { metadata: { annotations: { [key]: value } } } },
        );
      };
      for (let round = 0; round < 3; round++) {
        const names = await arena.createRuns(8, `round-${round}`);
        const edit = async (name: string) => {
          for (let edits = random.int(4); edits > 0; edits--) {
            await delay(random.int(500));
            await annotate(name, SUSPEND, 'true');
            await delay(random.int(500));
            await annotate(name, SUSPEND, null);
          }
          if (!random.isIn100(40)) return;
          await delay(random.int(1_000));
          cancelled.add(name);
          await annotate(name, CANCEL, 'true');
        };
        await Promise.all(names.map(edit));
        await arena.finish(PATIENCE_MS);
      }
    },
  },
];
