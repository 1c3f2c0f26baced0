import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type AuditOptions, createAudit } from '../../src/engine/audit.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { ORCHESTRATIONS } from '../../src/kube/kinds.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import { defaultSettings, type Settings } from '../../src/orchestration/settings.ts';
import { named, nowMs } from '../support/followed-runs.ts';
import { connectModel, type ModelClient } from '../support/model/client.ts';
import { createModel } from '../support/model/model.ts';
import { settle, silentLog, systemTiming } from '../support/timing.ts';

const cycle = [
  { name: 'a', kind: 'Checkpoint', dependsOn: ['b'] },
  { name: 'b', kind: 'Checkpoint', dependsOn: ['a'] },
];
const patience = { timeout: 60_000 };

interface Given {
  /** How many Orchestrations with a cycle are stored. */
  readonly stored: number;
  readonly options?: Partial<AuditOptions>;
  /** Changes the client that the audit gets. */
  readonly wrap?: (client: ModelClient) => Partial<KubeClient>;
}

/** An audit of a model. `start` starts it. */
function audit({ stored, options = {}, wrap = () => ({}) }: Given) {
  const model = createModel(() => nowMs);
  for (let index = 0; index < stored; index++)
    model.create(ORCHESTRATIONS, { ...named('Orchestration', `o-${index}`), spec: { steps: cycle } } as KubeObject);
  const client = connectModel(model);
  const calls = { list: 0, get: 0 };
  const counted: KubeClient = {
    ...client,
    ...{
      list: (...call) => {
        calls.list++;
        return client.list(...call);
      },
      get: (...call) => {
        calls.get++;
        return client.get(...call);
      },
    },
    ...wrap(client),
  };
  const record = vi.fn(() => Promise.resolve());
  const made = createAudit({
    client: counted,
    namespaces: ['*'],
    settings: () => defaultSettings,
    record,
    isMine: () => true,
    pause: () => undefined,
    onListed: () => {},
    quarantined: [],
    timing: systemTiming,
    log: silentLog,
    reflectorObserver: { countList: () => {}, countFailure: () => {}, countRepairs: () => {} },
    onError: (_, error) => expect.unreachable(String(error)),
    observer: { setDepth: () => {}, finish: () => {}, countRetry: () => {} },
    guard: (process) => process,
    ...options,
  });
  onTestFinished(() => made.stop());
  const denied = () => made.count().denied.get('agents') ?? 0;
  return { ...made, model, client, calls, record, denied };
}

/** Waits until everything has happened that needs no timer. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await settle();
}

describe('an audit of 1,000 stored Orchestrations', () => {
  test('asks for no further page while one waits to be judged', async () => {
    const held = Promise.withResolvers<void>();
    const guard: AuditOptions['guard'] = (process) => async (key) => {
      await held.promise;
      return process(key);
    };
    const { start, calls, denied } = audit({ stored: 1_000, options: { guard } });
    start();
    await rest();
    expect(calls.list).toBe(2);
    held.resolve();
    await expect.poll(denied, patience).toBe(1_000);
    expect(calls.list).toBeGreaterThan(3);
  });

  test('stops while objects wait to be judged', async () => {
    const guard: AuditOptions['guard'] = (process) => async (key) => {
      await rest();
      return process(key);
    };
    const { start, stop, denied } = audit({ stored: 1_000, options: { guard } });
    start();
    await expect.poll(denied, patience).toBeGreaterThan(0);
    await stop();
    expect(denied()).toBeLessThan(1_000);
  });

  test('reads each once when the settings change, and lists none again', async () => {
    let settings: Settings = defaultSettings;
    const { start, calls, denied, judgeAgain, record } = audit({
      stored: 1_000,
      options: { settings: () => settings },
    });
    start();
    await expect.poll(denied, patience).toBe(1_000);
    expect(calls.get).toBe(0);
    const { list } = calls;
    settings = { ...defaultSettings, mode: 'warn' };
    judgeAgain();
    await expect.poll(denied, patience).toBe(0);
    expect(calls).toEqual({ list, get: 1_000 });
    expect(record).toHaveBeenCalledTimes(1_000);
  });
});

test('an object that the guard does not process holds up no other', async () => {
  const guard: AuditOptions['guard'] = (process) => async (key) => (key === 'agents/o-0' ? 'done' : process(key));
  const { start, denied } = audit({ stored: 100, options: { guard } });
  start();
  await expect.poll(denied, patience).toBe(99);
});

test('each replica counts its own Orchestrations, also after the division changes', async () => {
  let mine = /[02468]$/;
  const { start, denied, divide } = audit({ stored: 10, options: { isMine: (key) => mine.test(key) } });
  start();
  await expect.poll(denied, patience).toBe(5);
  mine = /[0-6]$/;
  divide();
  await expect.poll(denied, patience).toBe(7);
  mine = /9$/;
  divide();
  await expect.poll(denied, patience).toBe(1);
});

test('an object that is deleted while it is read again is not counted', async () => {
  const answered = Promise.withResolvers<void>();
  const wrap = (client: ModelClient): Partial<KubeClient> => ({
    get: async (...call) => {
      const found = await client.get(...call);
      await answered.promise;
      return found;
    },
  });
  const { start, model, client, count, judgeAgain } = audit({ stored: 1, wrap });
  start();
  await expect.poll(() => count().judged, patience).toBe(1);
  judgeAgain();
  await rest();
  model.delete(ORCHESTRATIONS, { namespace: 'agents', name: 'o-0' }, {});
  client.tell();
  await rest();
  answered.resolve();
  await expect.poll(() => count().judged, patience).toBe(0);
});

test('an object that was only in a list that failed is not counted', async () => {
  let lists = 0;
  const wrap = (client: ModelClient): Partial<KubeClient> => ({
    list: async (...call) => {
      if (++lists !== 2) return client.list(...call);
      await client.delete(ORCHESTRATIONS, { namespace: 'agents', name: 'o-0' });
      throw new Error('interrupted');
    },
  });
  const { start, count } = audit({ stored: 50, wrap });
  start();
  await expect.poll(() => lists, patience).toBeGreaterThan(3);
  await expect.poll(() => count().judged, patience).toBe(49);
});
