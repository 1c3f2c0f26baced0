import { HTTP, CloudEvent as SdkEvent } from 'cloudevents';
import { describe, expect, test } from 'vitest';
import { type CloudEvent, eventsOf } from '../../src/telemetry/cloud-event.ts';
import { createNews } from '../../src/telemetry/news.ts';
import { at, reported, step, UID } from './runs.ts';

const waiting = (reason = 'ApprovalPending', attempt = 1) =>
  step('ask', 'Running', { kind: 'ApprovalGate', reason, message: 'waits for board', startedAt: at(5), attempt });
const idsOf = (events: readonly CloudEvent[]) => events.map(({ id }) => id.replace(`${UID}/`, ''));

describe('the events of a run', () => {
  test('tell that it started, which steps wait for a person, and that it ended', () => {
    const busy = step('build', 'Running', { reason: 'Started', startedAt: at(0) });
    const signal = step('signal', 'Running', { reason: 'SignalPending', startedAt: at(0) });
    expect(idsOf(eventsOf(reported('Pending', [])))).toEqual(['started']);
    expect(idsOf(eventsOf(reported('Running', [busy, signal, waiting()])))).toEqual([
      'started',
      'waiting/ask/1/ApprovalPending',
    ]);
    expect(idsOf(eventsOf(reported('Failed', [waiting()])))).toEqual(['started', 'ended']);
    expect(eventsOf({ ...reported('Pending', []), status: { conditions: [], stepStatuses: [] } })).toEqual([]);
  });

  test('are read by the SDK of CloudEvents, strictly', () => {
    for (const event of [...eventsOf(reported('Running', [waiting()])), ...eventsOf(reported('Failed', []))]) {
      const headers = { 'content-type': 'application/cloudevents+json' };
      const read = HTTP.toEvent<object>({ headers, body: JSON.stringify(event) });
      if (Array.isArray(read)) throw new Error('one event became several');
      expect(() => new SdkEvent(read, true)).not.toThrow();
      expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify(event)));
    }
  });

  test('say in their data which run it is, and how it stands', () => {
    const [, ended] = eventsOf(reported('Failed', [], 'StepFailed'));
    const who = { namespace: 'ci', name: 'nightly-1', uid: UID, orchestration: 'nightly', deliveryId: 'd-1' };
    expect(ended).toEqual({
      specversion: '1.0',
      id: `${UID}/ended`,
      source: '/apis/orchestration.proompteng.ai/v1alpha1/namespaces/ci/orchestrationruns/nightly-1',
      type: 'ai.proompteng.orchestration.run.ended',
      time: at(60),
      datacontenttype: 'application/json',
      data: {
        ...who,
        startedAt: at(0),
        finishedAt: at(60),
        phase: 'Failed',
        reason: 'StepFailed',
        message: 'Failed run',
      },
    });
    const [, asked] = eventsOf(reported('Running', [waiting()]));
    expect(asked).toMatchObject({
      type: 'ai.proompteng.orchestration.run.waiting',
      subject: 'ask',
      time: at(5),
      data: { ...who, step: { name: 'ask', kind: 'ApprovalGate', attempt: 1, reason: 'ApprovalPending' } },
    });
  });
});

describe('what is new about a run', () => {
  const nowMs = Date.parse(at(70));

  test('is reported once, however often and in whichever state the run is seen', () => {
    const news = createNews(() => nowMs);
    const take = (run: Parameters<typeof news.take>[0]) => idsOf(news.take(run));
    expect(take(reported('Running', []))).toEqual(['started']);
    expect(take(reported('Running', [waiting()]))).toEqual(['waiting/ask/1/ApprovalPending']);
    expect(take(reported('Running', [waiting()]))).toEqual([]);
    expect(take(reported('Running', [waiting('ApprovalPhaseUnknown')]))).toEqual([
      'waiting/ask/1/ApprovalPhaseUnknown',
    ]);
    expect(news.isOver(UID)).toBe(false);
    expect(take(reported('Succeeded', []))).toEqual(['ended']);
    expect(take(reported('Succeeded', []))).toEqual([]);
    expect(news.isOver(UID)).toBe(true);
  });

  test('includes what an engine before this one may not have sent: the last hour, and waits that still last', () => {
    const take = (run: Parameters<typeof eventsOf>[0], seconds: number) =>
      idsOf(createNews(() => Date.parse(at(seconds))).take(run));
    expect(take(reported('Succeeded', []), 3_600)).toEqual(['started', 'ended']);
    expect(take(reported('Succeeded', []), 3_630)).toEqual(['ended']);
    expect(take(reported('Succeeded', []), 3_661)).toEqual([]);
    expect(take(reported('Running', [waiting()]), 99_999)).toEqual(['waiting/ask/1/ApprovalPending']);
  });

  test('takes bounded memory: the run that was reported longest ago is forgotten', () => {
    const news = createNews(() => nowMs, 2);
    for (const uid of ['a', 'b', 'c']) news.take({ ...reported('Succeeded', []), uid });
    expect(['a', 'b', 'c'].map(news.isOver)).toEqual([false, true, true]);
  });
});
