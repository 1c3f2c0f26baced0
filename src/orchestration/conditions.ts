import { asRecord, isRecord } from './decode.ts';

/** What is observed of an object, after the API conventions of Kubernetes. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

/** The conditions in a status that anybody may have written: fields of any type. */
export function listConditions(status: unknown): readonly Readonly<Record<string, unknown>>[] {
  const { conditions } = asRecord(status);
  return Array.isArray(conditions) ? conditions.filter(isRecord) : [];
}

/** The first condition of a type. */
export function findCondition(status: unknown, type: string): Readonly<Record<string, unknown>> | undefined {
  return listConditions(status).find((condition) => condition['type'] === type);
}

/** The condition to write over a stored status. Its time moves only with its status. */
export function keepTransition(
  stored: unknown,
  condition: Omit<Condition, 'lastTransitionTime'>,
  now: string,
): Condition {
  const { status, lastTransitionTime } = findCondition(stored, condition.type) ?? {};
  const isKept = status === condition.status && typeof lastTransitionTime === 'string';
  return { ...condition, lastTransitionTime: isKept ? lastTransitionTime : now };
}
