import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { onShutdown } from '../../src/runtime/shutdown.ts';

test('a signal drains, then exits with 0', async () => {
  const { signal, finishDrain, exits, shutdown } = start();
  expect(shutdown.isBegun()).toBe(false);
  signal('SIGTERM');
  expect(shutdown.isBegun()).toBe(true);
  expect(exits).toEqual([]);
  finishDrain();
  await vi.waitFor(() => expect(exits).toEqual([0]));
});

test('a second signal does not wait for the drain', () => {
  const { signal, exits, drains } = start();
  signal('SIGTERM');
  signal('SIGINT');
  expect(exits).toEqual([130]);
  expect(drains()).toBe(1);
});

test('a drain that fails is logged and exits with 1', async () => {
  const { signal, failDrain, exits, errors } = start();
  signal('SIGINT');
  const failure = new Error('socket stuck');
  failDrain(failure);
  await vi.waitFor(() => expect(exits).toEqual([1]));
  expect(errors).toEqual([{ error: failure }]);
});

function start() {
  const emitter = new EventEmitter();
  const exits: number[] = [];
  const errors: unknown[] = [];
  const drain = Promise.withResolvers<void>();
  let drains = 0;
  const shutdown = onShutdown({
    process: { on: (signal, listener) => emitter.on(signal, listener), exit: (code) => void exits.push(code) },
    drain: () => {
      drains += 1;
      return drain.promise;
    },
    log: { info: () => {}, error: (fields: unknown) => void errors.push(fields) },
  });
  return {
    shutdown,
    exits,
    errors,
    drains: () => drains,
    signal: (name: 'SIGTERM' | 'SIGINT') => emitter.emit(name, name),
    finishDrain: drain.resolve,
    failDrain: drain.reject,
  };
}
