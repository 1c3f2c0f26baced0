import type { PatchOperation } from '../../src/admission/patch.ts';
import { isRecord } from '../../src/orchestration/decode.ts';

type Container = Record<string, unknown>;

/**
 * Applies a JSON Patch (RFC 6902) as the API server does, for the two operations that the gate uses. Throws if a path
 * leads nowhere, because the API server then fails the request. Copies only along the paths: any nesting is safe.
 */
export function applyPatch(document: unknown, operations: readonly PatchOperation[]): unknown {
  return operations.reduce(applyOperation, document);
}

function applyOperation(document: unknown, operation: PatchOperation): unknown {
  const segments = operation.path.split('/').slice(1);
  const keys = segments.map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop() ?? '';
  const copy = copyContainer(document, operation);
  let parent = copy;
  for (const key of keys) {
    const child = copyContainer(parent[key], operation);
    parent[key] = child;
    parent = child;
  }
  if (Array.isArray(parent)) throw new Error(`the gate has no reason to add to a list or cut it: ${operation.path}`);
  if (operation.op === 'add') parent[last] = operation.value;
  else if (Object.hasOwn(parent, last)) delete parent[last];
  else throw new Error(`nothing to remove at ${operation.path}`);
  return copy;
}

function copyContainer(value: unknown, { path }: PatchOperation): Container {
  if (typeof value !== 'object' || value === null) throw new Error(`${path} leads nowhere`);
  return (Array.isArray(value) ? [...value] : { ...value }) as Container;
}

/**
 * Applies a merge patch (RFC 7386) as the API server does: `null` removes a field, objects are merged, anything else
 * replaces. Neither argument is changed.
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field];
    else merged[field] = mergePatch(merged[field], value);
  }
  return merged;
}
