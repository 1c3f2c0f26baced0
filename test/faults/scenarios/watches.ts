import type { Orchestration } from '../../../src/orchestration/decode.ts';
import { cutAfter, endAfterMs, expireAfter, type Fault, lagLines, scrambleLines } from '../../support/fault-proxy.ts';
import { RUNS, TOOL_RUNS } from '../../support/model/engine.ts';
import type { Arena } from '../arena.ts';
import { endOf } from '../mixed-run.ts';
import { type Ground, PATIENCE_MS, type Scenario } from '../scenario.ts';

type Lines = NonNullable<Fault['lines']>;

/** Makes every watch of these kinds (or of all, if none are given) go through `lines`, from a new connection on. */
function disturb({ proxy }: Arena, { count }: Ground, lines: () => Lines, plurals: readonly string[] = []): void {
  proxy.follow(({ verb, resource }) => {
    if (verb !== 'watch' || (plurals.length > 0 && !plurals.includes(resource))) return undefined;
    count('faults');
    return { lines: lines() };
  });
  proxy.cutWatches();
}

const CHILDREN = [TOOL_RUNS.plural, 'agentruns'];

/** Plays each disturbance in turn, with runs of its own. */
async function disturbInTurn(
  ground: Ground,
  disturbances: readonly { readonly what: string; readonly lines: () => Lines; readonly plurals?: readonly string[] }[],
  graceMs = 0,
): Promise<void> {
  const arena = await ground.open();
  await arena.startReplica();
  for (const [index, { what, lines, plurals }] of disturbances.entries()) {
    ground.note(what);
    disturb(arena, ground, lines, plurals);
    await arena.createRuns(3, `part-${index + 1}`);
    await arena.finish(PATIENCE_MS + graceMs);
  }
}

/** Begins runs while every watch goes through `lines`; a watch that is opened after `calmAfterMs` is undisturbed. */
async function runUnder(ground: Ground, lines: () => Lines, calmAfterMs: number, patienceMs: number): Promise<void> {
  const arena = await ground.open();
  await arena.startReplica();
  disturb(arena, ground, lines);
  await arena.createRuns(3);
  await arena.finish(calmAfterMs);
  ground.note('watches that are opened from now on are as they should be');
  arena.proxy.follow(undefined);
  await arena.finish(patienceMs);
}

const mute = (): Lines =>
  async function* (lines) {
    for await (const line of lines) if (line === '') yield line; // never
  };

const loseATenth = ({ random, count }: Ground): Lines =>
  async function* (lines) {
    for await (const line of lines) {
      if (random.isIn100(10)) count('faults');
      else yield line;
    }
  };

/** Steps whose child may be gone before anybody saw it. */
const fleeting: Orchestration['steps'] = ['a', 'b', 'c'].map((name) => ({
  name,
  kind: 'ToolRun',
  toolRef: { name: 'echo' },
  dependsOn: [],
}));

export const watches: readonly Scenario[] = [
  {
    id: 'F4',
    title: 'news late by 0.1 to 3 s: of runs, of children, of everything',
    isQuick: true,
    play: (ground) => {
      const late = (plurals: readonly string[] | undefined, what: string) => {
        const ms = 100 + ground.random.int(2900);
        return { what: `${what} ${ms} ms late`, lines: () => lagLines(ms), ...(plurals && { plurals }) };
      };
      const parts = [late([RUNS.plural], 'runs'), late(CHILDREN, 'children'), late(undefined, 'everything')];
      return disturbInTurn(ground, parts, 60_000);
    },
  },
  {
    id: 'F4l',
    title: 'news of children a minute late',
    isPatient: true,
    notWhileMoving: 'each move ends a watch, and with it all news that this scenario still holds back',
    play: (ground) =>
      disturbInTurn(
        ground,
        [{ what: 'children 60 s late', lines: () => lagLines(60_000), plurals: CHILDREN }],
        600_000,
      ),
  },
  {
    id: 'F5',
    title: 'watches cut in a line, ended each second, expired at once',
    isQuick: true,
    play: (ground) =>
      disturbInTurn(
        ground,
        [
          { what: 'cut in each fourth line', lines: () => cutAfter(3) },
          { what: 'ended after a second', lines: () => endAfterMs(1_000) },
          { what: 'expired after two lines', lines: () => expireAfter(2) },
        ],
        60_000,
      ),
  },
  {
    id: 'F5h',
    title: 'watches that stay open and say nothing',
    isPatient: true,
    play: (ground) =>
      // The engine gives such a watch up after 150 s.
      runUnder(ground, mute, 2_000, 200_000),
  },
  {
    id: 'F6',
    title: 'children created, ended and deleted while nobody watched',
    isQuick: true,
    async play(ground) {
      const arena = await ground.open({
        steps: fleeting,
        removes: () => true,
        expect: (status, children) => {
          const ends = endOf(status);
          const isRight = (end: string) => /^[abc] (Succeeded Completed|Failed ChildDeleted) 1$/.test(end);
          return [
            ...ends.filter((end) => !isRight(end)),
            ...(children.length === 3 ? [] : [`${children.length} children, and not 3`]),
          ];
        },
      });
      await arena.startReplica();
      let isBlind = true;
      let hasExpired = false;
      arena.proxy.follow(({ verb, resource }) => {
        if (verb !== 'watch' || resource !== TOOL_RUNS.plural) return undefined;
        ground.count('faults');
        if (!isBlind && !hasExpired) {
          hasExpired = true;
          return { lines: expireAfter(0) };
        }
        return {
          async *lines(lines) {
            for await (const line of lines) if (!isBlind) yield line;
          },
        };
      });
      arena.proxy.cutWatches();
      const runs = await arena.createRuns(3);
      const gone = () =>
        arena.journal.entries.filter(({ type, object }) => type === 'DELETED' && object.kind === 'ToolRun');
      await arena.until(() => gone().length >= runs.length * fleeting.length, PATIENCE_MS);
      ground.note(`${gone().length} children have come and gone`);
      isBlind = false;
      arena.proxy.cutWatches();
      await arena.finish(PATIENCE_MS);
    },
  },
  {
    id: 'F7',
    title: 'news told twice, and old news after new',
    play: (ground) => disturbInTurn(ground, [{ what: 'scrambled', lines: scrambleLines }], 60_000),
  },
  {
    id: 'F7l',
    title: 'a tenth of all news lost, until everything is listed again',
    isPatient: true,
    play: (ground) =>
      // Everything is listed again every 10 to 11 minutes.
      runUnder(ground, () => loseATenth(ground), 30_000, 13 * 60_000),
  },
];
