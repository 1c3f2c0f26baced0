import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../fuzz/random.ts';
import type { ControlPlane, ControlPlaneOptions, ControlPlaneParts } from '../support/controlplane/controlplane.ts';
import type { Arena, ArenaOptions } from './arena.ts';
import type { Replica } from './replica.ts';

/** What a scenario is played on. */
export interface Ground {
  /** With the agents chart's CRDs, shared by scenarios that leave it as it is. */
  readonly plane: ControlPlane;
  readonly random: Random;
  readonly seed: number;
  /** Whether the buckets of all replicas move all the time. */
  readonly isMoving: boolean;
  /** An arena on a plane, the shared one unless given; it is judged and closed at the end of the scenario. */
  readonly open: (options?: ArenaOptions, plane?: ControlPlane) => Promise<Arena>;
  /** Judges an arena and closes it before the scenario ends. */
  readonly close: (arena: Arena) => Promise<void>;
  /** A control plane for this scenario alone, closed at its end. */
  readonly startPlane: (options?: Omit<ControlPlaneOptions, keyof ControlPlaneParts>) => Promise<ControlPlane>;
  /** Ends something when the scenario ends. */
  readonly defer: (end: () => unknown) => void;
  /** Notes what is done, to be printed if something is wrong. */
  readonly note: (line: string) => void;
  /** Counts faults. */
  readonly count: (what: 'crashes' | 'faults', howMany?: number) => void;
  /** Says why this cannot be played here. The report then leaves it out of the table, and names it below. */
  readonly skip: (why: string) => void;
  /** Says that something is wrong which no oracle sees. */
  readonly complain: (sentence: string) => void;
}

/** One fault or group of faults that must be survived: a row of the table. */
export interface Scenario {
  /** As in docs/reference/faults.md. */
  readonly id: string;
  readonly title: string;
  /** Part of every test run: seconds, not minutes. */
  readonly isQuick?: boolean;
  /** The scenario of which this is a part, for those who have no time for the whole. */
  readonly isShareOf?: string;
  /** Mostly waits: played at the same time as the others. */
  readonly isPatient?: boolean;
  /** Why it is not played while buckets move. */
  readonly notWhileMoving?: string;
  readonly play: (ground: Ground) => Promise<void>;
}

/** How long runs may take to end after the last fault: transport faults 15 s, on a machine that does more than this. */
export const PATIENCE_MS = 60_000;

/** Kills the engine of a replica up to `times` times, each time within `withinMs` at random, until `isOver`. */
export async function killEngines(
  { random, note, count }: Pick<Ground, 'random' | 'note' | 'count'>,
  replica: Pick<Replica, 'killEngine'>,
  { times, withinMs, isOver = () => false }: { times: number; withinMs: number; isOver?: () => boolean },
): Promise<void> {
  for (let death = 0; death < times && !isOver(); death++) {
    await delay(random.int(withinMs));
    note('the engine is killed');
    count('crashes');
    await replica.killEngine();
  }
}
