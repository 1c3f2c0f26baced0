import { describe, expect, test } from 'vitest';
import { ORCHESTRATIONS, RUNS } from '../../src/kube/kinds.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import { addDelivery, addRun, followRuns, named, nowMs, untilQuiet } from '../support/followed-runs.ts';
import { createModel } from '../support/model/model.ts';

const gate = (signal: string) => ({ name: 'wait', kind: 'SignalWait', signalRef: { name: signal } });
const work = { name: 'work', kind: 'Checkpoint' };

describe('with 10,000 finished runs and 100 live ones', () => {
  const model = createModel(() => nowMs);
  for (let index = 0; index < 10_000; index++) addRun(model, `old-${index}`, [work], { phase: 'Succeeded' });
  for (let index = 0; index < 100; index++)
    addRun(model, `live-${index}`, [gate(`signal-${index}`)], { phase: 'Running' });

  test('5,000 deliveries cause reads of only the statuses of the runs that wait for them', async () => {
    for (let index = 0; index < 2_500; index++) addDelivery(model, `before-${index}`, 'no run waits for this');
    const { client, counts } = await followRuns(model);
    await untilQuiet(counts);
    const before = counts.statuses;
    // One reconcile reads a status a few times.
    expect(before).toBeLessThan(3 * 10_100);
    for (let index = 0; index < 2_500; index++) addDelivery(model, `after-${index}`, 'no run waits for this');
    client.tell();
    await untilQuiet(counts);
    expect(counts.statuses - before).toBe(0);
    addDelivery(model, 'awaited', 'signal-7');
    client.tell();
    const phase = () => (model.get(RUNS, { namespace: 'agents', name: 'live-7' })['status'] as { phase: string }).phase;
    await expect.poll(phase).toBe('Succeeded');
    await untilQuiet(counts);
    expect(counts.statuses - before).toBeLessThan(20);
  });

  test('a change of every Orchestration causes no read of a status', async () => {
    for (let index = 0; index < 89; index++)
      model.create(ORCHESTRATIONS, { ...named('Orchestration', `o-${index}`), spec: { steps: [work] } } as KubeObject);
    const { client, counts } = await followRuns(model);
    await untilQuiet(counts);
    const before = counts.statuses;
    for (let index = 0; index < 89; index++) {
      const body = { metadata: { labels: { seen: 'true' } } };
      model.patch(ORCHESTRATIONS, { namespace: 'agents', name: `o-${index}` }, { type: 'merge', body });
    }
    client.tell();
    await untilQuiet(counts);
    expect(counts.statuses - before).toBe(0);
  });
});
