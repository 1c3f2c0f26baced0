/** Limits how many calls are made at the same time. */
export interface Slots {
  /** Resolves when the caller has a slot. The caller that has waited longest is served first. */
  readonly take: () => Promise<void>;
  /** Returns a slot that was taken. */
  readonly give: () => void;
}

/** Creates this many free slots. */
export function createSlots(count: number): Slots {
  const waiting: (() => void)[] = [];
  let free = count;
  return {
    take() {
      if (free === 0) return new Promise((resolve) => waiting.push(resolve));
      free--;
      return Promise.resolve();
    },
    give() {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    },
  };
}
