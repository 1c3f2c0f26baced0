import { isCollection, isMap, isScalar, isSeq, type Node } from 'yaml';
import type { Tree } from '../cli/files/documents.ts';
import { findNode, rangeOf } from '../cli/files/nodes.ts';
import { findInScalar } from '../cli/files/scalars.ts';
import type { Span } from '../expressions/mistake.ts';
import type { Path } from '../orchestration/problem.ts';
import type { EditedObject, Reading } from './reading.ts';

/** A part of a text, in UTF-16 units from its start. The end is exclusive. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/** What is at a place: a key of a map, or a value, which is undefined if nothing is there. */
export interface Spot {
  readonly path: Path;
  readonly type: 'Key' | 'Value';
  readonly node: unknown;
}

/** Finds what is at an offset in a document. Cost: linear in the collections on the way. */
function locate(root: Node | null, offset: number): Spot {
  const path: (string | number)[] = [];
  let node: unknown = root;
  while (isCollection(node) && isInside(node, offset)) {
    const found = isMap(node) ? enterMap(node.items, offset) : enterList(isSeq(node) ? node.items : [], offset);
    if (found === undefined) break;
    path.push(found.segment);
    if (found.isEnd) return { path, type: found.type, node: found.node };
    node = found.node;
  }
  return { path, type: 'Value', node };
}

interface Step {
  readonly segment: string | number;
  readonly type: Spot['type'];
  readonly node: unknown;
  /** Nothing inside the node is at the offset. */
  readonly isEnd: boolean;
}

/**
 * Whether a cursor is inside a collection. After the bracket of a flow collection, it is outside. A block collection
 * ends where the next one begins.
 */
function isInside(node: unknown, offset: number): boolean {
  const { start, end } = rangeOf(node);
  const isFlow = isCollection(node) && node.flow === true;
  return !isFlow || (offset > start && offset < end);
}

function enterMap(items: readonly { key: unknown; value: unknown }[], offset: number): Step | undefined {
  const pair = items.findLast(({ key }) => isScalar(key) && rangeOf(key).start <= offset);
  if (pair === undefined || !isScalar(pair.key)) return undefined;
  const segment = String(pair.key.value);
  if (offset <= rangeOf(pair.key).end) return { segment, type: 'Key', node: pair.key, isEnd: true };
  if (!isCollection(pair.value)) return { segment, type: 'Value', node: unlessBehind(pair.value, offset), isEnd: true };
  return { segment, type: 'Value', node: pair.value, isEnd: offset < rangeOf(pair.value).start };
}

/** Returns undefined for a value that ends before the offset. A value that is absent has no end. */
function unlessBehind(node: unknown, offset: number): unknown {
  const { start, end } = rangeOf(node);
  return start < end && offset > end ? undefined : node;
}

/** Finds the entry at an offset. After the last entry of a list, a new entry begins. */
function enterList(items: readonly unknown[], offset: number): Step {
  const index = items.findLastIndex((item) => rangeOf(item).start <= offset);
  const node = items[index];
  if (index === -1) return { segment: 0, type: 'Value', node: undefined, isEnd: true };
  if (isCollection(node)) return { segment: index, type: 'Value', node, isEnd: false };
  const isBehind = offset > rangeOf(node).end;
  return { segment: index + (isBehind ? 1 : 0), type: 'Value', node: isBehind ? undefined : node, isEnd: true };
}

/** What is at a place of an object of ours. The path begins at the object. */
export interface SpotOfObject extends Spot {
  readonly object: EditedObject;
}

/** Finds what is at an offset of a text. Undefined if no object of ours is there. */
export function findSpot({ objects }: Reading, offset: number): SpotOfObject | undefined {
  const isAround = ({ tree: { start, root } }: EditedObject) => start + rangeOf(root).start <= offset;
  const last = objects.findLast(isAround);
  if (last === undefined || offset > last.tree.start + last.tree.source.length) return undefined;
  const { path, type, node } = locate(last.tree.root, offset - last.tree.start);
  const object = objects.find(
    ({ tree, within }) => tree === last.tree && within.every((segment, index) => path[index] === segment),
  );
  return object && { object, path: path.slice(object.within.length), type, node };
}

/**
 * Finds where a path of an object is written: the value if it is a scalar, otherwise its key or list entry. If nothing
 * is at the path, finds what would hold it. With `span`, finds that part of the text at the path, or all of the text if
 * the part cannot be known exactly.
 */
export function partOf(place: Pick<EditedObject, 'tree' | 'within'>, path: Path, span?: Span): Part {
  const { tree, within } = place;
  return (span && exactPartOf(place, path, span)) ?? shift(findNode(tree.root, [...within, ...path]), tree);
}

/** Where a span of the text at a path is written. Undefined if that cannot be known exactly. */
export function exactPartOf(
  { tree, within }: Pick<EditedObject, 'tree' | 'within'>,
  path: Path,
  span: Span,
): Part | undefined {
  const { scalar } = findNode(tree.root, [...within, ...path]);
  const part = scalar && findInScalar(scalar, tree.source, span);
  return part && shift(part, tree);
}

/** A part of the source of a tree, as a part of the whole text. */
export function shift({ start, end }: Part, tree: Tree): Part {
  return { start: tree.start + start, end: tree.start + end };
}

/** Whether a cursor is in a part, or at one of its ends. */
export function holds({ start, end }: Part, offset: number): boolean {
  return start <= offset && offset <= end;
}
