import type { StoredObject } from '../objects/object.ts';
import { type Condition, findCondition, listConditions } from '../orchestration/conditions.ts';
import { asRecord } from '../orchestration/decode.ts';
import type { StepKinds } from '../orchestration/kinds/step-kinds.ts';
import { isRunFinal } from '../orchestration/run-status.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';
import { ExpiryReason } from '../orchestration/vocabulary/run-reasons.ts';
import { hasEnded } from './attempts.ts';
import { holdsPlace } from './places.ts';

/**
 * The condition that records how long a run that ends now is kept. `seconds` is the lifetime that its Orchestration
 * sets.
 */
export function lifetimeCondition(seconds: number | undefined, now: string): Condition {
  const common = { type: ConditionType.Expires, lastTransitionTime: now };
  return seconds === undefined
    ? {
        ...common,
        status: 'False',
        reason: ExpiryReason.NoTTL,
        message: 'the run is kept: no ttlSecondsAfterFinished was set',
      }
    : {
        ...common,
        status: 'True',
        reason: ExpiryReason.TTLAfterFinished,
        message: `the run is deleted ${seconds} s after its end`,
      };
}

/**
 * How long a finished run is kept, in seconds; `Infinity` means for ever. Undefined if the run does not record it,
 * because 0.2 ended it.
 */
export function readLifetime(status: unknown): number | undefined {
  const said = findCondition(listConditions(status), ConditionType.Expires);
  if (said === undefined) return undefined;
  return said['status'] === 'True' ? Number(/ (\d+) s /.exec(String(said['message']))?.[1]) : Infinity;
}

/**
 * Whether something may be due for a child of a finished run: the child still runs, or the lifetime that it should get
 * is not set.
 */
export function isUnsettled(child: StoredObject, kinds: StepKinds): boolean {
  if (child.metadata.deletionTimestamp !== undefined) return false;
  const asked = child.metadata.annotations?.[Annotation.ChildTtl];
  const set = asRecord(child['spec'])['ttlSecondsAfterFinished'];
  return !hasEnded(child, kinds) || (asked !== undefined && Number(asked) !== set);
}

/**
 * The Orchestration, as `namespace/name`, whose history contains a run. A history contains the finished runs that have
 * no controller and have released their place. Undefined for all other runs.
 */
export function historyOf({ apiVersion, kind, metadata, ...run }: StoredObject): string | undefined {
  const isRun = apiVersion === API_VERSION && kind === 'OrchestrationRun';
  if (!isRun || metadata.deletionTimestamp !== undefined || !isRunFinal(asRecord(run['status']))) return undefined;
  if (metadata.ownerReferences?.some(({ controller }) => controller === true)) return undefined;
  if (holdsPlace(run['status'])) return undefined;
  return `${metadata.namespace}/${String(asRecord(asRecord(run['spec'])['orchestrationRef'])['name'])}`;
}

/** The runs of one history that exceed the limit, the oldest first. */
export function findExcess(runs: readonly StoredObject[], limit: number): readonly StoredObject[] {
  const endOf = (run: StoredObject) => Date.parse(String(asRecord(run['status'])['finishedAt'])) || 0;
  return runs.toSorted((one, other) => endOf(one) - endOf(other)).slice(0, Math.max(0, runs.length - limit));
}
