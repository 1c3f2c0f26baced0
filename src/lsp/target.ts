import { isScalar } from 'yaml';
import { findInScalar } from '../cli/files/scalars.ts';
import type { Reading as Read } from '../expressions/expression.ts';
import { CONCURRENCY, compileGroup } from '../orchestration/concurrency.ts';
import { indexSteps } from '../orchestration/data-edges.ts';
import { nameOf, type Orchestration } from '../orchestration/decode.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import type { Path } from '../orchestration/problem.ts';
import { compileExpressions } from '../orchestration/step-expressions.ts';
import { type EditedObject, orchestrationOf, type Reading } from './reading.ts';
import type { SpotOfObject } from './spot.ts';

/** What a word of a text means: a step of the same Orchestration, one of its outputs, a parameter, another object. */
export type Target =
  | { readonly type: 'Step'; readonly orchestration: Orchestration; readonly index: number; readonly output?: string }
  | { readonly type: 'Parameter'; readonly orchestration: Orchestration; readonly name: string }
  | { readonly type: 'Object'; readonly object: EditedObject };

/** Finds what the word at a spot means. Undefined if it means nothing that the text has. */
export function findTarget(reading: Reading, spot: SpotOfObject, offset: number): Target | undefined {
  const { object, path } = spot;
  const orchestration = orchestrationOf(object);
  if (isReferenceToOrchestration(path)) return findObject(reading, object, spot);
  if (orchestration === undefined || path[0] !== 'spec') return undefined;
  const [, list, index, field] = path;
  if (list === 'steps' && typeof index === 'number' && field === 'name' && path.length === 4)
    return { type: 'Step', orchestration, index };
  if (spot.type === 'Key' || !isScalar(spot.node)) return undefined;
  const isStepName = list === 'entrypoint' || (list === 'steps' && field === 'dependsOn' && path.length === 5);
  if (isStepName) return toStep(orchestration, String(spot.node.value));
  const read = findRead(orchestration, spot, offset);
  if (read === undefined) return undefined;
  if (read.type === 'Parameter') return { type: 'Parameter', orchestration, name: read.name };
  if (read.type === 'Run') return undefined;
  return toStep(orchestration, read.step, read.type === 'Output' ? read.output : undefined);
}

function isReferenceToOrchestration(path: Path): boolean {
  return path.at(-1) === 'name' && path.at(-2) === 'orchestrationRef';
}

function findObject({ objects }: Reading, from: EditedObject, { node }: SpotOfObject): Target | undefined {
  const { namespace } = nameOf(from.value);
  const wanted = isScalar(node) ? node.value : undefined;
  const object = objects.find(({ kind, value }) => {
    const found = nameOf(value);
    return kind === 'Orchestration' && found.name === wanted && found.namespace === namespace;
  });
  return object && { type: 'Object', object };
}

function toStep(orchestration: Orchestration, name: string, output?: string): Target | undefined {
  const index = indexSteps(orchestration).get(name);
  if (index === undefined) return undefined;
  return { type: 'Step', orchestration, index, ...(output !== undefined && { output }) };
}

/** What the expression at a spot reads at the offset. Undefined if the expression does not compile. */
function findRead(orchestration: Orchestration, spot: SpotOfObject, offset: number): Read | undefined {
  const { node, object } = spot;
  if (!isScalar(node)) return undefined;
  const at = offset - object.tree.start;
  return listReads(orchestration, spot.path).find(({ span }) => {
    const part = findInScalar(node, object.tree.source, span);
    return part !== undefined && part.start <= at && at <= part.end;
  });
}

/** Lists what the expressions of the text at a path read. Empty if one of them does not compile. */
export function listReads(orchestration: Orchestration, path: Path): readonly Read[] {
  if (isSame(path, [...CONCURRENCY, 'group'])) return readsOfGroup(orchestration);
  const [, list, index, ...inside] = path;
  if (list !== 'steps') return [];
  for (const { step, path: at, readings } of compileExpressions(orchestration, stepKinds))
    if (step === index && isSame(at, inside)) return readings;
  return [];
}

function readsOfGroup({ policies }: Orchestration): readonly Read[] {
  const group = (policies['concurrency'] as { readonly group?: unknown } | undefined)?.group;
  const compiled = typeof group === 'string' ? compileGroup(group) : { mistakes: [] };
  return 'expression' in compiled ? compiled.expression.readings : [];
}

function isSame(left: Path, right: Path): boolean {
  return left.length === right.length && left.every((segment, index) => segment === right[index]);
}
