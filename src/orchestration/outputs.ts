import { isRecord } from './decode.ts';

/** The outputs of a step by name. Any name can occur, `__proto__` too: ask with `Object.hasOwn` before you read one. */
export type Outputs = Readonly<Record<string, string>>;

/** Decodes stored outputs. Values that are not strings count as absent. Undefined if there are none. */
export function decodeOutputs(value: unknown): Outputs | undefined {
  if (!isRecord(value)) return undefined;
  const outputs = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return outputs.length === 0 ? undefined : Object.fromEntries(outputs);
}
