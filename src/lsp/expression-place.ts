import type { Variable } from '../expressions/sources.ts';
import type { Orchestration } from '../orchestration/decode.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import type { Path } from '../orchestration/problem.ts';
import type { Step } from '../orchestration/schema.ts';

/** A text that is an expression, or that has placeholders, and what it can read. */
export interface ExpressionPlace {
  readonly variables: readonly Variable[];
  /** The text has placeholders. */
  readonly isTemplate: boolean;
  /** The index of its step. Undefined for the group of policies.concurrency. */
  readonly step?: number;
}

const READS: readonly Variable[] = ['parameters', 'run', 'steps'];

/** Finds out whether the text at a path of an Orchestration is an expression, or has placeholders. */
export function findPlace({ steps }: Orchestration, path: Path): ExpressionPlace | undefined {
  const [spec, list, index, ...inside] = path;
  if (spec !== 'spec') return undefined;
  if (path.join('.') === 'spec.policies.concurrency.group')
    return { variables: ['parameters', 'run'], isTemplate: false };
  if (list !== 'steps' || typeof index !== 'number') return undefined;
  const place = findPlaceInStep(steps[index], inside);
  return place && { ...place, step: index };
}

function findPlaceInStep(step: Step | undefined, [field, name]: Path): Omit<ExpressionPlace, 'step'> | undefined {
  if (field === 'when') return { variables: READS, isTemplate: false };
  if (field === 'outputs')
    return name === undefined ? undefined : { variables: [...READS, 'child'], isTemplate: false };
  const kind = stepKinds.get(step?.kind ?? '');
  if (kind?.type !== 'Child') return undefined;
  const key = String(field === 'with' ? name : field);
  const known = Object.hasOwn(kind.fields, key) ? kind.fields[key] : undefined;
  const isInput = known === undefined ? field === 'with' && name !== undefined : known.isStatic !== true;
  return isInput ? { variables: READS, isTemplate: true } : undefined;
}
