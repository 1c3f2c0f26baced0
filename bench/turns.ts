import type { Row } from './table.ts';

/** Each side of a row is timed for `milliseconds` in each round. */
export interface Effort {
  readonly rounds: number;
  readonly milliseconds: number;
}

/** A part of the benchmarks: its rows, and notes about them. */
export interface Section {
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

type Side = () => number | Promise<number>;

/** A row to measure. Both sides return a number in its unit. */
export interface Contest {
  readonly row: Omit<Row, 'ours' | 'other' | 'ratio'>;
  readonly ours: Side;
  readonly other?: Side | undefined;
}

/**
 * Measures round by round. In each round, each contest has its turn, with one side right after the other. A first
 * round, in which code is compiled, does not count.
 */
export async function takeTurns(contests: readonly Contest[], rounds: number): Promise<Row[]> {
  const turns = contests.map((): { ours: number; other: number }[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [index, { ours, other }] of contests.entries()) {
      const turn = { ours: await ours(), other: (await other?.()) ?? Number.NaN };
      if (round > 0) turns[index]?.push(turn);
    }
  }
  return contests.map(({ row, other }, index) => {
    const medianOf = (pick: (turn: { ours: number; other: number }) => number) =>
      median((turns[index] ?? []).map(pick));
    const compared = { other: medianOf((turn) => turn.other), ratio: medianOf((turn) => turn.ours / turn.other) };
    return { ...row, ours: medianOf((turn) => turn.ours), ...(other && compared) };
  });
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Returns the smallest value that at least `share` of the values do not exceed, or the next larger value. */
export function percentile(values: readonly number[], share: number): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length * share)] ?? Number.NaN;
}
