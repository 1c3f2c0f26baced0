import { asRecord } from './decode.ts';
import type { Step } from './schema.ts';
import { Annotation } from './vocabulary/metadata.ts';

const SEQUENTIAL = 'sequential';

/** The `dependsOn` of every step, in order. Undefined means that the step has no `dependsOn`. */
export type Chain = readonly (readonly string[] | undefined)[];

/** Returns true if the gate wrote the `dependsOn` of these steps of `object` as the sequential default. */
export function isWrittenDefault(object: unknown, steps: readonly Step[]): boolean {
  return isAnnotated(object) && isChain(steps, chainOf(steps));
}

export function chainOf(steps: readonly Step[]): Chain {
  return steps.map((_, index) => {
    const predecessor = steps[index - 1];
    return predecessor && [predecessor.name];
  });
}

export function isChain(steps: readonly Step[], chain: Chain): boolean {
  return steps.every(
    ({ dependsOn }, index) => dependsOn?.length === chain[index]?.length && dependsOn?.[0] === chain[index]?.[0],
  );
}

export function isAnnotated(object: unknown): boolean {
  return metadataMap(object, 'annotations')[Annotation.Defaulted] === SEQUENTIAL;
}

export function metadataMap(object: unknown, field: 'annotations' | 'labels'): Record<string, unknown> {
  return asRecord(asRecord(asRecord(object)['metadata'])[field]);
}
