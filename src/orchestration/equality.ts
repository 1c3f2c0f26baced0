/**
 * Returns true if two JSON values are equal. The order of an object's keys does not matter. Linear, and without
 * recursion, so any depth is safe. The pending values are in one flat list, because a value can have a million entries.
 */
export function isEqual(left: unknown, right: unknown): boolean {
  const pending = [left, right];
  while (pending.length > 0) {
    const other = pending.pop();
    const one = pending.pop();
    if (one === other) continue;
    if (!isContainer(one) || !isContainer(other) || !isAlike(one, other)) return false;
    pushDifferent(one, other, pending);
  }
  return true;
}

function pushDifferent(one: Container, other: Container, pending: unknown[]): void {
  if (Array.isArray(one)) {
    for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) pending.push(one[at], other[at]);
  } else for (const key in one) if (one[key] !== other[key]) pending.push(one[key], other[key]);
}

type Container = Record<string, unknown>;

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

/** Returns true if both are lists of the same length, or objects with the same keys. */
function isAlike(one: Container, other: Container): boolean {
  if (Array.isArray(one) || Array.isArray(other)) {
    return Array.isArray(one) && Array.isArray(other) && one.length === other.length;
  }
  let keys = 0;
  for (const key in one) {
    if (!Object.hasOwn(other, key)) return false;
    keys++;
  }
  for (const _ in other) keys--;
  return keys === 0;
}
