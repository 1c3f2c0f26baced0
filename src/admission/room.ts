/** Something that uses memory until the peer acts: an incomplete body, or an answer that is not read yet. */
export interface Guest {
  readonly bytes: number;
  /** Frees the memory by closing the connection. `Room.leave` is called after that, possibly late. */
  readonly expel: () => void;
}

export interface Room {
  /** Adds a guest, or updates its size from `guest.bytes`. */
  take(guest: Guest): void;
  leave(guest: Guest): void;
}

/**
 * Limits the bytes of all guests. If they exceed `mostBytes`, expels the guest with the largest product of bytes and
 * time. API servers send bodies and read answers at once, so slow peers make room for fast ones.
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
