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
  return [...operations, ...patchAnnotation(asRecord(object), isAnnotated)];
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

function patchAnnotation(object: Record<string, unknown>, isWanted: boolean): PatchOperation[] {
  const { annotations } = asRecord(object['metadata']);
  const path = `/metadata/annotations/${Annotation.Defaulted.replaceAll('/', '~1')}`;
  const value = asRecord(annotations)[Annotation.Defaulted];
  if (!isWanted) return value === undefined ? [] : [{ op: 'remove', path }];
  if (value === 'sequential') return [];
  if (annotations !== undefined && annotations !== null) return [{ op: 'add', path, value: 'sequential' }];
  return [{ op: 'add', path: '/metadata/annotations', value: { [Annotation.Defaulted]: 'sequential' } }];
}
