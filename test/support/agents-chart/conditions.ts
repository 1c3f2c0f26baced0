export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

export function condition(type: string, isTrue: boolean, reason: string = type, message = ''): Condition {
  const status = isTrue ? 'True' : 'False';
  return { type, status, reason, message, lastTransitionTime: new Date().toISOString() };
}

/** The earlier conditions, each in its place and reduced to five fields, with some replaced or added. */
export function withConditions(before: unknown, changes: readonly Condition[]): readonly Condition[] {
  const reduced = (Array.isArray(before) ? (before as readonly Condition[]) : []).map(
    ({ type, status, reason, message, lastTransitionTime }) => ({ type, status, reason, message, lastTransitionTime }),
  );
  const byType = new Map(reduced.map((one) => [one.type, one]));
  for (const change of changes) {
    const known = byType.get(change.type);
    const since = known?.status === change.status ? known.lastTransitionTime : change.lastTransitionTime;
    byType.set(change.type, { ...change, lastTransitionTime: since });
  }
  return [...byType.values()];
}
