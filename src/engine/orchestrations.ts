import type { FollowedCluster } from '../kube/cluster.ts';
import { ORCHESTRATIONS, RUNS } from '../kube/kinds.ts';
import { createQueue, type Queue } from '../kube/queue.ts';
import { keyOf, type StoredObject } from '../objects/object.ts';
import { type ReconcileResult, within } from '../objects/outcomes.ts';
import { decodeOrchestration } from '../orchestration/decode.ts';
import { historyLimit } from '../orchestration/durations.ts';
import type { Policy } from '../orchestration/judge.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { findExcess, historyOf } from '../reconciler/lifetime.ts';
import { planOrchestration } from '../reconciler/orchestration-status.ts';
import { RIVAL } from '../reconciler/rivals.ts';
import { createHistories, type Histories, LISTED_MS } from './histories.ts';
import type { See, WorkOptions } from './runs.ts';

/** Orchestrations change only when people edit them, so two workers are enough. */
const ORCHESTRATION_WORKERS = 2;

export interface OrchestrationQueueOptions extends WorkOptions {
  readonly policy: () => Policy;
  /** How many finished runs are kept if an Orchestration sets no limit. If undefined, all are kept. */
  readonly historyLimit: number | undefined;
}

/**
 * Creates the queue that writes the status of Orchestrations and deletes finished runs over the history limit. Call
 * `see` for every change in the cache.
 */
export function createOrchestrationQueue({
  followed,
  rivals,
  division,
  now,
  guard,
  track,
  policy,
  historyLimit: otherwise,
  ...options
}: OrchestrationQueueOptions): Queue & { readonly see: See } {
  const judge = async (key: string): Promise<ReconcileResult> => {
    const object = followed.getObject(API_VERSION, ORCHESTRATIONS.kind, key);
    if (object === undefined) return 'done';
    const untilMs = rivals.leaveUntilMs(object.metadata.namespace, followed.rivalWroteMs(object));
    if (untilMs !== undefined) return { afterMs: untilMs - now() };
    return writeOrchestrationStatus(followed, object, policy(), new Date(now()).toISOString());
  };
  const histories = createHistories({ followed, division, timing: options.timing });
  const process = async (key: string): Promise<ReconcileResult> => {
    const outcome = await judge(key);
    if (outcome === 'retry') return outcome;
    return within(await limitHistory({ followed, division, histories }, key, otherwise), outcome);
  };
  const queue = createQueue({ ...options, workers: ORCHESTRATION_WORKERS, process: guard(track(process)) });
  return {
    ...queue,
    see(changed, concerns = () => true) {
      const { kind, metadata } = changed;
      const key = kind === ORCHESTRATIONS.kind ? keyOf(metadata) : historyOf(changed);
      if (key !== undefined && concerns(key)) queue.add(key);
    },
  };
}

/** The maximum number of deletes in one reconcile, so that a thousand deletes do not delay other objects. */
const MOST_DELETES = 50;

interface Limiting extends Pick<WorkOptions, 'followed' | 'division'> {
  readonly histories: Histories;
}

/**
 * Deletes the oldest finished runs of an Orchestration that exceed the limit in its current policies. If replicas share
 * the buckets, no event announces the end of runs in other buckets, so they are counted once a minute. Returns the time
 * until the next check, in milliseconds.
 */
async function limitHistory(
  { followed, division, histories }: Limiting,
  key: string,
  otherwise: number | undefined,
): Promise<number> {
  const object = followed.getObject(API_VERSION, ORCHESTRATIONS.kind, key);
  const limit = object && (historyLimit(decodeOrchestration(object).orchestration) ?? otherwise);
  if (limit === undefined) return Infinity;
  const excess = findExcess(await histories.list(key), limit);
  for (const run of excess.slice(0, MOST_DELETES)) {
    const { metadata } = run;
    const written = await followed.delete(API_VERSION, RUNS.kind, metadata);
    if (written.outcome === 'Refused') throw new Error(`${metadata.name} could not be deleted: ${written.message}`);
    await histories.forget(run);
  }
  if (excess.length > MOST_DELETES) return 1_000;
  return division.isWhole() ? Infinity : LISTED_MS;
}

async function writeOrchestrationStatus(
  followed: FollowedCluster,
  object: StoredObject,
  policy: Policy,
  now: string,
): Promise<ReconcileResult> {
  if (followed.statusWriters(object).others.some((writer) => writer !== RIVAL.fieldManager)) return 'done';
  const status = planOrchestration(object, policy, now);
  if (status === undefined) return 'done';
  const { namespace, name, uid, resourceVersion = '' } = object.metadata;
  const version = { namespace, name, uid, resourceVersion };
  const written = await followed.patchStatus(
    ORCHESTRATIONS,
    version,
    status,
    `${namespace}/${name}#${ORCHESTRATIONS.kind}`,
  );
  // The status is valid for every Orchestration, so a denial comes from a webhook or a policy. It can end, so try
  // again.
  if (written.outcome === 'Refused') throw new Error(`the status write was denied: ${written.message}`);
  return written.outcome === 'Outdated' ? 'retry' : 'done';
}
