import { describe, expect, test } from 'vitest';
import { createDelivery, type DeliveryOptions } from '../../src/telemetry/delivery.ts';
import type { Answer, Message } from '../../src/telemetry/post.ts';
import { createFakeTiming } from '../support/timing.ts';

const HOUR_MS = 3_600_000;
const message = (body: string): Message => ({ body, contentType: 'text/plain' });
const down: Answer = { outcome: 'Failed', words: 'nobody answers' };

/** A delivery to a receiver that answers as told, with what it was sent, what was counted and what was logged. */
function start(answer: (body: string, attempt: number) => Answer | Promise<Answer>, mostBytes = 1_000_000) {
  const timing = createFakeTiming(() => 1);
  const sent: string[] = [];
  const sentAt: number[] = [];
  const logged: string[] = [];
  const counts = { delivered: 0, failed: 0, overflow: 0, rejected: 0, length: 0 };
  const log = (_: object, words: string) => logged.push(words);
  const options: DeliveryOptions = {
    post: async ({ body }) => {
      sentAt.push(timing.now());
      sent.push(String(body));
      return answer(String(body), sent.length);
    },
    receiver: 'events',
    mostBytes,
    timing,
    log: { info: log, warn: log, error: log },
    observer: {
      countDelivered: () => counts.delivered++,
      countFailed: () => counts.failed++,
      countDropped: (reason) => counts[reason]++,
      setLength: (messages) => {
        counts.length = messages;
      },
    },
  };
  return { delivery: createDelivery(options), timing, sent, sentAt, logged, counts };
}

describe('a delivery', () => {
  test('loses nothing and keeps the order while the receiver is down for an hour', async () => {
    let isDown = true;
    const { delivery, timing, sent, logged, counts } = start(() => (isDown ? down : { outcome: 'Delivered' }));
    for (let index = 0; index < 1_000; index++) {
      delivery.add(message(`event ${index}`));
      await timing.advance(HOUR_MS / 1_000);
    }
    expect(counts).toMatchObject({ delivered: 0, overflow: 0, length: 1_000 });
    expect(logged).toEqual(['telemetry is not delivered, will retry']);
    expect(new Set(sent)).toEqual(new Set(['event 0']));
    isDown = false;
    const failures = sent.length;
    await timing.advance(60_000);
    expect(sent.slice(failures)).toEqual(Array.from({ length: 1_000 }, (_, index) => `event ${index}`));
    expect(counts).toMatchObject({ delivered: 1_000, overflow: 0, rejected: 0, length: 0 });
    expect(logged.at(-1)).toBe('telemetry is delivered again');
  });

  test('backs off to a minute, and waits as long as the receiver asks for, up to an hour', async () => {
    const asked = new Map([
      [8, 600_000],
      [9, 10 * HOUR_MS],
    ]);
    const { delivery, timing, sentAt } = start((_, attempt) => ({ ...down, retryAfterMs: asked.get(attempt) ?? 0 }));
    delivery.add(message('event'));
    await timing.advance(3 * HOUR_MS);
    const pauses = sentAt.slice(1, 11).map((ms, index) => (ms - (sentAt[index] ?? 0)) / 1_000);
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 600, 3_600, 60]);
  });

  test('goes on after a message that the receiver never takes, and counts it', async () => {
    const { delivery, timing, sent, logged, counts } = start((body) =>
      body === 'bad' ? { outcome: 'Rejected', words: '400' } : { outcome: 'Delivered' },
    );
    for (const body of ['good', 'bad', 'bad', 'good']) delivery.add(message(body));
    await timing.advance(0);
    expect(sent).toEqual(['good', 'bad', 'bad', 'good']);
    expect(counts).toMatchObject({ delivered: 2, rejected: 2, failed: 0 });
    expect(logged).toEqual(['telemetry is rejected by its receiver and lost']);
  });

  test('takes bounded memory: what does not fit is dropped, counted, and logged once until the queue is empty', async () => {
    let isDown = true;
    const { delivery, timing, sent, logged, counts } = start(() => (isDown ? down : { outcome: 'Delivered' }), 3_000);
    expect(delivery.hasRoom()).toBe(true);
    for (let index = 0; index < 10; index++) delivery.add(message(String(index).padEnd(700)));
    expect(counts).toMatchObject({ length: 3, overflow: 7 });
    expect(delivery.hasRoom()).toBe(false);
    isDown = false;
    await timing.advance(60_000);
    expect(sent.slice(-3).map((body) => body.trim())).toEqual(['0', '1', '2']);
    expect(logged.filter((words) => words.includes('full'))).toHaveLength(1);
    delivery.add(message('x'.repeat(3_000)));
    expect(logged.filter((words) => words.includes('full'))).toHaveLength(2);
  });

  test('sends one message at a time', async () => {
    let open = 0;
    let most = 0;
    const { delivery, timing, counts } = start(async () => {
      most = Math.max(most, ++open);
      await Promise.resolve();
      open--;
      return { outcome: 'Delivered' };
    });
    for (let index = 0; index < 5; index++) delivery.add(message('event'));
    await timing.advance(0);
    expect([most, counts.delivered]).toEqual([1, 5]);
  });
});

describe('a delivery that is stopped', () => {
  test('sends what waits first', async () => {
    const { delivery, timing, counts } = start(() => ({ outcome: 'Delivered' }));
    for (let index = 0; index < 5; index++) delivery.add(message('event'));
    const stopped = delivery.stop(3_000);
    await timing.advance(0);
    await stopped;
    expect(counts).toMatchObject({ delivered: 5, length: 0 });
  });

  test('does not wait for a receiver that is down', async () => {
    const { delivery, timing, sent } = start(() => down);
    delivery.add(message('event'));
    await timing.advance(1_500);
    const attempts = sent.length;
    await delivery.stop(3_000);
    await timing.advance(HOUR_MS);
    expect(sent).toHaveLength(attempts);
  });

  test('waits a few seconds for a receiver that does not answer', async () => {
    const { delivery, timing } = start(() => new Promise<Answer>(() => {}));
    delivery.add(message('event'));
    const stopped = delivery.stop(3_000).then(() => timing.now());
    await timing.advance(10_000);
    expect(await stopped).toBe(3_000);
  });
});
