import { isRecord } from './decode.ts';

/** The outputs of a step by name. Any name can occur, even `__proto__`: check `Object.hasOwn` before you read one. */
export type Outputs = Readonly<Record<string, string>>;

/** The most bytes of the outputs of one step, and of all steps of a run, as JSON in UTF-8. */
export const MOST_STEP_BYTES = 4 * 1024;
export const MOST_RUN_BYTES = 64 * 1024;

/** Decodes stored outputs. Values that are not strings count as absent. Undefined if there are none. */
export function decodeOutputs(value: unknown): Outputs | undefined {
  if (!isRecord(value)) return undefined;
  const outputs = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return outputs.length === 0 ? undefined : Object.fromEntries(outputs);
}

/** Counts the bytes that outputs take in a status. */
export function countOutputBytes(outputs: Outputs): number {
  return new TextEncoder().encode(JSON.stringify(outputs)).length;
}
