import { stepKinds } from '../../src/orchestration/kinds/table.ts';
import type { StepStatus } from '../../src/orchestration/run-status.ts';
import type { Step } from '../../src/orchestration/schema.ts';
import type { Observation } from '../../src/reconciler/observation.ts';

/** What is observed of a started run of these steps, of which no child has been seen. */
export function observationOf(
  steps: readonly Step[],
  stepStatuses: readonly StepStatus[] = [],
  policies: Readonly<Record<string, unknown>> = {},
) {
  const orchestration = { name: 'nightly', namespace: 'agents', steps, policies };
  return {
    run: {
      name: 'nightly-1',
      namespace: 'agents',
      uid: 'run-uid',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
      isBeingDeleted: false,
      isCancelled: false,
      isCancelledNow: false,
      isSuspended: false,
      orchestration: 'nightly',
      parameters: {},
      stored: {},
      bytesBeside: 0,
      status: { conditions: [], stepStatuses, runId: 'nightly-1', startedAt: '2026-01-01T00:00:00Z' },
      isContested: false,
      isTemplate: false,
      decisions: new Map(),
    },
    orchestration: { state: 'Snapshotted', orchestration },
    kinds: stepKinds,
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
  } as const satisfies Observation;
}
