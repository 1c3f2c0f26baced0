import { asRecord } from '../orchestration/decode.ts';
import { type Condition, findCondition } from '../orchestration/run-status.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';
import { ExpiryReason } from '../orchestration/vocabulary/run-reasons.ts';
import { hasEnded } from './attempts.ts';
import type { KubeObject } from './snapshot.ts';

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
export function readLifetime(conditions: readonly Condition[]): number | undefined {
  const said = findCondition(conditions, ConditionType.Expires);
  if (said === undefined) return undefined;
  return said.status === 'True' ? Number(/ (\d+) s /.exec(said.message)?.[1]) : Infinity;
}

/** Whether something may be due for a child of a run that is over: it runs on, or its own lifetime has not begun. */
export function isUnsettled(child: KubeObject): boolean {
  if (child.metadata.deletionTimestamp !== undefined) return false;
  const asked = child.metadata.annotations?.[Annotation.ChildTtl];
  const set = asRecord(child['spec'])['ttlSecondsAfterFinished'];
  return !hasEnded(child) || (asked !== undefined && Number(asked) !== set);
}
