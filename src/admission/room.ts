/** Something that takes up memory until somebody else acts: a body that is arriving, an answer that is not read. */
export interface Guest {
  readonly bytes: number;
  /** Frees the memory: closes the connection. `Room.leave` follows, if late. */
  readonly expel: () => void;
}

export interface Room {
  /** Makes place for a guest, or for its growth: its bytes are read anew. */
  take(guest: Guest): void;
  leave(guest: Guest): void;
}

/**
 * Bounds the bytes of all guests. Where they are too many, the guest goes that has taken up most for longest (bytes times
 * time): API servers send a body, and read an answer, at once. So who stalls makes room for who does not.
 */
export function createRoom(mostBytes: number, now: () => number): Room {
  const guests = new Map<Guest, { readonly sinceMs: number; bytes: number }>();
  let usedBytes = 0;

  function take(guest: Guest): void {
    const stay = guests.get(guest) ?? { sinceMs: now(), bytes: 0 };
    guests.set(guest, stay);
    usedBytes += guest.bytes - stay.bytes;
    stay.bytes = guest.bytes;
    while (usedBytes > mostBytes && guests.size > 1) expelWorst();
  }

  function leave(guest: Guest): void {
    usedBytes -= guests.get(guest)?.bytes ?? 0;
    guests.delete(guest);
  }

  function expelWorst(): void {
    const nowMs = now();
    let worst: Guest | undefined;
    let most = -1;
    for (const [guest, { sinceMs, bytes }] of guests) {
      const taken = bytes * (nowMs - sinceMs + 1);
      if (taken > most) [worst, most] = [guest, taken];
    }
    if (worst === undefined) return;
    leave(worst);
    worst.expel();
  }
  return { take, leave };
}
