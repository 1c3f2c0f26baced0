import { isAlias, isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml';
import type { Path } from '../../orchestration/problem.ts';

/** Where a path is written in the source of a document. The end is exclusive. */
export interface FoundNode {
  readonly start: number;
  readonly end: number;
  /** The scalar that is there, if one is. */
  readonly scalar?: Scalar;
}

/**
 * Finds where a path is written: the value if it is a scalar, otherwise its key or list entry. If nothing is at the
 * path, finds what would hold it.
 */
export function findNode(root: Node | null, path: Path): FoundNode {
  let node: unknown = root;
  let label: unknown = root;
  for (const segment of path) {
    const inside = enter(node, segment);
    if (inside === undefined) return rangeOf(label);
    label = inside.label ?? label;
    node = inside.node;
  }
  if (!isAlias(node) && !isScalar(node)) return rangeOf(label);
  const { start, end } = rangeOf(node);
  if (start === end) return { ...rangeOf(label), ...(isScalar(node) && { scalar: node }) };
  return { start, end, ...(isScalar(node) && { scalar: node }) };
}

/** The node that a path leads to. Undefined if there is none. */
export function valueAt(root: Node | null, path: Path): unknown {
  return path.reduce<unknown>((node, segment) => enter(node, segment)?.node, root);
}

/** The key that a path ends with, as a node. Undefined if it ends with no key of a map. */
export function keyAt(root: Node | null, path: Path): Scalar | undefined {
  const last = path.at(-1);
  const map = valueAt(root, path.slice(0, -1));
  const pair = isMap(map) ? map.items.find(({ key }) => isScalar(key) && String(key.value) === last) : undefined;
  return isScalar(pair?.key) ? pair.key : undefined;
}

/** One level down: the node there, and what marks its place. */
function enter(node: unknown, segment: string | number): { label: unknown; node: unknown } | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(segment)];
    return item === undefined ? undefined : { label: item, node: item };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === segment);
  return pair && { label: pair.key, node: pair.value };
}

/** Returns where a node is in the source. Both are 0 if it has no place. */
export function rangeOf(node: unknown): { readonly start: number; readonly end: number } {
  const [start = 0, end = start] = (node as Partial<Node> | null | undefined)?.range ?? [];
  return { start, end };
}

export function startOf(node: unknown): number | undefined {
  return (node as Partial<Node> | null | undefined)?.range?.[0];
}
