import { expect, test } from 'vitest';
import type { Step } from '../../src/orchestration/schema.ts';
import { executeSteps } from '../../src/reconciler/execute.ts';
import { observationOf } from '../support/observations.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');

/** Starts a run of these steps. */
function startOf(steps: readonly Step[]) {
  const observation = observationOf(steps);
  const { orchestration } = observation.orchestration;
  return executeSteps(observation, orchestration, nowMs, (_, name, attempt) => `${name}-${attempt}`);
}

test('a start reads each step a fixed number of times, in any declaration order of steps that end at once', () => {
  let reads = 0;
  const counted = (name: string): Step => ({
    name,
    kind: 'ToolRun',
    dependsOn: [],
    get toolRef() {
      reads += 1;
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
  expect(reads / roots.length).toBeLessThanOrEqual(4);
});
