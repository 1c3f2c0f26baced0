import type { KubeObject } from '../../objects/object.ts';
import { asRecord } from '../../orchestration/decode.ts';
import type { ChildKind } from '../../orchestration/kinds/kind.ts';
import { stepKinds } from '../../orchestration/kinds/table.ts';
import { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';
import { nameChild } from '../../reconciler/names.ts';
import { type Cluster, isApiFailure } from './port.ts';
import { type Run, readRun } from './run.ts';

/** One thing that happened to an object, however often. Times are in milliseconds since 1970. */
export interface RunEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  /** The step, after the steps whose inner runs it is in: `outer/inner`. Empty for the run itself. */
  readonly step: string;
  /** `Pod/nightly-build-x`. */
  readonly object: string;
  readonly source: string;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** The step that an object carries out, by `kind/name`. Pods are known by the part of their names before the random one. */
type Objects = ReadonlyMap<string, string>;

export interface FoundEvents {
  /** Oldest first, by the time when they last happened. */
  readonly events: readonly RunEvent[];
  /** As they are stored, in the same order. */
  readonly objects: readonly KubeObject[];
}

/**
 * Finds the Events of a run, of the children of all attempts, of their Jobs and pods, and of inner runs. Makes one call
 * for each child, and one for all Events of the namespace, because the API server reads all of them for any query.
 */
export async function findEvents(cluster: Cluster, run: KubeObject): Promise<FoundEvents> {
  return selectEvents(cluster, run, await cluster.listEvents({ namespace: readRun(run).namespace }));
}

/** Like `findEvents`, among Events that have been read already. */
export async function selectEvents(
  cluster: Cluster,
  object: KubeObject,
  all: readonly KubeObject[],
): Promise<FoundEvents> {
  const run = readRun(object);
  const owners = new Map<string, string>();
  await addRun(cluster, run, '', owners);
  const found = all.flatMap((event) => {
    const step = stepOf(event, run, owners);
    return step === undefined ? [] : [{ event, read: readEvent(event, step) }];
  });
  found.sort((one, other) => one.read.lastMs - other.read.lastMs || one.read.firstMs - other.read.firstMs);
  return { events: mergeEvents(found.map(({ read }) => read)), objects: found.map(({ event }) => event) };
}

/** Adds a run, and the objects that carry out its steps. */
async function addRun(cluster: Cluster, run: Run, prefix: string, owners: Map<string, string>): Promise<void> {
  owners.set(`OrchestrationRun/${run.name}`, prefix.slice(0, -1));
  for (const step of run.status.stepStatuses) {
    const kind = stepKinds.get(step.kind);
    if (kind?.type !== 'Child') continue;
    for (let attempt = 1; attempt <= step.attempt; attempt++) {
      const recorded = attempt === step.attempt ? step.resourceRef?.name : undefined;
      const name = recorded ?? nameChild(run, step.name, attempt);
      await addChild(cluster, kind, { namespace: run.namespace, name }, `${prefix}${step.name}`, owners);
    }
  }
}

async function addChild(
  cluster: Cluster,
  kind: ChildKind,
  place: { readonly namespace: string; readonly name: string },
  label: string,
  owners: Map<string, string>,
): Promise<void> {
  owners.set(`${kind.kind}/${place.name}`, label);
  const child = await readIfThere(cluster, { kind: kind.kind, ...place });
  if (child === undefined) return;
  if (kind.runs !== undefined) await addRun(cluster, readRun(child), `${label}/`, owners);
  for (const job of kind.jobs?.(child) ?? []) {
    owners.set(`Job/${job}`, label);
    owners.set(`Pod/${`${job}-`.slice(0, MOST_POD_BASE)}`, label);
  }
}

/** Reads a child. Undefined if it is gone, or if the user may not read it. Then at most its own Events are found. */
async function readIfThere(cluster: Cluster, ref: Parameters<Cluster['getChild']>[0]): Promise<KubeObject | undefined> {
  try {
    return await cluster.getChild(ref);
  } catch (error) {
    const isAbsent = isApiFailure(error) && ABSENT.has(error.reason);
    if (isAbsent) return undefined;
    throw error;
  }
}

const ABSENT: ReadonlySet<KubeErrorReason> = new Set([KubeErrorReason.NotFound, KubeErrorReason.Forbidden]);

/**
 * The name of a pod of a Job is the name of the Job and a hyphen, shortened to 58 characters, and five random characters
 * (k8s.io/apiserver, pkg/storage/names).
 */
const MOST_POD_BASE = 58;
const POD_RANDOM = 5;

/** Returns the step that an Event is about. Undefined if it is not about this run. */
function stepOf(event: KubeObject, run: Run, owners: Objects): string | undefined {
  const { kind, name, uid } = asRecord(event['involvedObject']);
  if (kind === 'OrchestrationRun' && name === run.name && uid !== undefined && uid !== run.uid) return undefined;
  const known = kind === 'Pod' ? String(name).slice(0, -POD_RANDOM) : name;
  return owners.get(`${String(kind)}/${String(known)}`);
}

/** Reads an Event of either API, and of a series. */
function readEvent(event: KubeObject, step: string): RunEvent {
  const { involvedObject, series, source, count, type, reason, message, firstTimestamp, lastTimestamp, eventTime } =
    event;
  const { kind, name } = asRecord(involvedObject);
  const { count: repeated, lastObservedTime } = asRecord(series);
  const created = event.metadata.creationTimestamp;
  const first = timeOf(firstTimestamp, eventTime, created);
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return {
    ...{ type: text(type), reason: text(reason), message: text(message).trim(), step },
    object: `${text(kind)}/${text(name)}`,
    source: text(asRecord(source)['component']) || text(event['reportingComponent']),
    count: [repeated, count].find((one): one is number => typeof one === 'number' && one > 0) ?? 1,
    firstMs: first,
    lastMs: Math.max(first, timeOf(lastObservedTime, lastTimestamp, eventTime, created)),
  };
}

function timeOf(...times: readonly unknown[]): number {
  const [time] = times.flatMap((one) => (typeof one === 'string' && one !== '' ? [Date.parse(one)] : []));
  return time ?? 0;
}

/** Returns the same key for Events that say the same about an object. */
export function topicOf({ type, reason, message, object }: RunEvent): string {
  return JSON.stringify([type, reason, message, object]);
}

/** Merges Events that say the same about an object into one, at the place of the last. */
function mergeEvents(events: readonly RunEvent[]): readonly RunEvent[] {
  const groups = Map.groupBy(events, topicOf);
  const merged = [...groups.values()].map((same): RunEvent => {
    const last = same[same.length - 1] as RunEvent;
    const count = same.reduce((sum, event) => sum + event.count, 0);
    return { ...last, count, firstMs: Math.min(...same.map(({ firstMs }) => firstMs)) };
  });
  return merged.sort((one, other) => one.lastMs - other.lastMs || one.firstMs - other.firstMs);
}
