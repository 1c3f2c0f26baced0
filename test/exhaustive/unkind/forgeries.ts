import { RUNS } from '../../support/model/engine.ts';
import { FIELD_MANAGER, type Simulation } from '../../support/model/simulation.ts';
import { annotate, type Disturbance, isWrite, RUN } from './disturbances.ts';

/** What somebody with the right to write the status of runs writes into it, under our name. */
const forgeries: Readonly<Record<string, (step: Record<string, unknown>) => object>> = {
  'a child of another namespace': (step) => withRef(step, { namespace: 'elsewhere' }),
  'a child of a kind that nobody follows': (step) => withRef(step, { kind: 'Secret', apiVersion: 'v1' }),
  'a child that is somebody else’s': (step) => withRef(step, { name: 'victim' }),
  'a child that never was': (step) => withRef(step, { uid: 'forged' }),
  'no child': ({ resourceRef: _, ...step }) => step,
  'an attempt that never was': (step) => ({ ...step, attempt: 7 }),
  'no attempt at all': (step) => ({ ...step, attempt: 0, phase: 'Pending' }),
  'another name': (step) => ({ ...step, name: 'unheard-of' }),
  'another kind': (step) => ({ ...step, kind: 'SignalWait' }),
  'a phase of its own': (step) => ({ ...step, phase: 'Levitating' }),
  'a time that is none': (step) => ({ ...step, startedAt: 'yesterday', nextRetryAt: 'never' }),
  'a retry that is far away': (step) => ({ ...step, phase: 'Retrying', nextRetryAt: '9999-01-01T00:00:00Z' }),
};

const wholes: Readonly<Record<string, object>> = {
  'no steps': { stepStatuses: null },
  'no run id': { runId: null },
  'no start': { startedAt: null },
  'a start long ago': { startedAt: '1970-01-01T00:00:00Z' },
  'no conditions': { conditions: null },
  'an end': { finishedAt: '2026-01-01T00:00:00Z' },
};

/** A forged status, and five seconds later somebody cancels. */
function forge(make: (simulation: Simulation) => object) {
  return (simulation: Simulation): undefined => {
    const run = simulation.get(RUNS, RUN.name);
    if (run === undefined) return undefined;
    const body = { status: make(simulation) };
    const options = { subresource: 'status', fieldManager: FIELD_MANAGER } as const;
    simulation.change((model) => model.patch(RUNS, RUN, { type: 'merge', body }, options));
    simulation.after(5_000, () => {
      if (simulation.get(RUNS, RUN.name) !== undefined) annotate(simulation, 'cancel');
    });
    return undefined;
  };
}

export const forgedStatuses: readonly Disturbance[] = [
  ...Object.entries(wholes).map(
    ([what, status]): Disturbance => ({
      title: `somebody writes into the status ${what}`,
      leaves: 'anything',
      concerns: isWrite,
      strike: forge(() => status),
    }),
  ),
  ...Object.entries(forgeries).map(
    ([what, change]): Disturbance => ({
      title: `somebody writes into the status of each step ${what}`,
      leaves: 'anything',
      concerns: isWrite,
      strike: forge((simulation) => {
        const { stepStatuses = [] } = (simulation.get(RUNS, RUN.name)?.['status'] ?? {}) as {
          stepStatuses?: Record<string, unknown>[];
        };
        return { stepStatuses: stepStatuses.map(change) };
      }),
    }),
  ),
];

function withRef(step: Record<string, unknown>, change: object): object {
  return { ...step, resourceRef: { ...(step['resourceRef'] as object | undefined), ...change } };
}
