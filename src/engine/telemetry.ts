import type { FollowedCluster } from '../kube/cluster.ts';
import { RUNS } from '../kube/kinds.ts';
import { createQueue } from '../kube/queue.ts';
import { keyOf, type StoredObject } from '../objects/object.ts';
import type { ReconcileResult } from '../objects/outcomes.ts';
import { bucketOf, type Division } from '../orchestration/buckets.ts';
import { asRecord } from '../orchestration/decode.ts';
import { isRunFinal, type RunStatus } from '../orchestration/run-status.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { watchEndpointFiles } from '../runtime/endpoint-files.ts';
import type { EngineMetrics } from '../runtime/engine-metrics.ts';
import type { Logger } from '../runtime/log.ts';
import { REPORT_WITHIN_MS } from '../telemetry/news.ts';
import { createPost } from '../telemetry/post.ts';
import { createReceivers, type ReceiversOptions } from '../telemetry/receivers.ts';
import { type ReportedRun, readReportedRun } from '../telemetry/reported-run.ts';

/** The part of the `reconcile` configuration that telemetry uses. */
export interface TelemetryConfiguration {
  readonly otlpEndpoint: string | undefined;
  readonly otlpHeadersDir: string | undefined;
  readonly otlpCaDir: string | undefined;
  readonly otlpResourceAttributes: Readonly<Record<string, string>>;
  readonly cloudEventsUrl: string | undefined;
  readonly cloudEventsHeadersDir: string | undefined;
  readonly cloudEventsCaDir: string | undefined;
}

/** Reports runs to the receivers. Nothing here throws or delays a run. */
export interface Telemetry {
  /** Call it for every change in the cache. */
  readonly see: (changed: StoredObject) => void;
  /** Call it when the API server has stored a status of a run. */
  readonly record: (run: Omit<ReportedRun, 'status'>, status: RunStatus) => void;
  /** Call it with buckets that are held from now on: it reports what happened to their runs within the last hour. */
  readonly resume: (buckets: ReadonlySet<number>) => void;
  /** Starts to report, including what happened within the last hour. Before that, the other functions do nothing. */
  readonly start: () => void;
  /** Sends the waiting messages, for at most a few seconds. */
  readonly stop: () => Promise<void>;
}

export interface TelemetryOptions extends Pick<ReceiversOptions, 'now' | 'timing'> {
  readonly receivers: Pick<ReceiversOptions, 'traces' | 'events'>;
  readonly followed: Pick<FollowedCluster, 'values' | 'getObject' | 'statusWriters' | 'readObject'>;
  readonly log: Logger;
  /** Only the runs of held buckets are reported. */
  readonly division: Pick<Division, 'holds'>;
}

/** How long an engine that stops tries to send the waiting messages. The next engine sends them again in any case. */
const LAST_MS = 3_000;
/** If the queues have no room for a finished run, the engine tries again after this time. */
const ROOM_MS = 5_000;
/** The answer to the write that ends a run comes within this time after the watch event, if it comes. */
const ANSWER_MS = 2_000;

/**
 * Reports the statuses of runs that this engine writes, and those in the copy. The copy also has the ends that another
 * engine wrote, or whose answer was lost. It has no steps of finished runs, so those runs are read again.
 */
export function createTelemetry({ receivers, followed, now, timing, log, division }: TelemetryOptions): Telemetry {
  const { hasReportedEnd, haveRoom, stop, ...connected } = createReceivers({ ...receivers, now, timing, log });
  let isStarted = false;

  /** An error here must not reach the reconcile of the run. The report is not tried again. */
  function report(run: ReportedRun): void {
    try {
      connected.report(run);
    } catch (error) {
      const { namespace, name } = run;
      log.error({ error, namespace, name }, 'a run cannot be reported');
    }
  }

  const isDue = ({ metadata, status }: StoredObject) =>
    Date.parse(String(asRecord(status)['finishedAt'])) >= now() - REPORT_WITHIN_MS && !hasReportedEnd(metadata.uid);

  async function readEnded(key: string): Promise<ReconcileResult> {
    const kept = followed.getObject(API_VERSION, RUNS.kind, key);
    if (kept === undefined || !isDue(kept)) return 'done';
    if (!haveRoom()) return { afterMs: ROOM_MS };
    const { namespace, name } = kept.metadata;
    const run = await followed.readObject(API_VERSION, RUNS.kind, namespace, name);
    if (run !== undefined) report(readReportedRun(run));
    return 'done';
  }
  const onError = (key: string, error: unknown) => log.warn({ key, error }, 'cannot read a finished run, will retry');
  const ended = createQueue({ workers: 1, process: readEnded, onError, timing });

  function see(changed: StoredObject): void {
    if (!isStarted || changed.kind !== RUNS.kind || !division.holds(bucketOf(changed))) return;
    if (followed.statusWriters(changed).isForeign) return;
    if (isRunFinal(asRecord(changed['status']))) {
      if (isDue(changed)) ended.addAfter(keyOf(changed.metadata), ANSWER_MS);
    } else if (receivers.events) report(readReportedRun(changed)); // Traces need only the end of a run.
  }

  return {
    see,
    record: (run, status) => {
      if (isStarted && isRunFinal(status)) report({ ...run, status });
    },
    resume(buckets) {
      for (const run of followed.values(RUNS.kind)) if (buckets.has(bucketOf(run))) see(run);
    },
    start() {
      isStarted = true;
      ended.start();
      for (const run of followed.values(RUNS.kind)) see(run);
    },
    stop: async () => {
      isStarted = false;
      await ended.stop();
      await stop(LAST_MS);
    },
  };
}

/** Connects the receivers that are set; undefined if there is none. Resolves when their folders are read. */
export async function connectReceivers(
  configuration: TelemetryConfiguration,
  { log, metrics, now }: { log: Logger; metrics: Pick<EngineMetrics, 'observeDelivery'>; now: () => number },
): Promise<TelemetryOptions['receivers'] | undefined> {
  const { otlpEndpoint, otlpHeadersDir, otlpCaDir, otlpResourceAttributes } = configuration;
  const { cloudEventsUrl, cloudEventsHeadersDir, cloudEventsCaDir } = configuration;
  const connect = async (name: 'otlp' | 'cloudevents', url: string, headersDir?: string, caDir?: string) => {
    const files = await watchEndpointFiles(headersDir, caDir, log);
    const post = createPost({ url, ...files, now });
    return { name, post, observer: metrics.observeDelivery(name) };
  };
  const events =
    cloudEventsUrl && (await connect('cloudevents', cloudEventsUrl, cloudEventsHeadersDir, cloudEventsCaDir));
  const traces = otlpEndpoint && {
    ...(await connect('otlp', `${otlpEndpoint.replace(/\/$/, '')}/v1/traces`, otlpHeadersDir, otlpCaDir)),
    // Loaded only if traces are sent, because it takes 5 MiB.
    encode: (await import('../telemetry/otlp.ts')).createOtlpEncoder(otlpResourceAttributes),
  };
  if (!events && !traces) return undefined;
  return { ...(events && { events }), ...(traces && { traces }) };
}
