import { describe, expect, it } from 'vitest';
import { findCondition } from '../../src/orchestration/conditions.ts';
import type { RunStatus } from '../../src/orchestration/run-status.ts';
import { Label } from '../../src/orchestration/vocabulary/metadata.ts';
import { waitUntil } from '../support/namespaced-api.ts';
import { useReconciledNamespace } from '../support/reconciler.ts';
import { tool } from '../support/run-steps.ts';
import { hasEnded, phasesOf } from '../support/statuses.ts';

const CANCEL = 'orchestration.proompteng.ai/cancel';
const steps = [tool('work')];

const progress = ({ conditions }: RunStatus) => findCondition(conditions, 'Progressing');
const isQueued = (status: RunStatus) => progress(status)?.reason === 'Queued';
const isRunning = ({ phase }: RunStatus) => phase === 'Running';

describe('policies.concurrency', () => {
  const reconciled = useReconciledNamespace();

  /** Stores an Orchestration with this policy. */
  const store = (name: string, concurrency: object, policies: object = {}) =>
    reconciled().api.create('Orchestration', name, { spec: { steps, policies: { concurrency, ...policies } } });

  /** The holders of the places of an Orchestration's own group. */
  async function holdersIn(group: string): Promise<readonly string[]> {
    const leases = await reconciled().api.list('Lease');
    return leases
      .filter(({ metadata }) => metadata.annotations?.[Label.Group] === group)
      .map(({ metadata }) => metadata.ownerReferences?.[0]?.name ?? '');
  }

  it('lets the oldest run work, makes the others wait and say for whom, and frees the place at its end', async () => {
    const { start, statusOf, endChild } = reconciled();
    await store('one', {});
    await start('one-a', 'one');
    await statusOf('one-a', isRunning);
    await start('one-b', 'one');
    const waiting = await statusOf('one-b', isQueued);
    expect(waiting).toMatchObject({ phase: 'Pending' });
    expect(progress(waiting)?.message).toBe('waits for a place in the group "one": held by "one-a"');
    await start('one-c', 'one');
    expect(progress(await statusOf('one-c', isQueued))?.message).toMatch(
      /held by "one-a"; ahead of it in the queue: "one-b"$/,
    );
    expect(await holdersIn('one')).toEqual(['one-a']);
    await endChild('one-a', 'work', 'Succeeded');
    await statusOf('one-b', isRunning);
    await endChild('one-b', 'work', 'Succeeded');
    await endChild('one-c', 'work', 'Succeeded');
    expect((await statusOf('one-c', hasEnded)).phase).toBe('Succeeded');
    await waitUntil('no place is left', async () => (await holdersIn('one')).length === 0);
  });

  it('lets as many runs of the group that the parameters give work as max says, also after the engine is killed', async () => {
    const { start, statusOf, endChild, process, readMetric } = reconciled();
    await store('two', { max: 2, group: '"env " + parameters.env' });
    for (const name of ['two-a', 'two-b', 'two-c']) await start(name, 'two', { parameters: { env: 'staging' } });
    await start('two-d', 'two', { parameters: { env: 'production' } });
    for (const name of ['two-a', 'two-b', 'two-d']) await statusOf(name, isRunning);
    await statusOf('two-c', isQueued);
    const countQueued = () => readMetric('orchestration_gate_runs{state="Queued"}');
    await waitUntil('one run to be counted as queued', async () => (await countQueued()) === 1);
    await process.kill('SIGKILL');
    await process.start();
    expect((await holdersIn('env staging')).toSorted()).toEqual(['two-a', 'two-b']);
    await endChild('two-b', 'work', 'Succeeded');
    await statusOf('two-c', isRunning);
    for (const name of ['two-a', 'two-c', 'two-d']) await endChild(name, 'work', 'Succeeded');
    await waitUntil('no place is left', async () => (await holdersIn('env staging')).length === 0);
  });

  it('starts the next run when the holder is deleted', async () => {
    const { api, start, statusOf } = reconciled();
    await store('deleted', {});
    await start('deleted-a', 'deleted');
    await statusOf('deleted-a', isRunning);
    await start('deleted-b', 'deleted');
    await statusOf('deleted-b', isQueued);
    await api.remove('OrchestrationRun', 'deleted-a');
    await statusOf('deleted-b', isRunning);
    expect(await holdersIn('deleted')).toEqual(['deleted-b']);
  });

  it('starts the next run when the holder ends and its lifetime is over', async () => {
    const { start, statusOf, endChild, api } = reconciled();
    await store('brief', {}, { ttlSecondsAfterFinished: 0 });
    await start('brief-a', 'brief');
    await statusOf('brief-a', isRunning);
    await start('brief-b', 'brief');
    await statusOf('brief-b', isQueued);
    await endChild('brief-a', 'work', 'Succeeded');
    await statusOf('brief-b', isRunning);
    await waitUntil('the first run is gone', async () =>
      (await api.list('OrchestrationRun')).every(({ metadata }) => metadata.name !== 'brief-a'),
    );
  });

  it('with Fail fails a run, and names the holder', async () => {
    const { start, statusOf } = reconciled();
    await store('strict', { whenFull: 'Fail' });
    await start('strict-a', 'strict');
    await statusOf('strict-a', isRunning);
    await start('strict-b', 'strict');
    const status = await statusOf('strict-b', hasEnded);
    expect(status.phase).toBe('Failed');
    expect(findCondition(status.conditions, 'Succeeded')).toMatchObject({
      reason: 'ConcurrencyLimitReached',
      message: 'no place is free in the group "strict": held by "strict-a"',
    });
  });

  it('with Replace cancels the holder, lets it clean up, and then starts the newest run', async () => {
    const { api, start, statusOf, endChild, childOf } = reconciled();
    const cleaning = [tool('work', { dependsOn: [] }), tool('down', { dependsOn: ['work'], runIf: 'Always' })];
    const policies = { concurrency: { whenFull: 'Replace' } };
    await api.create('Orchestration', 'newest', { spec: { steps: cleaning, policies } });
    await start('newest-a', 'newest');
    await childOf('newest-a', 'work');
    await start('newest-b', 'newest');
    await statusOf('newest-b', isQueued);
    await start('newest-c', 'newest');
    expect((await statusOf('newest-b', hasEnded)).phase).toBe('Cancelled');
    expect(await holdersIn('newest')).toEqual(['newest-a']);
    await endChild('newest-a', 'down', 'Succeeded');
    expect(phasesOf(await statusOf('newest-a', hasEnded))).toEqual({ work: 'Cancelled', down: 'Succeeded' });
    await statusOf('newest-c', isRunning);
  });

  it('lets a nested run share the place of the run that owns it, and ends a waiting run that is cancelled', async () => {
    const { api, start, statusOf, childOf, annotateRun } = reconciled();
    const policies = { concurrency: { group: '"nested"' } };
    await api.create('Orchestration', 'inner', { spec: { steps, policies } });
    const sub = { name: 'sub', kind: 'SubOrchestration', orchestrationRef: { name: 'inner' } };
    await api.create('Orchestration', 'outer', { spec: { steps: [sub], policies } });
    await start('outer-a', 'outer');
    const { metadata } = await childOf('outer-a', 'sub');
    await childOf(metadata.name, 'work');
    expect(await holdersIn('nested')).toEqual(['outer-a']);
    await start('outer-b', 'inner');
    await statusOf('outer-b', isQueued);
    await annotateRun('outer-b', { [CANCEL]: 'true' });
    expect((await statusOf('outer-b', hasEnded)).phase).toBe('Cancelled');
  });

  it('makes no Lease for a run without it', async () => {
    const { run, endChild, statusOf, api } = reconciled();
    await run('plain', { steps });
    await endChild('plain', 'work', 'Succeeded');
    await statusOf('plain', hasEnded);
    const leases = await api.list('Lease');
    expect(leases.filter(({ metadata }) => metadata.annotations?.[Label.Run] === 'plain')).toEqual([]);
  });
});
