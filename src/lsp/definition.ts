import { isScalar } from 'yaml';
import { keyAt, rangeOf } from '../cli/files/nodes.ts';
import type { Path } from '../orchestration/problem.ts';
import type { EditedObject } from './reading.ts';
import { type Part, partOf, shift } from './spot.ts';
import type { Target } from './target.ts';

/** Finds where a target is written. `object` is the object that contains the word. */
export function findDefinition(target: Target, object: EditedObject): Part | undefined {
  if (target.type === 'Object') return partOf(target.object, ['metadata', 'name']);
  if (target.type === 'Parameter') return partOfKey(object, ['spec', 'policies', 'parameters', target.name]);
  const step: Path = ['spec', 'steps', target.index];
  const ofOutput = target.output === undefined ? undefined : partOfKey(object, [...step, 'outputs', target.output]);
  return ofOutput ?? partOf(object, [...step, 'name']);
}

function partOfKey({ tree, within }: EditedObject, path: Path): Part | undefined {
  const key = keyAt(tree.root, [...within, ...path]);
  return isScalar(key) ? shift(rangeOf(key), tree) : undefined;
}
