import { asRecord, isRecord } from './decode.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** The conditions in a status that anybody may have written. */
export function listConditions(status: unknown): readonly Fields[] {
  const { conditions } = asRecord(status);
  return Array.isArray(conditions) ? conditions.filter(isRecord) : [];
}

/** The first condition of a type. */
export function findCondition(status: unknown, type: string): Fields | undefined {
  return listConditions(status).find((condition) => condition['type'] === type);
}
