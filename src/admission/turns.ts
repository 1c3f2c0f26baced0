/** Gives each peer its share of the time. */
export interface Turns {
  /** Resolves when the peer may be answered: at once where nobody waits. */
  wait(peer: string): Promise<void>;
}

/** What a peer has used is forgotten after so long. */
const FORGOTTEN_MS = 10_000;

/**
 * Lets one review be answered in each turn of the event loop where several have arrived: one of the peer that has used
 * least time. So who sends many, or large ones, delays his own; and what an answer leaves behind is freed before the next.
 */
export function createTurns(nextTurn: (take: () => void) => void, now: () => number): Turns {
  const waiting = new Map<string, (() => void)[]>();
  const usedMs = new Map<string, number>();
  let forgetAtMs = now() + FORGOTTEN_MS;
  let taken: { readonly peer: string; readonly atMs: number } | undefined;

  function begin(peer: string): void {
    taken = { peer, atMs: now() };
    nextTurn(end);
  }

  /** The turn that was taken last has ended. */
  function end(): void {
    const nowMs = now();
    if (taken) usedMs.set(taken.peer, (usedMs.get(taken.peer) ?? 0) + nowMs - taken.atMs);
    taken = undefined;
    if (nowMs > forgetAtMs) {
      usedMs.clear();
      forgetAtMs = nowMs + FORGOTTEN_MS;
    }
    const peer = findNext();
    if (peer === undefined) return;
    const [answer, ...others] = waiting.get(peer) ?? [];
    if (others.length > 0) waiting.set(peer, others);
    else waiting.delete(peer);
    begin(peer);
    answer?.();
  }

  function findNext(): string | undefined {
    const used = (peer: string) => usedMs.get(peer) ?? 0;
    let least: string | undefined;
    for (const peer of waiting.keys()) if (least === undefined || used(peer) < used(least)) least = peer;
    return least;
  }

  return {
    wait(peer) {
      if (taken === undefined) {
        begin(peer);
        return Promise.resolve();
      }
      return new Promise((resolve) => waiting.set(peer, [...(waiting.get(peer) ?? []), resolve]));
    },
  };
}
