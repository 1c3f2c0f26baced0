import { asRecord, isRecord } from './decode.ts';
import type { ConditionType, ForeignConditionType } from './vocabulary/conditions.ts';
import type { Stored } from './vocabulary/meaning.ts';
import type { ExpiryReason, PlaceReason, RunReason } from './vocabulary/run-reasons.ts';
import type { ToolRunReason } from './vocabulary/tool-run-reasons.ts';

/**
 * A condition of an object, as in the API conventions of Kubernetes. Another version or another controller can have
 * written a stored condition.
 */
export interface Condition {
  readonly type: Stored<ConditionType>;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: Stored<RunReason | ExpiryReason | PlaceReason | ToolRunReason>;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

/** Returns the conditions of a status. Any client can have written them, so their fields can have any type. */
export function listConditions(status: unknown): readonly Readonly<Record<string, unknown>>[] {
  const { conditions } = asRecord(status);
  return Array.isArray(conditions) ? conditions.filter(isRecord) : [];
}

/** The first condition of a type. */
export function findCondition<Found extends { readonly type?: unknown }>(
  conditions: readonly Found[],
  type: ConditionType | ForeignConditionType,
): Found | undefined {
  return conditions.find((condition) => condition.type === type);
}

/** Returns the condition to write over a stored status. `lastTransitionTime` changes only if `status` changes. */
export function keepTransition(
  stored: unknown,
  condition: Omit<Condition, 'lastTransitionTime'>,
  now: string,
): Condition {
  const { status, lastTransitionTime } = listConditions(stored).find(({ type }) => type === condition.type) ?? {};
  const isKept = status === condition.status && typeof lastTransitionTime === 'string';
  return { ...condition, lastTransitionTime: isKept ? lastTransitionTime : now };
}
