import { describe, expect, test } from 'vitest';
import { createServerClock } from '../../src/kube/server-clock.ts';

const SERVER_MS = Date.parse('2026-01-01T00:00:00.400Z');

/** A clock that is an hour behind, and an API server that answers after `delayMs`. */
function start() {
  let elapsedMs = 70_000;
  let serverMs = SERVER_MS;
  const clock = createServerClock(() => elapsedMs, SERVER_MS - 3_600_000);
  const pass = (ms: number) => {
    elapsedMs += ms;
    serverMs += ms;
  };
  return {
    pass,
    ask(delayMs = 0) {
      const sentMs = elapsedMs;
      pass(delayMs / 2);
      const date = new Date(serverMs).toUTCString();
      pass(delayMs / 2);
      clock.hear(date, sentMs);
    },
    hear: (date?: string) => clock.hear(date, elapsedMs),
    set: (ms: number) => {
      serverMs += ms;
    },
    /** How far the estimate is ahead of the API server's clock, in milliseconds. */
    error: () => clock.now() - serverMs,
  };
}

describe('the clock of the API server', () => {
  test('is the own clock before the first answer, and exact to a second after it', () => {
    const clock = start();
    expect(clock.error()).toBe(-3_600_000);
    clock.hear();
    clock.hear('nonsense');
    expect(clock.error()).toBe(-3_600_000);
    clock.ask();
    expect(clock.error()).toBe(-400);
  });

  test('gets more exact with each answer, and is never ahead', () => {
    const clock = start();
    for (let call = 0; call < 60; call++) {
      clock.ask(call % 7 === 0 ? 5_000 : 20);
      expect(clock.error()).toBeLessThanOrEqual(0);
      expect(clock.error()).toBeGreaterThanOrEqual(-6_000);
      clock.pass(237);
    }
    expect(clock.error()).toBeGreaterThan(-100);
  });

  test('follows a server whose clock is set, and recovers after the process was suspended', () => {
    const clock = start();
    clock.ask();
    for (const ms of [3_600_000, -7_200_000]) {
      clock.set(ms);
      clock.ask();
      expect(clock.error()).toBeGreaterThanOrEqual(-1_000);
      expect(clock.error()).toBeLessThanOrEqual(0);
    }
  });
});
