import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PATIENCE_MS, type Scenario } from '../scenario.ts';

/** A lease ends 15 s after it was last renewed, and a replica that gave up comes back within seconds. */
const TAKEOVER_MS = 40_000;
const ELECTED = { flags: ['--leader-elect=true'] };
/** With the supervisor's own patience: 8 s. */
const STALLING = { flags: ['--leader-elect=true', '--stall-seconds=8'] };

export const leaders: readonly Scenario[] = [
  {
    id: 'F13',
    title: 'three replicas without election; then a leader paused past its lease',
    isQuick: true,
    async play({ open, close, count, note }) {
      const crowd = await open();
      await Promise.all([1, 2, 3].map(() => crowd.startReplica()));
      await crowd.createRuns(12);
      await crowd.finish(PATIENCE_MS);
      await close(crowd);

      const arena = await open({ delayMs: () => 2_000 });
      const leader = await arena.startReplica(ELECTED);
      await arena.createRuns(4);
      await arena.until(() => arena.journal.current('ToolRun').length > 4, PATIENCE_MS);
      await arena.startReplica(ELECTED);
      note('the leader is paused for 17 s');
      count('faults');
      leader.pause();
      await delay(17_000);
      leader.resume();
      note('it goes on');
      await arena.createRuns(4, 'later');
      await arena.finish(PATIENCE_MS + TAKEOVER_MS);
    },
  },
  {
    id: 'F13l',
    title: 'all calls for the lease blocked for 20 s, and nothing else',
    async play({ open, count }) {
      const arena = await open({ delayMs: () => 2_000 });
      await Promise.all([1, 2].map(() => arena.startReplica(ELECTED)));
      await arena.createRuns(4);
      await arena.until(() => arena.journal.current('ToolRun').length > 4, PATIENCE_MS);
      arena.proxy.follow(({ resource }) => {
        if (resource !== 'leases') return undefined;
        count('faults');
        return { isRefused: true };
      });
      await delay(20_000);
      arena.proxy.follow(undefined);
      await arena.createRuns(4, 'later');
      await arena.finish(PATIENCE_MS + TAKEOVER_MS);
    },
  },
  {
    id: 'F23',
    title: 'the event loop of the leader stands still for 5, 12 and 20 s',
    async play({ open, count, note }) {
      const nodeArguments = ['--import', join(import.meta.dirname, '../stall.ts')];
      const arena = await open({ delayMs: () => 2_000 });
      for (const seconds of [5, 12, 20]) {
        const replicas = [];
        for (let n = 0; n < 2; n++)
          replicas.push(
            await arena.startReplica({ ...STALLING, nodeArguments, environment: { STALL_SECONDS: String(seconds) } }),
          );
        await arena.createRuns(3, `stall-${seconds}`);
        await arena.until(
          () => arena.journal.current('ToolRun').some(({ status }) => status === undefined),
          PATIENCE_MS,
        );
        note(`${seconds} s`);
        count('faults');
        await replicas[0]?.signal('SIGUSR2');
        await arena.finish(PATIENCE_MS + TAKEOVER_MS);
        await Promise.all(replicas.map((replica) => replica.stop()));
      }
    },
  },
];
