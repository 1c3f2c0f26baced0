import { expect, test } from 'vitest';
import type { RunEntry } from '../../src/ui/page/protocol.ts';
import { createRunIndex } from '../../src/ui/run-index.ts';

const run = (name: string, fields: Partial<RunEntry> = {}): RunEntry => ({
  ...{ kind: 'OrchestrationRun', name, orchestration: 'o', createdAt: 0 },
  ...fields,
});

test('an Orchestration has the numbers of its runs, as they come, change and go', () => {
  const index = createRunIndex();
  expect(index.count('o')).toBeUndefined();
  index.put(run('a', { phase: 'Running', createdAt: 1 }));
  index.put(run('b', { createdAt: 2 }));
  index.put(run('c', { orchestration: 'other' }));
  expect(index.count('o')).toEqual({ total: 2, active: 2, last: 'b' });
  index.put(run('a', { phase: 'Succeeded', createdAt: 1 }));
  expect(index.count('o')).toEqual({ total: 2, active: 1, last: 'b', ended: { succeeded: 1 } });
  index.remove(run('b', { createdAt: 2 }));
  expect(index.count('o')).toEqual({ total: 1, last: 'a', ended: { succeeded: 1 } });
  index.remove(run('a'));
  expect(index.count('o')).toBeUndefined();
});

test('the fifty runs that ended last decide the success rate, and templates are not active', () => {
  const index = createRunIndex();
  for (let at = 0; at < 60; at++) {
    const phase = at < 15 ? 'Failed' : at < 20 ? 'Cancelled' : 'Succeeded';
    index.put(run(`r${at}`, { phase, finishedAt: at }));
  }
  index.put(run('template', { isTemplate: true }));
  expect(index.count('o')).toMatchObject({ total: 61, ended: { succeeded: 40, cancelled: 5, failed: 5 } });
  expect(index.count('o')).not.toHaveProperty('active');
});
