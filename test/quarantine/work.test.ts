import { describe, expect, test } from 'vitest';
import type { Work } from '../../src/quarantine/suspects.ts';
import { createWorkTracker } from '../../src/quarantine/work.ts';
import type { FromEngine } from '../../src/supervisor/messages.ts';

const run = (key: string, version = 'v1'): Work => ({ kind: 'OrchestrationRun', key, version });

describe('work under a supervisor', () => {
  test('is announced before it begins, and over only in another turn', async () => {
    const { guard, trace } = start({});
    await guard(look(trace))('ns/a');
    expect(trace).toEqual(['begin ns/a', 'look at ns/a', 'turn', 'end ns/a']);
  });

  test('is over when it failed, too, and the failure is passed on', async () => {
    const { guard, trace } = start({});
    const failure = new Error('conflict');
    await expect(guard(() => Promise.reject(failure))('ns/a')).rejects.toBe(failure);
    expect(trace).toEqual(['begin ns/a', 'turn', 'end ns/a']);
  });

  test('is left alone where it is quarantined, which is said once', async () => {
    const { guard, trace } = start({ quarantined: [run('ns/a')] });
    const process = guard(look(trace));
    expect([await process('ns/a'), await process('ns/a')]).toEqual(['done', 'done']);
    expect(trace).toEqual(['announce ns/a']);
  });

  test('says a quarantine again as long as that fails', async () => {
    const { guard, trace, failAnnouncing } = start({ quarantined: [run('ns/a')] });
    const process = guard(() => Promise.resolve());
    failAnnouncing(new Error('no answer'));
    await expect(process('ns/a')).rejects.toThrow('no answer');
    failAnnouncing(undefined);
    await process('ns/a');
    expect(trace).toEqual(['announce ns/a', 'announce ns/a']);
  });

  test('is taken up again as soon as the object is another, for good', async () => {
    const { guard, trace, versions } = start({ quarantined: [run('ns/a')] });
    const process = guard(look(trace));
    versions.set('ns/a', 'v2');
    await process('ns/a');
    versions.set('ns/a', 'v1');
    await process('ns/a');
    expect(trace.filter((entry) => entry.startsWith('look'))).toEqual(['look at ns/a', 'look at ns/a']);
  });

  test('starts with the suspects, one at a time, and a failure of one keeps no other from its turn', async () => {
    const { guard, trace, tracker, errors } = start({ suspects: [run('ns/a'), run('ns/b')] });
    guard((key) => (key === 'ns/a' ? Promise.reject(new Error('conflict')) : Promise.resolve()));
    await tracker.probe(() => false);
    expect(trace).toEqual(['begin ns/a', 'turn', 'end ns/a', 'begin ns/b', 'turn', 'end ns/b']);
    expect(errors).toEqual(['ns/a']);
  });

  test('says so as long as a suspect is looked at, and not any more when others are', async () => {
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

  test('looks at no further suspect once the engine is to end', async () => {
    const { guard, trace, tracker } = start({ suspects: [run('ns/a'), run('ns/b')] });
    guard(() => Promise.resolve());
    await tracker.probe(() => trace.includes('end ns/a'));
    expect(trace).not.toContain('begin ns/b');
  });
});

const look = (trace: string[]) => (key: string) => {
  trace.push(`look at ${key}`);
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
    tell(message: FromEngine) {
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
