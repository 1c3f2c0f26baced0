import type { StoredObject } from '../objects/object.ts';
import { type Condition, findCondition } from '../orchestration/conditions.ts';
import { asRecord } from '../orchestration/decode.ts';
import type { StepKinds } from '../orchestration/kinds/step-kinds.ts';
import { isRunFinal } from '../orchestration/run-status.ts';
import { API_VERSION, GROUP } from '../orchestration/schema.ts';
import { hasEnded } from './attempts.ts';

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
export function readLifetime(status: unknown): number | undefined {
  const said = findCondition(status, EXPIRES);
  if (said === undefined) return undefined;
  return said['status'] === 'True' ? Number(/ (\d+) s /.exec(String(said['message']))?.[1]) : Infinity;
}

/** The lifetime that a step asks for its finished child: on the child, since a finished run is not read for it. */
export const CHILD_TTL = `${GROUP}/ttl-seconds-after-finished`;

/** Whether something may be due for a child of a run that is over: it runs on, or its own lifetime has not begun. */
export function isUnsettled(child: StoredObject, kinds: StepKinds): boolean {
  if (child.metadata.deletionTimestamp !== undefined) return false;
  const asked = child.metadata.annotations?.[CHILD_TTL];
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
