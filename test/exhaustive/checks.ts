import { explore } from './explore.ts';
import { listGraphs, listShapes } from './graphs.ts';
import type { Menu } from './moves.ts';

/** What is explored in full. Every step may be best-effort, and may have a retry unless the menu says otherwise. */
export interface Check {
  readonly steps: number;
  /** All graphs of this many labelled steps, or only one of those that differ only in the order of declaration. */
  readonly graphs: 'all' | 'shapes';
  readonly menu: Menu;
  readonly maxParallel?: number;
  /** `policies.timeouts.totalSeconds`: less than an hour, as is the time for the cleanup. */
  readonly totalSeconds?: number;
  /** Seconds rather than minutes: part of every test run. */
  readonly isQuick?: boolean;
}

/** Steps without retries, timeouts and tolerated failures: what is left of a menu is explored without them. */
const plain = { retries: false, timeouts: false, tolerance: false } as const;

/**
 * News come late everywhere. The order of declaration decides only who gets the room that is left, so all 543 graphs of four
 * steps are explored with two places, and of those that differ only in that order one is explored with a retry, and with a
 * fault anywhere. More takes many hours: 3 steps with a cancel and a fault alone have ten million states.
 */
export const checks: readonly Check[] = [
  { steps: 1, graphs: 'all', menu: { cancel: true, suspend: true, remove: true, hours: 2, cancelChildren: true } },
  { steps: 1, graphs: 'all', menu: { rival: true, suspend: true, faults: 0 } },
  { steps: 1, graphs: 'all', menu: { rival: true } },
  { steps: 1, graphs: 'all', menu: { rival: true, faults: 0 }, isQuick: true },
  { steps: 2, graphs: 'all', menu: {}, isQuick: true },
  { steps: 2, graphs: 'all', menu: { decisions: 2 } },
  { steps: 2, graphs: 'all', menu: { decisions: 2, faults: 1, retries: false }, isQuick: true },
  { steps: 2, graphs: 'all', menu: { cancel: true } },
  { steps: 2, graphs: 'all', menu: { cancel: true, faults: 1, retries: false }, isQuick: true },
  { steps: 2, graphs: 'all', menu: { suspend: true } },
  { steps: 2, graphs: 'all', menu: { suspend: true, faults: 1, retries: false }, isQuick: true },
  { steps: 2, graphs: 'all', menu: { remove: true } },
  { steps: 2, graphs: 'all', menu: { remove: true, faults: 1 }, isQuick: true },
  { steps: 1, graphs: 'all', menu: { sweep: true, cancel: true, remove: true, hours: 1 } },
  { steps: 2, graphs: 'all', menu: { sweep: true, faults: 1 } },
  { steps: 2, graphs: 'all', menu: { sweep: true, cancel: true, faults: 1, retries: false }, isQuick: true },
  { steps: 2, graphs: 'all', menu: { rival: true, faults: 0, retries: false } },
  { steps: 2, graphs: 'all', menu: { hours: 2, faults: 1 } },
  { steps: 2, graphs: 'all', menu: { hours: 1, faults: 0 }, isQuick: true },
  { steps: 2, graphs: 'all', menu: { hours: 1, faults: 1 }, maxParallel: 1 },
  { steps: 2, graphs: 'all', menu: { hours: 1, faults: 1, retries: false }, maxParallel: 1, isQuick: true },
  { steps: 1, graphs: 'all', menu: { hours: 1, faults: 1, startsLate: true }, isQuick: true },
  { steps: 2, graphs: 'all', menu: { hours: 1, faults: 0, retries: false, startsLate: true } },
  {
    steps: 2,
    graphs: 'all',
    menu: { cancel: true, suspend: true, remove: true, hours: 1, faults: 0, retries: false },
  },
  { steps: 2, graphs: 'all', menu: { runIf: true } },
  { steps: 2, graphs: 'all', menu: { runIf: true, faults: 1, retries: false }, isQuick: true },
  { steps: 2, graphs: 'all', menu: { runIf: true, cancel: true, faults: 0 } },
  { steps: 2, graphs: 'all', menu: { runIf: true, cancel: true, faults: 1, ...plain }, isQuick: true },
  {
    steps: 2,
    graphs: 'all',
    menu: { runIf: true, cancel: true, cancelNow: true, uncancel: true, suspend: true, faults: 0, ...plain },
  },
  {
    steps: 2,
    graphs: 'all',
    menu: { runIf: true, cancel: true, hours: 1, faults: 0, retries: false, tolerance: false },
  },
  { steps: 2, graphs: 'all', menu: { runIf: true, hours: 2, faults: 1, ...plain }, totalSeconds: 60 },
  { steps: 2, graphs: 'all', menu: { runIf: true, hours: 2, cancel: true, faults: 0, ...plain }, totalSeconds: 60 },
  { steps: 2, graphs: 'all', menu: { runIf: true, hours: 2, faults: 0, ...plain }, totalSeconds: 60, isQuick: true },
  { steps: 2, graphs: 'all', menu: { runIf: true, cancel: true, suspend: true, faults: 0, ...plain }, isQuick: true },
  { steps: 2, graphs: 'all', menu: { runIf: true, when: true, faults: 1, ...plain }, isQuick: true },
  { steps: 2, graphs: 'all', menu: { when: true, suspend: true, faults: 1, ...plain }, isQuick: true },
  { steps: 2, graphs: 'all', menu: { runIf: true, when: true, faults: 1, retries: false } },
  { steps: 2, graphs: 'all', menu: { runIf: true, when: true, cancel: true, suspend: true, faults: 0, ...plain } },
  { steps: 2, graphs: 'all', menu: { runIf: true, when: true, hours: 2, faults: 0, ...plain }, totalSeconds: 60 },
  { steps: 3, graphs: 'shapes', menu: { runIf: true, faults: 0, ...plain }, isQuick: true },
  { steps: 3, graphs: 'shapes', menu: { runIf: true, when: true, faults: 0, ...plain } },
  { steps: 3, graphs: 'shapes', menu: { runIf: true, when: true, faults: 1, ...plain } },
  { steps: 3, graphs: 'shapes', menu: { runIf: true, when: true, cancel: true, faults: 0, ...plain } },
  { steps: 3, graphs: 'shapes', menu: { runIf: true, when: true, hours: 2, faults: 0, ...plain }, totalSeconds: 60 },
  { steps: 3, graphs: 'shapes', menu: { runIf: true, cancel: true, faults: 1, ...plain } },
  { steps: 3, graphs: 'all', menu: { runIf: true, faults: 0, retries: false } },
  { steps: 3, graphs: 'shapes', menu: { runIf: true, faults: 1, ...plain } },
  { steps: 3, graphs: 'shapes', menu: { runIf: true, cancel: true, faults: 0, ...plain } },
  { steps: 3, graphs: 'shapes', menu: { runIf: true, hours: 2, faults: 0, ...plain }, totalSeconds: 60 },
  { steps: 3, graphs: 'shapes', menu: { runIf: true, cancel: true, faults: 0, ...plain }, maxParallel: 1 },
  { steps: 3, graphs: 'shapes', menu: {} },
  { steps: 3, graphs: 'shapes', menu: { faults: 0 }, isQuick: true },
  { steps: 3, graphs: 'all', menu: { faults: 1, retries: false }, isQuick: true },
  { steps: 3, graphs: 'all', menu: { faults: 0 }, maxParallel: 1, isQuick: true },
  { steps: 3, graphs: 'shapes', menu: { cancel: true, faults: 1 } },
  { steps: 3, graphs: 'all', menu: { remove: true, faults: 1, retries: false } },
  { steps: 3, graphs: 'all', menu: { hours: 1, faults: 0, retries: false }, maxParallel: 1 },
  { steps: 4, graphs: 'shapes', menu: { faults: 0, retries: 'one' } },
  { steps: 4, graphs: 'shapes', menu: { faults: 1, retries: false } },
  { steps: 4, graphs: 'all', menu: { faults: 0, retries: false }, maxParallel: 2 },
];

export interface Outcome {
  readonly graphs: number;
  readonly states: number;
  readonly moves: number;
  readonly ends: number;
  /** The first violation, in words. */
  readonly violation?: string;
}

/** Explores the graphs of a check one by one, up to the first violation. */
export function run({ steps, graphs, menu, maxParallel, totalSeconds }: Check): Outcome {
  const all = graphs === 'all' ? listGraphs(steps) : listShapes(steps);
  const total = { graphs: 0, states: 0, moves: 0, ends: 0 };
  for (const graph of all) {
    const policies = {
      ...(maxParallel !== undefined && { maxParallel }),
      ...(totalSeconds !== undefined && { timeouts: { totalSeconds } }),
    };
    const { states, moves, ends, violation } = explore(graph, menu, policies);
    total.graphs += 1;
    total.states += states;
    total.moves += moves;
    total.ends += ends;
    if (violation === undefined) continue;
    const lines = [`steps ${JSON.stringify(graph)} (what each depends on)`, ...violation.path, ...violation.details];
    return { ...total, violation: lines.join('\n  ') };
  }
  return total;
}

/** A check in one line. */
export function describe({ steps, graphs, menu, maxParallel, totalSeconds }: Check): string {
  const { faults = 'any number of', ...rest } = menu;
  const { hours, retries, tolerance, timeouts, decisions, ...deeds } = rest;
  const parts = [
    `${steps} steps, ${graphs} graphs, ${faults} faults`,
    ...(retries === undefined ? [] : [retries === false ? 'no retries' : 'one retry']),
    ...(tolerance === undefined ? [] : ['no tolerated failures']),
    ...(hours === undefined ? [] : [`${hours} hours${timeouts === false ? ' without timeouts' : ''}`]),
    ...(decisions === undefined ? [] : [`${decisions} decisions of a policy`]),
    ...Object.keys(deeds),
    ...(maxParallel === undefined ? [] : [`maxParallel ${maxParallel}`]),
    ...(totalSeconds === undefined ? [] : ['a deadline']),
  ];
  return parts.join(', ');
}
