/** A value at a time, of one of the things that are measured. */
export interface Sample {
  readonly of: string;
  readonly at: number;
  readonly value: number;
}

/** How much values grow in a unit of time. */
export interface Slope {
  readonly perTime: number;
  /** NaN if there are too few samples to tell. */
  readonly standardError: number;
}

/** The slope that all things share, by least squares, though each begins at a level of its own. */
export function estimateSlope(samples: readonly Sample[]): Slope {
  const groups = [...Map.groupBy(samples, ({ of }) => of).values()];
  const centred = groups.flatMap((group) => {
    const [at, value] = [meanOf(group.map((one) => one.at)), meanOf(group.map((one) => one.value))];
    return group.map((one) => ({ at: one.at - at, value: one.value - value }));
  });
  const spread = sumOf(centred.map(({ at }) => at ** 2));
  const perTime = sumOf(centred.map(({ at, value }) => at * value)) / spread;
  const rest = sumOf(centred.map(({ at, value }) => (value - perTime * at) ** 2));
  const freedom = samples.length - groups.length - 1;
  return { perTime, standardError: freedom > 0 ? Math.sqrt(rest / freedom / spread) : Number.NaN };
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function meanOf(numbers: readonly number[]): number {
  return sumOf(numbers) / numbers.length;
}
