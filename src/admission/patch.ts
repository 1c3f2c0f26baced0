import { asRecord } from '../orchestration/decode.ts';
import type { Defaulted } from '../orchestration/defaults.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';

/** One operation of a JSON Patch (RFC 6902). */
export type PatchOperation =
  | { readonly op: 'add'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

/**
 * Returns the fewest operations that turn `object` into the defaulted one. Empty if it already is. Linear in its steps.
 */
export function patchDefaults(object: unknown, { dependsOn = [], isAnnotated }: Defaulted): readonly PatchOperation[] {
  const steps = asRecord(asRecord(object)['spec'])['steps'];
  const operations = Array.isArray(steps)
    ? dependsOn.flatMap((wanted, index) => patchStep(asRecord(steps[index]), `/spec/steps/${index}/dependsOn`, wanted))
    : [];
  return [...operations, ...patchAnnotation(object, Annotation.Defaulted, isAnnotated ? 'sequential' : undefined)];
}

function patchStep(
  step: Record<string, unknown>,
  path: string,
  wanted: readonly string[] | undefined,
): PatchOperation[] {
  const { dependsOn: found } = step;
  if (wanted === undefined) return found === undefined || found === null ? [] : [{ op: 'remove', path }];
  const isSame = Array.isArray(found) && found.length === wanted.length && found[0] === wanted[0];
  return isSame ? [] : [{ op: 'add', path, value: wanted }];
}

/** Returns the operations that set an annotation, or remove it if `wanted` is undefined. Empty if nothing changes. */
export function patchAnnotation(object: unknown, key: string, wanted: string | undefined): readonly PatchOperation[] {
  return patchText(object, 'annotations', key, wanted);
}

/** Returns the operations that set a label. Empty if nothing changes. */
export function patchLabel(object: unknown, key: string, wanted: string): readonly PatchOperation[] {
  return patchText(object, 'labels', key, wanted);
}

function patchText(
  object: unknown,
  field: 'annotations' | 'labels',
  key: string,
  wanted: string | undefined,
): readonly PatchOperation[] {
  const texts = asRecord(asRecord(object)['metadata'])[field];
  const path = `/metadata/${field}/${key.replaceAll('/', '~1')}`;
  if (asRecord(texts)[key] === wanted) return [];
  if (wanted === undefined) return [{ op: 'remove', path }];
  if (texts !== undefined && texts !== null) return [{ op: 'add', path, value: wanted }];
  return [{ op: 'add', path: `/metadata/${field}`, value: { [key]: wanted } }];
}
