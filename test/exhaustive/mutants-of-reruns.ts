import type { Mutant } from './mutate.ts';

const INHERIT = 'src/reconciler/inherit.ts';
const STATUS = 'src/orchestration/run-status.ts';

/** Ways to get a rerun wrong. */
export const rerunMutants: readonly Mutant[] = [
  {
    name: 'a rerun inherits what comes after a step that runs again',
    changes: [[INHERIT, '?.find((target) => causes.has(target));', '?.find(() => false);']],
  },
  {
    name: 'a rerun does not let a gate ask again',
    changes: [[INHERIT, 'isGate(index) && !causes.has(index)', 'isGate(index) && index < 0']],
  },
  {
    name: 'an inherited skip holds up its dependents',
    changes: [[STATUS, ' || reason === StepReason.Inherited', '']],
  },
];
