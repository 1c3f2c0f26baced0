import type { Action } from './observation.ts';
import type { Requeue } from './requeue.ts';
import type { Slots } from './slots.ts';

type CreateChild = Extract<Action, { type: 'CreateChild' }>;

/**
 * The most creates of an engine at the same time. A transport has 12 connections for calls. So a create never waits for
 * a connection after its run was last checked, and the status writes and deletes of other runs find a free one.
 */
export const MOST_CREATES = 8;

/**
 * Once a create has failed, the creates of one reconcile may take this long in total, in milliseconds. Creates take
 * long if, for example, a webhook does not answer.
 */
const LONGEST_CREATES_MS = 10_000;

/** What the creates of one reconcile need. */
export interface Creating {
  /** The slots for creates, which all runs of the engine share. */
  readonly slots: Slots;
  /** Whether the run is still as it was when its status was written. Called before each create. */
  readonly isWanted: () => boolean;
  /** The names of children that could not be created before, the one that was tried longest ago first. */
  readonly waiting: Iterable<string>;
  /** Makes one call. Must not throw. */
  readonly create: (create: CreateChild) => Promise<Requeue>;
  /** Milliseconds on a monotonic clock. */
  readonly elapsed: () => number;
}

/** The creates of one kind in one reconcile. */
interface Line {
  running: number;
  /** How many may run at the same time. */
  width: number;
  hasFailed: boolean;
}

/**
 * Creates children, several at the same time. They are issued in declaration order. Children that could not be created
 * before come last, the one tried longest ago first. After a failure, those of them that have the same kind wait for a
 * later reconcile: a quota that is full for one is full for all.
 *
 * The first create of a kind runs alone. After each success, one more create may run at the same time. After a failure,
 * only one may. So a kind that fails, or does not answer, costs one call at a time. A run asks for one slot at a time,
 * so that runs take turns. Resolves when all calls have ended.
 */
export async function createChildren(
  { slots, isWanted, waiting, create, elapsed }: Creating,
  creates: readonly CreateChild[],
): Promise<readonly Requeue[]> {
  const startedMs = elapsed();
  const turns = new Map([...waiting].map((name, turn) => [name, turn + 1]));
  const turnOf = ({ ref }: CreateChild) => turns.get(ref.name) ?? 0;
  const lines = new Map(
    creates.map(({ ref }): [string, Line] => [ref.kind, { running: 0, width: 1, hasFailed: false }]),
  );
  const results: Requeue[] = [];
  let onEnd = () => {};

  function whenOneEnds(): Promise<void> {
    return new Promise((resolve) => {
      onEnd = resolve;
    });
  }

  async function issue(action: CreateChild, line: Line): Promise<void> {
    line.running++;
    const result = await create(action);
    const isDone = (result.errors ?? []).length === 0;
    line.width = isDone ? line.width + 1 : 1;
    line.hasFailed ||= !isDone;
    line.running--;
    results.push(result);
    slots.give();
    onEnd();
  }

  for (const action of creates.toSorted((one, other) => turnOf(one) - turnOf(other))) {
    const line = lines.get(action.ref.kind) as Line;
    while (line.running >= line.width) await whenOneEnds();
    if (line.hasFailed && turnOf(action) > 0) continue;
    if (elapsed() > startedMs + LONGEST_CREATES_MS && lines.values().some(({ hasFailed }) => hasFailed)) break;
    await slots.take();
    if (!isWanted()) {
      slots.give();
      results.push({ isOutdated: true });
      break;
    }
    void issue(action, line);
  }
  while (lines.values().some(({ running }) => running > 0)) await whenOneEnds();
  return results;
}
