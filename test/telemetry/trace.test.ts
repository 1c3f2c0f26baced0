import { describe, expect, test } from 'vitest';
import { formatTraceparent, readTraceparent, spanOfAttempt, spanOfRun } from '../../src/objects/trace-context.ts';
import { createOtlpEncoder } from '../../src/telemetry/otlp.ts';
import { traceOf } from '../../src/telemetry/trace.ts';
import { readOtlp } from '../support/otlp.ts';
import { at, reported, step, TRACE, UID } from './runs.ts';

const secondsOf = (ms: number) => (ms - Date.parse(at(0))) / 1_000;
/** One line for each span: whether it has a parent, its name, its times and its result. */
const linesOf = (run: Parameters<typeof traceOf>[0]) =>
  traceOf(run).map(({ name, parent, startMs, endMs, attributes, failure }) => {
    const result = attributes['cicd.pipeline.result'] ?? attributes['cicd.pipeline.task.run.result'];
    const times = `${secondsOf(startMs)}-${secondsOf(endMs)}`;
    return [parent ? '-' : '', name, times, result, failure ?? ''].join(' ').trim();
  });

describe('the trace of a run', () => {
  test('has a span for the run and one for each attempt', () => {
    const failed = { attempt: 1, reason: 'ChildFailed', message: 'exit 1', startedAt: at(10), finishedAt: at(20) };
    const steps = [
      step('build', 'Succeeded', { startedAt: at(0), finishedAt: at(10) }),
      step('test', 'Succeeded', { startedAt: at(25), finishedAt: at(40), attempt: 2, previousAttempts: [failed] }),
      step('lint', 'Failed', { startedAt: at(10), finishedAt: at(30), reason: 'StepTimedOut', message: 'too slow' }),
      { ...step('fetch', 'Succeeded', { attempt: 0, finishedAt: at(0) }), inheritedFrom: 'nightly-0' },
      step('notify', 'Skipped', { finishedAt: at(30), reason: 'ConditionFalse' }),
      step('deploy', 'Cancelled', { startedAt: at(40), finishedAt: at(60), reason: 'RunCancelled' }),
    ];
    expect(linesOf(reported('Cancelled', steps, 'RunCancelled'))).toEqual([
      'RUN nightly 0-60 cancellation',
      '- build 0-10 success',
      '- test 10-20 failure exit 1',
      '- test 25-40 success',
      '- lint 10-30 timeout too slow',
      '- fetch 0-0 success',
      '- notify 30-30 skip',
      '- deploy 40-60 cancellation',
    ]);
  });

  test('has the names of OpenTelemetry, and the reason as the type of the error', () => {
    const resourceRef = { apiVersion: 'v1', kind: 'ToolRun', name: 'nightly-1-build', namespace: 'ci', uid: 'x' };
    const build = step('build', 'Failed', { reason: 'ChildFailed', message: 'exit 1', resourceRef });
    const [root, attempt] = traceOf(reported('Failed', [build], 'StepFailed'));
    expect(root?.attributes).toEqual({
      'cicd.pipeline.action.name': 'RUN',
      'cicd.pipeline.name': 'nightly',
      'cicd.pipeline.run.id': UID,
      'cicd.pipeline.result': 'failure',
      'k8s.namespace.name': 'ci',
      'orchestration_gate.run.name': 'nightly-1',
      'orchestration_gate.run.delivery_id': 'd-1',
      'orchestration_gate.reason': 'StepFailed',
      'error.type': 'StepFailed',
    });
    expect(attempt?.attributes).toEqual({
      'cicd.pipeline.task.name': 'build',
      'cicd.pipeline.task.run.id': 'build/1',
      'cicd.pipeline.task.run.result': 'failure',
      'k8s.namespace.name': 'ci',
      'orchestration_gate.step.kind': 'ToolRun',
      'orchestration_gate.step.attempt': 1,
      'orchestration_gate.reason': 'ChildFailed',
      'orchestration_gate.step.child': 'nightly-1-build',
      'error.type': 'ChildFailed',
    });
  });

  test('has ids that come from the uid of the run, the step and the attempt', () => {
    const run = reported('Succeeded', [step('a', 'Succeeded'), step('b', 'Succeeded')]);
    const ids = traceOf(run).map(({ context }) => context);
    expect(traceOf(structuredClone(run)).map(({ context }) => context)).toEqual(ids);
    expect(new Set(ids.map(({ spanId }) => spanId)).size).toBe(3);
    expect(ids).toEqual([spanOfRun(UID), spanOfAttempt(UID, 'a', 1), spanOfAttempt(UID, 'b', 1)]);
    expect(ids[0]?.traceId).toBe(TRACE);
    expect(readTraceparent(formatTraceparent(spanOfAttempt(UID, 'a', 1)))).toEqual(ids[1]);
  });

  test('links a step to the run that carried it out, and that run to its step', () => {
    const uid = '11111111-2222-4333-8444-555555555555';
    const resourceRef = { apiVersion: 'v1', kind: 'OrchestrationRun', name: 'inner', namespace: 'ci', uid };
    const [, outer] = traceOf(reported('Succeeded', [step('deploy', 'Succeeded', { resourceRef })]));
    const traceparent = formatTraceparent(spanOfAttempt(UID, 'deploy', 1));
    const [inner] = traceOf({ ...reported('Succeeded', []), uid, parameters: { traceparent } });
    expect(outer?.links).toEqual([inner?.context]);
    expect(inner?.links).toEqual([outer?.context]);
    expect(traceOf({ ...reported('Succeeded', []), parameters: { traceparent: 'x' } })[0]?.links).toEqual([]);
  });

  test('counts an attempt once if its step ended while it waited for the next one', () => {
    const failed = { attempt: 1, reason: 'ChildFailed', startedAt: at(0), finishedAt: at(5) };
    const steps = [step('a', 'Cancelled', { startedAt: at(0), finishedAt: at(50), previousAttempts: [failed] })];
    expect(linesOf(reported('Cancelled', steps))).toEqual(['RUN nightly 0-60 cancellation', '- a 0-5 failure']);
  });

  test('has no span that ends before it starts, whatever others wrote as times', () => {
    const steps = [
      step('a', 'Succeeded', { startedAt: 'soon', finishedAt: at(5) }),
      step('b', 'Failed', { startedAt: at(99) }),
    ];
    expect(linesOf(reported('Failed', steps))).toEqual([
      'RUN nightly 0-60 failure Failed run',
      '- a 5-5 success',
      '- b 60-60 failure',
    ]);
  });

  test('is read by a receiver of OTLP as it was', () => {
    const build = step('build', 'Failed', {
      reason: 'ChildFailed',
      message: 'exit 1',
      startedAt: at(1),
      finishedAt: at(2.5),
    });
    const traceparent = formatTraceparent(spanOfRun('caller'));
    const spans = traceOf({ ...reported('Succeeded', [build]), parameters: { traceparent } });
    const message = createOtlpEncoder({ 'k8s.cluster.name': 'prod' })(spans);
    const read = readOtlp(message.body as Uint8Array);
    expect(message.contentType).toBe('application/x-protobuf');
    expect([read.resource, read.scope]).toEqual([
      { 'service.name': 'orchestration-gate', 'k8s.cluster.name': 'prod' },
      'orchestration-gate',
    ]);
    expect(read.spans).toEqual(
      spans.map(({ context, parent, name, isRoot, startMs, endMs, attributes, failure, links }) => ({
        ...context,
        parentSpanId: parent?.spanId ?? '',
        ...{ name, startMs, endMs, attributes, links },
        kind: isRoot ? 2 : 1,
        status: { code: failure === undefined ? 0 : 2, message: failure ?? '' },
      })),
    );
  });
});

test.each([
  '',
  '00-0f8fad5bd9cb469fa16570867728950e-0000000000000000-01',
  '00-00000000000000000000000000000000-0f8fad5bd9cb469f-01',
  'ff-0f8fad5bd9cb469fa16570867728950e-0f8fad5bd9cb469f-01',
  '00-0F8FAD5BD9CB469FA16570867728950E-0f8fad5bd9cb469f-01',
])('the text “%s” names no span', (text) => {
  expect(readTraceparent(text)).toBeUndefined();
});
