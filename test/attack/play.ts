import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Target } from './attacks.ts';
import { askSteadily, type Tally } from './steady.ts';

/** Attacks a gate from a process of its own for `seconds`, while others ask well-formed reviews. */
export async function play(name: string | undefined, target: Target, seconds: number, perSecond = 20): Promise<Tally> {
  const signal = AbortSignal.timeout(Math.round(seconds * 1000));
  const attacker =
    name === undefined ? undefined : fork(join(import.meta.dirname, 'attacker.ts'), [name, JSON.stringify(target)]);
  try {
    return await askSteadily(target, perSecond, signal);
  } finally {
    attacker?.kill('SIGKILL');
    if (attacker) await once(attacker, 'exit');
  }
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}
