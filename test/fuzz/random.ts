/** Numbers that look random and are the same for the same seed. */
export interface Random {
  /** A whole number from 0 to `below` - 1. */
  int(below: number): number;
  /** Whether something happens that happens `times` times in a hundred. */
  isIn100(times: number): boolean;
  pick<T>(list: readonly T[]): T;
}

/** SplitMix (Steele, Lea, Flood, OOPSLA 2014) in 32 bits: each seed and index starts a sequence of its own. */
export function createRandom(seed: number, index: number): Random {
  let state = mix(seed ^ mix(index + 1));
  const int = (below: number) => {
    state = (state + 0x9e3779b9) | 0;
    return (mix(state) >>> 0) % below;
  };
  return {
    int,
    isIn100: (times) => int(100) < times,
    pick: (list) => list[int(list.length)] as (typeof list)[number],
  };
}

function mix(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return mixed ^ (mixed >>> 16);
}
