import { expect, test } from 'vitest';
import type { Step } from '../../src/orchestration/schema.ts';
import { executeSteps } from '../../src/reconciler/execute.ts';
import type { Snapshot } from '../../src/reconciler/snapshot.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');

/** A run that starts, of these steps. */
function startOf(steps: readonly Step[]) {
  const orchestration = { name: 'nightly', namespace: 'agents', steps, policies: {} };
  const snapshot: Snapshot = {
    run: {
      name: 'nightly-1',
      namespace: 'agents',
      uid: 'run-uid',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
      isBeingDeleted: false,
      isCancelled: false,
      isSuspended: false,
      orchestration: 'nightly',
      parameters: {},
      stored: {},
      bytesBeside: 0,
      status: { conditions: [], stepStatuses: [], runId: 'nightly-1', startedAt: '2026-01-01T00:00:00Z' },
      isContested: false,
      isTemplate: false,
    },
    orchestration: { state: 'Snapshotted', orchestration },
    ancestry: [],
    children: new Map(),
    taken: new Map(),
    owned: [],
    held: [],
    created: new Map(),
    refusals: new Map(),
    waits: new Map(),
    isAwaited: false,
    unreadable: new Map(),
    watched: new Map(),
  };
  return executeSteps(snapshot, orchestration, nowMs, (_, name, attempt) => `${name}-${attempt}`);
}

test('a start looks at each step a fixed number of times, in whatever order steps that end at once are declared', () => {
  let looks = 0;
  const counted = (name: string): Step => ({
    name,
    kind: 'ToolRun',
    dependsOn: [],
    get toolRef() {
      looks += 1;
      return { name: 'echo' };
    },
  });
  const marks = Array.from({ length: 250 }, (_, i) => `mark-${i}`);
  const roots = Array.from({ length: 749 }, (_, i) => counted(`root-${i}`));
  const steps: Step[] = [
    { name: 'first', kind: 'ToolRun', toolRef: { name: 'echo' }, dependsOn: marks },
    ...roots,
    ...marks.map((name): Step => ({ name, kind: 'Checkpoint', dependsOn: [] })),
  ];
  const { statuses } = startOf(steps);
  expect(statuses.filter(({ phase }) => phase === 'Running')).toHaveLength(750);
  expect(looks / roots.length).toBeLessThanOrEqual(4);
});
