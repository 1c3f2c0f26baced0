import { describe, expect, test } from 'vitest';
import { createTelemetry } from '../../src/engine/telemetry.ts';
import type { StoredObject } from '../../src/objects/object.ts';
import { WHOLE } from '../../src/orchestration/buckets.ts';
import { API_VERSION } from '../../src/orchestration/schema.ts';
import { keepObject } from '../../src/reconciler/kept.ts';
import { createLogger } from '../../src/runtime/log.ts';
import type { DeliveryObserver } from '../../src/telemetry/delivery.ts';
import type { Span } from '../../src/telemetry/trace.ts';
import { createFakeTiming } from '../support/timing.ts';
import { at, reported, step, UID } from '../telemetry/runs.ts';

const observer: DeliveryObserver = {
  countDelivered: () => {},
  countFailed: () => {},
  countDropped: () => {},
  setLength: () => {},
};

/** A run as the API server stores it. */
function store({ name, namespace, uid, orchestration, status }: ReturnType<typeof reported>): StoredObject {
  const spec = { orchestrationRef: { name: orchestration } };
  return { apiVersion: API_VERSION, kind: 'OrchestrationRun', metadata: { name, namespace, uid }, spec, status };
}

/** Telemetry with a copy of these runs. `sent` has the ids of the events, and the names of the spans of each trace. */
function start(
  runs: readonly StoredObject[],
  { encode = (spans: readonly Span[]) => spans.map(({ name }) => name) } = {},
) {
  const timing = createFakeTiming();
  const sent: string[] = [];
  const reads: string[] = [];
  const find = (name: string) => runs.find(({ metadata }) => metadata.name === name);
  const post = ({ body }: { body: string | Uint8Array }) => {
    sent.push(String(body).startsWith('{') ? JSON.parse(String(body)).id.replace(`${UID}/`, '') : String(body));
    return Promise.resolve({ outcome: 'Delivered' } as const);
  };
  const telemetry = createTelemetry({
    division: WHOLE,
    receivers: {
      events: { name: 'events', post, observer },
      traces: {
        name: 'traces',
        post,
        observer,
        encode: (spans) => ({ body: encode(spans).join(), contentType: 'text/plain' }),
      },
    },
    followed: {
      *values() {
        for (const run of runs) yield keepObject(run) as StoredObject;
      },
      getObject: (_, __, key) => {
        const run = find(key.split('/')[1] ?? '');
        return run && (keepObject(run) as StoredObject);
      },
      statusWriters: ({ metadata }: object & { metadata?: { name?: string } }) => {
        const isForeign = metadata?.name === 'foreign';
        return { isOurs: !isForeign, isForeign, others: [] };
      },
      readObject: (_, __, ___, name) => {
        reads.push(name);
        return Promise.resolve(find(name));
      },
    },
    now: () => Date.parse(at(70)) + timing.now(),
    timing,
    log: createLogger({ level: 'silent' }),
  });
  return { telemetry, timing, sent, reads };
}

describe('an engine that starts to work', () => {
  test('reports what ended within the last hour, which it reads whole, and nothing of other controllers', async () => {
    const ended = store(reported('Succeeded', [step('a', 'Succeeded')]));
    const foreign = { ...ended, metadata: { ...ended.metadata, name: 'foreign', uid: 'x' } };
    const old = {
      ...ended,
      metadata: { ...ended.metadata, name: 'old', uid: 'y' },
      status: { phase: 'Failed', finishedAt: at(-4_000) },
    };
    const { telemetry, timing, sent, reads } = start([ended, foreign, old]);
    telemetry.see(ended);
    await timing.advance(10_000);
    expect(sent).toEqual([]);
    telemetry.start();
    await timing.advance(10_000);
    expect(reads).toEqual(['nightly-1']);
    expect(sent.toSorted()).toEqual(['RUN nightly,a', 'ended', 'started']);
  });
});

describe('an engine that works', () => {
  test('reports a run once, and reads none whose end it has written itself', async () => {
    const run = reported('Succeeded', [step('a', 'Succeeded')]);
    const { telemetry, timing, sent, reads } = start([store(run)]);
    telemetry.start();
    telemetry.see(store(run));
    telemetry.record(run, run.status);
    telemetry.see(store(run));
    await timing.advance(10_000);
    expect(reads).toEqual([]);
    expect(sent.toSorted()).toEqual(['RUN nightly,a', 'ended', 'started']);
  });

  test('reports waits while they last, and survives a run that cannot be reported', async () => {
    const asks = step('ask', 'Running', { reason: 'ApprovalPending', startedAt: at(5) });
    const encode = () => {
      throw new Error('cannot be encoded');
    };
    const { telemetry, timing, sent } = start([], { encode });
    telemetry.start();
    telemetry.see(store(reported('Running', [asks])));
    telemetry.see(store(reported('Running', [asks])));
    const ended = reported('Succeeded', []);
    expect(() => telemetry.record(ended, ended.status)).not.toThrow();
    await timing.advance(10_000);
    expect(sent).toEqual(['started', 'waiting/ask/1/ApprovalPending', 'ended']);
  });
});
