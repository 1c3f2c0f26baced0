import { asRecord } from '../orchestration/decode.ts';
import type { StepKinds } from '../orchestration/kinds/step-kinds.ts';
import type { Condition } from '../orchestration/run-status.ts';
import { GROUP } from '../orchestration/schema.ts';
import { hasEnded } from './attempts.ts';
import type { KubeObject } from './snapshot.ts';

/** Says on a finished run how long it is kept, so that nobody has to read its snapshot again to know. */
export const EXPIRES = 'Expires';

/** The condition of a run that ends now; `seconds` is the lifetime that its Orchestration asks for after the end. */
export function lifetimeCondition(seconds: number | undefined, now: string): Condition {
  const common = { type: EXPIRES, lastTransitionTime: now };
  return seconds === undefined
    ? { ...common, status: 'False', reason: 'NoTTL', message: 'the run is kept: no ttlSecondsAfterFinished was set' }
    : {
        ...common,
        status: 'True',
        reason: 'TTLAfterFinished',
        message: `the run is deleted ${seconds} s after its end`,
      };
}

/** How long a finished run is kept, in seconds; `Infinity`: for ever. Undefined where it does not say: 0.2 ended it. */
export function readLifetime(conditions: readonly Condition[]): number | undefined {
  const said = conditions.find(({ type }) => type === EXPIRES);
  if (said === undefined) return undefined;
  return said.status === 'True' ? Number(/ (\d+) s /.exec(said.message)?.[1]) : Infinity;
}

/** The lifetime that a step asks for its finished child: on the child, since a finished run is not read for it. */
export const CHILD_TTL = `${GROUP}/ttl-seconds-after-finished`;

/** Whether something may be due for a child of a run that is over: it runs on, or its own lifetime has not begun. */
export function isUnsettled(child: KubeObject, kinds: StepKinds): boolean {
  if (child.metadata.deletionTimestamp !== undefined) return false;
  const asked = child.metadata.annotations?.[CHILD_TTL];
  const set = asRecord(child['spec'])['ttlSecondsAfterFinished'];
  return !hasEnded(child, kinds) || (asked !== undefined && Number(asked) !== set);
}
