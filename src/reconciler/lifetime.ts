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

/** The condition of a run that ends now; `seconds` is the lifetime that its Orchestration asks for after the end. */
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

/** How long a finished run is kept, in seconds; `Infinity`: for ever. Undefined where it does not say: 0.2 ended it. */
export function readLifetime(status: unknown): number | undefined {
  const said = findCondition(listConditions(status), ConditionType.Expires);
  if (said === undefined) return undefined;
  return said['status'] === 'True' ? Number(/ (\d+) s /.exec(String(said['message']))?.[1]) : Infinity;
}

/** Whether something may be due for a child of a run that is over: it runs on, or its own lifetime has not begun. */
export function isUnsettled(child: StoredObject, kinds: StepKinds): boolean {
  if (child.metadata.deletionTimestamp !== undefined) return false;
  const asked = child.metadata.annotations?.[Annotation.ChildTtl];
  const set = asRecord(child['spec'])['ttlSecondsAfterFinished'];
  return !hasEnded(child, kinds) || (asked !== undefined && Number(asked) !== set);
}

/**
 * The Orchestration, as `namespace/name`, in whose history a run is: a finished one that belongs to nobody else. Undefined for
 * all others.
 */
export function historyOf({ apiVersion, kind, metadata, ...run }: StoredObject): string | undefined {
  const isRun = apiVersion === API_VERSION && kind === 'OrchestrationRun';
  if (!isRun || metadata.deletionTimestamp !== undefined || !isRunFinal(asRecord(run['status']))) return undefined;
  if (metadata.ownerReferences?.some(({ controller }) => controller === true)) return undefined;
  return `${metadata.namespace}/${String(asRecord(asRecord(run['spec'])['orchestrationRef'])['name'])}`;
}

/** Of the runs in one history, those beyond the limit, the oldest first. */
export function findExcess(runs: readonly StoredObject[], limit: number): readonly StoredObject[] {
  const endOf = (run: StoredObject) => Date.parse(String(asRecord(run['status'])['finishedAt'])) || 0;
  return runs.toSorted((one, other) => endOf(one) - endOf(other)).slice(0, Math.max(0, runs.length - limit));
}
