import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { formatTraceparent, spanOfAttempt } from '../../src/objects/trace-context.ts';
import { startReceiver } from '../support/receiver.ts';
import { useReconciledNamespace } from '../support/reconciler.ts';
import { agent, tool } from '../support/run-steps.ts';
import { hasEnded, isStep, stepOf } from '../support/statuses.ts';

const patience = { timeout: 150_000, interval: 100 };
const receiver = await startReceiver();
afterAll(receiver.stop);
beforeEach(() => {
  receiver.answer = 200;
});

const typesOf = (run: string) => receiver.eventsOf(run).map(({ type }) => type.split('.').at(-1));
const idsOf = (run: string) => receiver.eventsOf(run).map(({ id }) => id);

describe('an engine with receivers of telemetry', () => {
  const flags = [
    `--otlp-endpoint=${receiver.url}`,
    `--cloud-events-url=${receiver.url}/events`,
    '--pass-traceparent=true',
  ];
  const reconciled = useReconciledNamespace({ flags });

  it('sends the trace of a run when it ends: a span for the run and one for each attempt', async () => {
    const { run, endChild, statusOf, api } = reconciled();
    const steps = [
      tool('build', { dependsOn: [] }),
      tool('test', { dependsOn: ['build'], retries: 1 }),
      tool('lint', { dependsOn: ['build'] }),
      tool('publish', { dependsOn: ['test', 'lint'] }),
    ];
    await run('diamond', { steps });
    await endChild('diamond', 'build', 'Succeeded');
    await endChild('diamond', 'test', 'Failed', 'exit 1');
    for (const step of ['test', 'lint', 'publish']) await endChild('diamond', step, 'Succeeded');
    const status = await statusOf('diamond', hasEnded);
    await expect.poll(() => receiver.spansOf('diamond').length, patience).toBe(6);
    const { metadata } = await api.waitFor('OrchestrationRun', 'diamond');
    const [root, ...attempts] = receiver.spansOf('diamond');
    expect(root).toMatchObject({ name: 'RUN diamond', traceId: metadata.uid.replaceAll('-', ''), kind: 2 });
    expect([root?.startMs, root?.endMs]).toEqual(
      [status.startedAt, status.finishedAt].map((time = '') => Date.parse(time)),
    );
    expect(attempts.map(({ name, attributes }) => [name, attributes['cicd.pipeline.task.run.result']])).toEqual([
      ['build', 'success'],
      ['test', 'failure'],
      ['test', 'success'],
      ['lint', 'success'],
      ['publish', 'success'],
    ]);
    for (const span of attempts) expect(span).toMatchObject({ traceId: root?.traceId, parentSpanId: root?.spanId });
    expect(typesOf('diamond')).toEqual(['started', 'ended']);
  });

  it('sends an event when a step begins to wait for a person', async () => {
    const { run, decide, statusOf, api } = reconciled();
    await api.create('ApprovalPolicy', 'board', { spec: {} });
    await run('asking', { steps: [{ name: 'ask', kind: 'ApprovalGate', policyRef: 'board' }] });
    await expect.poll(() => typesOf('asking'), patience).toEqual(['started', 'waiting']);
    const { message } = stepOf(await statusOf('asking', isStep('ask', 'Running')), 'ask');
    expect(receiver.eventsOf('asking')[1]).toMatchObject({
      subject: 'ask',
      data: { name: 'asking', step: { name: 'ask', reason: 'ApprovalPending', message } },
    });
    await decide('board', 'Approved');
    await expect.poll(() => typesOf('asking'), patience).toEqual(['started', 'waiting', 'ended']);
    expect(receiver.eventsOf('asking')[2]).toMatchObject({ data: { phase: 'Succeeded', reason: 'Completed' } });
  });

  it('hands each child the span of its attempt, unless its step has such a parameter', async () => {
    const { run, childOf, endChild, api } = reconciled();
    await api.create('Orchestration', 'inner', { spec: { steps: [tool('work')] } });
    const own = { traceparent: 'mine' };
    const steps = [
      agent('think', { dependsOn: [], with: { topic: 'x' } }),
      tool('own', { dependsOn: [], with: own }),
      { name: 'nested', kind: 'SubOrchestration', orchestrationRef: { name: 'inner' }, dependsOn: [] },
    ];
    await run('outer', { steps });
    const { metadata } = await api.waitFor('OrchestrationRun', 'outer');
    const handed = (step: string) => formatTraceparent(spanOfAttempt(metadata.uid, step, 1));
    expect((await childOf('outer', 'think'))['spec'].parameters).toEqual({ topic: 'x', traceparent: handed('think') });
    expect((await childOf('outer', 'own'))['spec'].parameters).toEqual(own);
    const inner = await childOf('outer', 'nested');
    expect(inner['spec'].parameters).toEqual({ traceparent: handed('nested') });
    const work = await childOf(inner.metadata.name, 'work');
    expect(work['spec'].parameters.traceparent).toBe(formatTraceparent(spanOfAttempt(inner.metadata.uid, 'work', 1)));
    await endChild(inner.metadata.name, 'work', 'Succeeded');
    for (const step of ['think', 'own']) await endChild('outer', step, 'Succeeded');
    await expect.poll(() => receiver.spansOf('outer').length, patience).toBe(4);
    await expect.poll(() => receiver.spansOf(inner.metadata.name).length, patience).toBe(2);
    const nested = receiver.spansOf('outer').find(({ name }) => name === 'nested');
    const [root] = receiver.spansOf(inner.metadata.name);
    expect(nested?.links).toEqual([{ traceId: root?.traceId, spanId: root?.spanId }]);
    expect(root?.links).toEqual([{ traceId: nested?.traceId, spanId: nested?.spanId }]);
  });

  it('holds up no run while its receivers are down, and loses nothing when it is killed meanwhile', async () => {
    const { run, endChild, statusOf, enginePid, readMetric } = reconciled();
    receiver.answer = 503;
    await run('unheard', { steps: [tool('a')] });
    await endChild('unheard', 'a', 'Succeeded');
    expect((await statusOf('unheard', hasEnded)).phase).toBe('Succeeded');
    await expect.poll(receiver.refused, patience).toBeGreaterThan(1);
    expect(await readMetric('orchestration_gate_telemetry_queue_length{receiver="cloudevents"}')).toBeGreaterThan(0);
    const pid = await enginePid();
    receiver.answer = 'nothing';
    globalThis.process.kill(pid, 'SIGKILL');
    await enginePid(pid);
    receiver.answer = 200;
    await expect.poll(() => typesOf('unheard'), patience).toEqual(['started', 'ended']);
    await expect.poll(() => receiver.spansOf('unheard').length, patience).toBe(2);
    // What was delivered before comes again, with the same ids.
    await expect.poll(() => idsOf('diamond').length, patience).toBe(4);
    expect(new Set(idsOf('diamond')).size).toBe(2);
  });
});
