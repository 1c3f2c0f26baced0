import { expect, test } from 'vitest';
import { createRivals } from '../../src/reconciler/rivals.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const TEN_MINUTES = 600_000;

/** Rivals that begin at START, on a clock that the test sets. */
function begin() {
  const clock = { nowMs: START };
  const rivals = createRivals(() => clock.nowMs);
  rivals.begin();
  const of = (namespace: string, createdMs: number) => {
    const { isActive, untilMs } = rivals.of(namespace, createdMs) ?? {};
    return isActive === undefined ? 'none' : `${isActive ? 'active' : 'unknown'} until ${(untilMs ?? 0) - START}`;
  };
  return { ...rivals, clock, of };
}

test('the first run of a namespace waits three seconds for a rival, and no other does', () => {
  const { clock, of } = begin();
  expect(of('a', START)).toBe('unknown until 3000');
  clock.nowMs += 2_999;
  expect(of('a', START)).toBe('unknown until 3000');
  clock.nowMs += 1;
  expect(of('a', START)).toBe('none');
  expect(of('a', clock.nowMs)).toBe('none');
  expect(of('b', clock.nowMs)).toBe('unknown until 6000');
});

test('a run that the rival has not started after that time shows that there is no rival', () => {
  const { of } = begin();
  expect(of('a', START - 3_000)).toBe('none');
  expect(of('a', START)).toBe('none');
});

test('a rival counts as active in its namespace for ten minutes after its last write; then the next run waits for it again', () => {
  const { clock, of, see } = begin();
  expect(of('a', START - 60_000)).toBe('none');
  clock.nowMs += 5_000;
  see('a', clock.nowMs);
  expect(of('a', clock.nowMs)).toBe('unknown until 8000');
  expect(of('a', START)).toBe('active until 605000');
  expect(of('b', START)).toBe('none');
  see('a', clock.nowMs - 2_000);
  expect(of('a', START)).toBe('active until 605000');
  clock.nowMs += TEN_MINUTES;
  expect(of('a', clock.nowMs)).toBe(`unknown until ${5_000 + TEN_MINUTES + 3_000}`);
  expect(of('a', START)).toBe('none');
  expect(of('a', clock.nowMs)).toBe('none');
});

test('writes before our start, or within the second of our start, do not count', () => {
  const { clock, of, see } = begin();
  clock.nowMs += 10_000;
  see('a', START - 1);
  see('a', START + 1_000);
  see('a', Number.NaN);
  expect(of('a', START)).toBe('none');
  see('a', START + 2_000);
  expect(of('a', START)).toBe('active until 602000');
});

test('an object is left to a rival while the rival is active, and for three seconds after the rival touched it', () => {
  const { clock, see, leaveUntilMs } = begin();
  expect([leaveUntilMs('a', undefined), leaveUntilMs('a', START - 3_000)]).toEqual([undefined, undefined]);
  expect(leaveUntilMs('a', START)).toBe(START + 3_000);
  clock.nowMs += 3_000;
  expect(leaveUntilMs('a', START)).toBeUndefined();
  see('a', clock.nowMs);
  expect([leaveUntilMs('a', START), leaveUntilMs('b', START)]).toEqual([clock.nowMs + TEN_MINUTES, undefined]);
});

test('a time in the future counts as now', () => {
  const { clock, of, see } = begin();
  clock.nowMs += 10_000;
  see('a', START + 10 * TEN_MINUTES);
  expect(of('a', START)).toBe('active until 610000');
});

test('no write counts before the start', () => {
  const rivals = createRivals(() => START);
  rivals.see('a', START + 60_000);
  expect(rivals.leaveUntilMs('a', undefined)).toBeUndefined();
});
