import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StoredObject } from '../../src/objects/object.ts';
import { readToolRunState, writeToolRunState } from '../../src/orchestration/tool-run-state.ts';
import { Annotation } from '../../src/orchestration/vocabulary/metadata.ts';
import { readOutputs } from '../../src/toolrun/outputs.ts';
import { complete, createCluster, failed, podOf, tool, toolRun } from './cluster.ts';

const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'lint-job', namespace: 'agents', uid: 'j' } };
const read = (message: string | undefined) => readOutputs(job, [podOf(job.metadata, message)]);

/** The outputs as stored and read back, so that nothing depends on how they are held in memory. */
function outputsOf(message: string): unknown {
  const reading = read(message);
  if (reading.type !== 'Outputs') return reading.type;
  const text = writeToolRunState(toolRun().metadata, { startedAt: '2026-01-01T00:00:00Z', outputs: reading.outputs });
  const annotations = { [Annotation.ToolRunState]: text };
  return readToolRunState({ uid: toolRun().metadata.uid, annotations })?.outputs;
}

describe('the termination message of a Job', () => {
  test('gives an output for each key of its object, rendered as text', () => {
    const message = '{"s":"a\\n\\"b","n":1.50,"b":false,"l":[1, {"x":null}],"o":{"k":"v"},"e":"","gone":null}';
    expect(outputsOf(message)).toEqual({
      ...{ s: 'a\n"b', n: '1.5', b: 'false', e: '' },
      ...{ l: '[1,{"x":null}]', o: '{"k":"v"}' },
    });
  });

  test.each([
    ['12345678901234567890123', '12345678901234567890123'],
    ['-9007199254740993', '-9007199254740993'],
    ['[9007199254740993,{"n":0.10000000000000000001}]', '[9007199254740993,{"n":0.10000000000000000001}]'],
    ['1e400', '1e400'],
    ['1e-400', '1e-400'],
    ['1e3', '1000'],
    ['-0.0', '0'],
    ['1.0', '1'],
  ])('keeps every digit of %s', (number, text) => {
    expect(outputsOf(`{"n":${number}}`)).toEqual({ n: text });
  });

  test('may name an output as it likes, and gives no output that it does not name', () => {
    const outputs = outputsOf('{"__proto__":{"x":1},"constructor":"c","":"empty"}') as object;
    expect(Object.entries(outputs)).toEqual([
      ['__proto__', '{"x":1}'],
      ['constructor', 'c'],
      ['', 'empty'],
    ]);
    expect(Object.getPrototypeOf(outputs)).toBe(Object.prototype);
  });

  test('becomes valid Unicode', () => {
    expect(outputsOf('{"a\\ud800":"b\\udfff"}')).toEqual({ 'a\ufffd': 'b\ufffd' });
  });

  test.each([[''], [' \n'], ['{}'], ['{"a":null}']])('may give no outputs: %j', (message) => {
    expect(read(message)).toEqual({ type: 'Outputs', outputs: {} });
  });

  test.each([['done'], ['[1]'], ['"a"'], ['null'], ['7'], ['{"a":1'], ['\ufffd{}'], ['{"a":1}{"b":2}']])(
    'that is no JSON object gives none, and is reported: %j',
    (message) => {
      expect(read(message)).toEqual({
        type: 'Unreadable',
        message: 'the termination message is not a JSON object, so the ToolRun has no outputs',
      });
    },
  );

  test('of 4,095 bytes is read, and one of 4,096 counts as cut, whatever it holds', () => {
    const pad = (bytes: number) => `{"a":"${'é'.repeat((bytes - 8) / 2)}"}`;
    expect(read(`${pad(4094)} `).type).toBe('Outputs');
    expect(read(`${pad(4094)}  `)).toEqual({
      type: 'Cut',
      message:
        'the termination message must be shorter than 4096 bytes, because Kubernetes cuts a longer one: write smaller outputs',
    });
    expect(read('x'.repeat(4096)).type).toBe('Cut');
  });

  test('is read whatever it holds: nested as deeply as fits, or any text', () => {
    expect(outputsOf(`{"a":${'['.repeat(2_000)}${']'.repeat(2_000)}}`)).toEqual({
      a: '['.repeat(2_000) + ']'.repeat(2_000),
    });
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (message) => {
        expect(['Outputs', 'Unreadable', 'Cut']).toContain(read(message).type);
      }),
    );
  });

  test('is that of the pod that succeeded and belongs to the Job', () => {
    const pod = podOf(job.metadata, '{"a":"1"}');
    const failedPod = { ...podOf(job.metadata, '{"a":"2"}'), status: { ...Object(pod['status']), phase: 'Failed' } };
    const foreign = podOf({ ...job.metadata, uid: 'another' }, '{"a":"3"}');
    expect(readOutputs(job, [foreign, failedPod, pod])).toEqual({ type: 'Outputs', outputs: { a: '1' } });
    expect(readOutputs(job, [foreign, failedPod]).type).toBe('Unknown');
  });

  test('is that of the container of the Tool, beside injected ones, or of the first', () => {
    const state = (message: string) => ({ state: { terminated: { message } } });
    const withStatuses = (containerStatuses: unknown): StoredObject => ({
      ...podOf(job.metadata),
      status: { phase: 'Succeeded', containerStatuses },
    });
    const statuses = [
      { name: 'proxy', ...state('{"a":"proxy"}') },
      { name: 'tool-runner', ...state('{"a":"tool"}') },
    ];
    expect(readOutputs(job, [withStatuses(statuses)])).toMatchObject({ outputs: { a: 'tool' } });
    expect(readOutputs(job, [withStatuses(statuses.slice(0, 1))])).toMatchObject({ outputs: { a: 'proxy' } });
    for (const odd of [undefined, [], [null], [{ state: 7 }]])
      expect(readOutputs(job, [withStatuses(odd)]).type).toBe('Unknown');
  });
});

describe('a ToolRun', () => {
  const begun = (spec: object = {}) => {
    const cluster = createCluster(toolRun(), tool({ ...spec }));
    cluster.reconcile();
    cluster.reconcile();
    return cluster;
  };

  test('records its outputs with its end, before its Job may expire', () => {
    const cluster = begun({ ttlSecondsAfterFinished: 0 });
    cluster.message = '{"digest":"sha256:1"}';
    cluster.endJob(complete);
    expect(cluster.reconcile()).toEqual(['WriteState']);
    expect(cluster.state()).toMatchObject({ outcome: { phase: 'Succeeded' }, outputs: { digest: 'sha256:1' } });
    cluster.pods = () => [];
    expect(cluster.reconcile()).toContain('SetTtl');
    expect(cluster.reconcile()).toEqual([]);
    expect(cluster.state()).toMatchObject({ outputs: { digest: 'sha256:1' } });
    expect(cluster.events).toEqual([]);
  });

  test('that writes no message records nothing new', () => {
    const cluster = begun();
    cluster.endJob(complete);
    cluster.reconcile();
    expect(cluster.state()).not.toHaveProperty('outputs');
    expect(cluster.events).toEqual([]);
  });

  test('that writes no JSON object succeeds without outputs, and one Event says so', () => {
    const cluster = begun();
    cluster.message = 'done';
    cluster.endJob(complete);
    expect(cluster.reconcile()).toEqual(['WriteState', 'EmitEvent']);
    for (let more = 0; more < 3; more++) cluster.reconcile({ nowMs: Date.parse('2026-01-01T00:00:09Z') });
    expect(cluster.state()).not.toHaveProperty('outputs');
    expect(cluster.status().phase).toBe('Succeeded');
    expect(cluster.events).toEqual([
      'OutputsUnreadable: the termination message is not a JSON object, so the ToolRun has no outputs',
    ]);
  });

  test('whose message was cut fails, and stays failed although its Job completed', () => {
    const cluster = begun();
    cluster.message = 'x'.repeat(4096);
    cluster.endJob(complete);
    expect(cluster.reconcile()).toEqual(['WriteState', 'EmitEvent']);
    cluster.pods = () => [];
    for (let more = 0; more < 3; more++) cluster.reconcile({ nowMs: Date.parse('2026-01-01T00:00:09Z') });
    expect(cluster.state()).toMatchObject({ outcome: { phase: 'Failed', reason: 'OutputFailed' } });
    expect(cluster.state()).not.toHaveProperty('outputs');
    expect(cluster.status().phase).toBe('Failed');
    expect(cluster.events).toHaveLength(1);
  });

  test.each([
    ['its pod is gone', (): [] => [], 'the pod of Job'],
    ['pods may not be listed', () => undefined, 'the pods of Job'],
  ])('succeeds with unknown outputs if %s, and says so', (_, pods, words) => {
    const cluster = begun();
    cluster.pods = pods;
    cluster.endJob(complete);
    expect(cluster.reconcile()).toEqual(['WriteState', 'EmitEvent']);
    expect(cluster.state()).toMatchObject({ outcome: { phase: 'Succeeded' }, outputs: 'Unknown' });
    expect(cluster.events).toEqual([expect.stringContaining(`OutputsUnreadable: the outputs are unknown: ${words}`)]);
  });

  test('that fails has no outputs', () => {
    const cluster = begun();
    cluster.message = '{"a":"1"}';
    cluster.endJob(failed);
    cluster.reconcile();
    expect(cluster.state()).not.toHaveProperty('outputs');
  });
});

test('outputs of the wrong type in the annotation count as absent', () => {
  const stateWith = (outputs: unknown) => {
    const text = JSON.stringify({ of: 'run-uid', startedAt: '2026-01-01T00:00:00Z', outputs });
    return readToolRunState({ uid: 'run-uid', annotations: { [Annotation.ToolRunState]: text } })?.outputs;
  };
  for (const odd of [7, 'x', [], null, {}, { a: 7 }]) expect(stateWith(odd)).toBeUndefined();
  expect(stateWith({ a: '1', b: 2 })).toEqual({ a: '1' });
});
