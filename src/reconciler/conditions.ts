import { asRecord, isRecord } from '../orchestration/decode.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** The conditions in a status that anybody may have written. */
export function listConditions(status: unknown): readonly Fields[] {
  const { conditions } = asRecord(status);
  return Array.isArray(conditions) ? conditions.filter(isRecord) : [];
}
