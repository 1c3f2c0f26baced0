import { describe, expect, it } from 'vitest';
import { settle } from '../timing.ts';
import { createChains, createFlaggingQueue } from './queues.ts';

describe('the queue of the supporting controller', () => {
  const make = () => {
    const done: string[] = [];
    const queue = createFlaggingQueue(createChains().of('namespace'));
    const add = (key: string, object: string, fails = false) =>
      queue.add(key, () => {
        done.push(object);
        return fails ? Promise.reject(new Error('Conflict')) : Promise.resolve();
      });
    return { done, add };
  };

  it('does one after another, and a key again for its next event', async () => {
    const { done, add } = make();
    add('a', 'a1');
    add('b', 'b1');
    await settle();
    add('a', 'a2');
    await settle();
    expect(done).toEqual(['a1', 'b1', 'a2']);
  });

  it('repeats with the same old object if events came meanwhile, once for all of them', async () => {
    const { done, add } = make();
    add('a', 'a1');
    add('a', 'a2');
    add('a', 'a3');
    add('b', 'b1');
    await settle();
    expect(done).toEqual(['a1', 'b1', 'a1']);
  });

  it('never does a key again that failed while an event of it had come', async () => {
    const { done, add } = make();
    add('a', 'a1', true);
    add('a', 'a2');
    await settle();
    add('a', 'a3');
    await settle();
    expect(done).toEqual(['a1']);
  });

  it('does a key again that failed on its own', async () => {
    const { done, add } = make();
    add('a', 'a1', true);
    await settle();
    add('a', 'a2');
    await settle();
    expect(done).toEqual(['a1', 'a2']);
  });
});
