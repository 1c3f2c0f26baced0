import { describe, expect, test } from 'vitest';
import type { Work } from '../../src/quarantine/suspects.ts';
import { createWorkTracker } from '../../src/quarantine/work.ts';
import type { FromEngine } from '../../src/supervisor/messages.ts';

const run = (key: string, version = 'v1'): Work => ({ kind: 'OrchestrationRun', key, version });

describe('work under a supervisor', () => {
  test('is reported before it begins, and ends only in a later turn of the event loop', async () => {
    const { guard, trace } = start({});
    await guard(traced(trace))('ns/a');
    expect(trace).toEqual(['begin ns/a', 'process ns/a', 'turn', 'end ns/a']);
  });

  test('also ends if it fails, and passes the failure on', async () => {
    const { guard, trace } = start({});
    const failure = new Error('conflict');
    await expect(guard(() => Promise.reject(failure))('ns/a')).rejects.toBe(failure);
    expect(trace).toEqual(['begin ns/a', 'turn', 'end ns/a']);
  });

  test('does not begin if the object is quarantined, which is announced once', async () => {
    const { guard, trace } = start({ quarantined: [run('ns/a')] });
    const process = guard(traced(trace));
    expect([await process('ns/a'), await process('ns/a')]).toEqual(['done', 'done']);
    expect(trace).toEqual(['announce ns/a']);
  });

  test('announces a quarantine again until the announcement succeeds', async () => {
    const { guard, trace, failAnnouncing } = start({ quarantined: [run('ns/a')] });
    const process = guard(() => Promise.resolve());
    failAnnouncing(new Error('no answer'));
    await expect(process('ns/a')).rejects.toThrow('no answer');
    failAnnouncing(undefined);
    await process('ns/a');
    expect(trace).toEqual(['announce ns/a', 'announce ns/a']);
  });

  test('begins again if the version of the object changes, and the quarantine does not return', async () => {
    const { guard, trace, versions } = start({ quarantined: [run('ns/a')] });
    const process = guard(traced(trace));
    versions.set('ns/a', 'v2');
    await process('ns/a');
    versions.set('ns/a', 'v1');
    await process('ns/a');
    expect(trace.filter((entry) => entry.startsWith('process'))).toEqual(['process ns/a', 'process ns/a']);
  });

  test('begins with the suspects, one at a time, and goes on after a failure', async () => {
    const { guard, trace, tracker, errors } = start({ suspects: [run('ns/a'), run('ns/b')] });
    guard((key) => (key === 'ns/a' ? Promise.reject(new Error('conflict')) : Promise.resolve()));
    await tracker.probe(() => false);
    expect(trace).toEqual(['begin ns/a', 'turn', 'end ns/a', 'begin ns/b', 'turn', 'end ns/b']);
    expect(errors).toEqual(['ns/a']);
  });

  test('reports that it probes while a suspect is processed, and not while another object is', async () => {
    const { guard, tracker } = start({ suspects: [run('ns/a')] });
    const seen: boolean[] = [];
    const process = guard(() => {
      seen.push(tracker.probing() !== undefined);
      return Promise.resolve();
    });
    await tracker.probe(() => false);
    await process('ns/b');
    expect(seen).toEqual([true, false]);
  });

  test('processes no more suspects if the engine stops', async () => {
    const { guard, trace, tracker } = start({ suspects: [run('ns/a'), run('ns/b')] });
    guard(() => Promise.resolve());
    await tracker.probe(() => trace.includes('end ns/a'));
    expect(trace).not.toContain('begin ns/b');
  });
});

const traced = (trace: string[]) => (key: string) => {
  trace.push(`process ${key}`);
  return Promise.resolve();
};

function start({ suspects = [], quarantined = [] }: { suspects?: readonly Work[]; quarantined?: readonly Work[] }) {
  const trace: string[] = [];
  const errors: string[] = [];
  const versions = new Map<string, string>();
  let announceFailure: Error | undefined;
  const tracker = createWorkTracker({
    suspects,
    quarantined,
    versionOf: (_, key) => versions.get(key) ?? 'v1',
    send(message: FromEngine) {
      if (message.type === 'begin' || message.type === 'end') trace.push(`${message.type} ${message.work.key}`);
      return Promise.resolve();
    },
    announce(_, key) {
      trace.push(`announce ${key}`);
      return announceFailure ? Promise.reject(announceFailure) : Promise.resolve();
    },
    nextTurn() {
      trace.push('turn');
      return Promise.resolve();
    },
    onError: (key) => errors.push(key),
  });
  return {
    tracker,
    trace,
    errors,
    versions,
    guard: (process: (key: string) => Promise<unknown>) => tracker.guard('OrchestrationRun', process),
    failAnnouncing: (failure: Error | undefined) => {
      announceFailure = failure;
    },
  };
}
