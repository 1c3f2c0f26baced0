type Container = Record<string, unknown> | readonly unknown[];

/**
 * Whether two JSON values are the same; the order of an object's keys does not count. Linear, and without recursion:
 * nesting of any depth is safe.
 */
export function isEqual(left: unknown, right: unknown): boolean {
  const pending: [unknown, unknown][] = [[left, right]];
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const [one, other] = pair;
    if (one === other) continue;
    if (!isContainer(one) || !isContainer(other) || Array.isArray(one) !== Array.isArray(other)) return false;
    const keys = Object.keys(one);
    if (keys.length !== Object.keys(other).length) return false;
    for (const key of keys) {
      if (!Object.hasOwn(other, key)) return false;
      pending.push([at(one, key), at(other, key)]);
    }
  }
  return true;
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

function at(container: Container, key: string): unknown {
  return (container as Record<string, unknown>)[key];
}
