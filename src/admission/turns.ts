/** Shares the time between peers. */
export interface Turns {
  /** Resolves when the peer may be answered. Resolves at once if no other review waits. */
  wait(peer: string): Promise<void>;
}

/** The used time of the peers is reset after this time. */
const FORGOTTEN_MS = 10_000;

/**
 * If several reviews have arrived, answers one in each turn of the event loop: one of the peer that has used the least
 * time. A peer with many or large reviews therefore delays only its own, and the garbage of an answer is freed before
 * the next.
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

  /** Called when the current turn has ended. */
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
