import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { KubeError } from '../../../src/kube/errors.ts';
import { RUNS } from '../../support/model/engine.ts';
import type { Arena } from '../arena.ts';
import { type Ground, PATIENCE_MS, type Scenario } from '../scenario.ts';
import { statusOf } from '../verdict.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');

/** The program as it was before the first or the last commit that changed a path, in a checkout of its own. */
export async function checkOut(
  paths: string | readonly string[],
  which: 'the first' | 'the last',
): Promise<{ readonly path: string; readonly remove: () => Promise<void> }> {
  const git = (...words: string[]) => run('git', words, { cwd: root });
  const commits = (await git('rev-list', 'HEAD', '--', ...[paths].flat())).stdout.trim().split('\n');
  const commit = which === 'the first' ? commits.at(-1) : commits[0];
  const parent = await mkdtemp(join(tmpdir(), 'orchestration-gate-previous-'));
  const path = join(parent, 'checkout');
  await git('worktree', 'add', '--detach', path, `${commit}~1`);
  await symlink(join(root, 'node_modules'), join(path, 'node_modules'));
  return {
    path,
    async remove() {
      await git('worktree', 'remove', '--force', path);
      await rm(parent, { recursive: true });
    },
  };
}

export const builds: readonly Scenario[] = [
  {
    id: 'F14',
    title: 'the wall clock an hour ahead, an hour behind, three times as fast',
    async play({ open, count, note, skip }) {
      const [library] = globSync('/usr/lib/*/faketime/libfaketime.so.1');
      if (library === undefined) return skip('not run: faketime is not installed (apt-get install faketime)');
      const arena = await open();
      for (const time of ['+1h', '-1h', '+0 x3']) {
        const environment = { LD_PRELOAD: library, FAKETIME: time, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
        note(`FAKETIME=${time}`);
        count('faults');
        const replica = await arena.startReplica({ environment });
        await arena.createRuns(3, `clock-${Buffer.from(time).toString('hex')}`);
        await delay(300);
        // In the middle of it, a replica whose clock is right takes over.
        const right = await arena.startReplica();
        await replica.stop();
        await arena.createRuns(3, `right-${Buffer.from(time).toString('hex')}`);
        await arena.finish(PATIENCE_MS);
        await right.stop();
      }
      return undefined;
    },
  },
  {
    id: 'F21',
    title: 'the build before and this one take turns, and run at once; a newer one has written',
    async play(ground) {
      const { open, count, note, defer } = ground;
      const previous = await checkOut(['src/reconciler', 'src/kube', 'src/supervisor'], 'the last');
      defer(previous.remove);
      const arena = await open({ delayMs: () => 600 });
      for (let turn = 0; turn < 3; turn++) {
        const isAtOnce = turn === 2;
        note(isAtOnce ? 'both at once' : 'one after the other');
        count('faults');
        const before = await arena.startReplica({ root: previous.path });
        await arena.createRuns(4, `turn-${turn}`);
        await arena.until(
          () => arena.journal.current('ToolRun').some(({ status }) => status === undefined),
          PATIENCE_MS,
        );
        if (!isAtOnce) await before.stop();
        const now = await arena.startReplica();
        await arena.createRuns(2, `after-${turn}`);
        await arena.finish(PATIENCE_MS);
        await Promise.all([before.stop(), now.stop()]);
      }
      await keepUnknown(ground);
    },
  },
];

/** What a newer build says of a step, and a condition of its own. */
const NEWER = { field: 'progress', value: '50%', condition: 'Paced' };

/** A run that a newer build has written to, and that this one ends: what it does not know must still be there. */
async function keepUnknown({ open, note, count, complain }: Ground): Promise<void> {
  const arena = await open({ delayMs: () => 600 });
  await arena.startReplica();
  const [name = ''] = await arena.createRuns(1, 'newer');
  const stored = () => arena.journal.current(RUNS.kind).map(statusOf)[0] ?? statusOf({});
  await arena.until(() => stored().stepStatuses.some(({ phase }) => phase === 'Succeeded'), PATIENCE_MS);
  await writeAsNewer(arena, name);
  note('written to by a newer build');
  count('faults');
  await arena.finish(PATIENCE_MS);
  const { stepStatuses, conditions } = stored();
  const lost = stepStatuses.filter((step) => Reflect.get(step, NEWER.field) !== NEWER.value);
  for (const { name: step } of lost) complain(`${step} has lost a field that this build does not know`);
  if (!conditions.some(({ type }) => type === NEWER.condition)) complain('a condition of a newer build is lost');
}

async function writeAsNewer({ client, namespace }: Arena, name: string): Promise<void> {
  const target = { namespace, name };
  const options = { subresource: 'status', fieldManager: 'orchestration-gate-reconciler' } as const;
  for (;;) {
    const run = await client.get(RUNS, target);
    const { stepStatuses, conditions } = statusOf(run);
    const { uid, resourceVersion } = run.metadata;
    const lastTransitionTime = new Date().toISOString();
    const paced = { type: NEWER.condition, status: 'True', reason: 'Newer', message: '', lastTransitionTime };
    const status = {
      conditions: [...conditions, paced],
      stepStatuses: stepStatuses.map((step) => ({ ...step, [NEWER.field]: NEWER.value })),
    };
    const body = { metadata: { uid, resourceVersion }, status };
    try {
      await client.patch(RUNS, target, { type: 'merge', body }, options);
      return;
    } catch (error) {
      if (!(error instanceof KubeError && error.reason === 'Conflict')) throw error;
    }
  }
}
