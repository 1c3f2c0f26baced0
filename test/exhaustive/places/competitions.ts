import { GROUP } from '../../../src/orchestration/schema.ts';
import { NAMESPACE, RUNS } from '../../support/model/engine.ts';
import { tool } from '../../support/model/play.ts';
import type { Simulation } from '../../support/model/simulation.ts';
import type { Competition } from './competition.ts';

const steps = [tool('work', [])];
const cleaning = [tool('work', []), tool('down', ['work'], { runIf: 'Always' })];
const runs = ['a', 'b'].map((name) => ({ name, of: 'main' }));
const outer = [{ name: 'sub', kind: 'SubOrchestration', orchestrationRef: { name: 'inner' } }];

const main = (concurrency: object, its = steps) => ({ main: { steps: its, policies: { concurrency } } });

/** Something that happens to the first run while its work lasts. */
const later = (happen: (simulation: Simulation) => unknown) => (simulation: Simulation) =>
  simulation.after(4_000, () => {
    if (simulation.get(RUNS, 'a') !== undefined) happen(simulation);
  });

const first = { namespace: NAMESPACE, name: 'a' };
const cancel = later(({ change }) => {
  const body = { metadata: { annotations: { [`${GROUP}/cancel`]: 'true' } } };
  change((model) => model.patch(RUNS, first, { type: 'merge', body }));
});
const remove = later(({ change }) => change((model) => model.delete(RUNS, first)));

/** What two or three runs that compete for places can meet. */
export const competitions: readonly Competition[] = [
  { title: 'two runs, one place', orchestrations: main({}), max: 1, runs, ends: { a: 'Succeeded', b: 'Succeeded' } },
  {
    title: 'two runs, one place, two engines',
    orchestrations: main({}),
    max: 1,
    runs,
    engines: 2,
    ends: { a: 'Succeeded', b: 'Succeeded' },
  },
  {
    title: 'three runs, two places, two engines',
    orchestrations: main({ max: 2 }),
    max: 2,
    runs: ['c', 'a', 'b'].map((name) => ({ name, of: 'main' })),
    engines: 2,
    ends: { a: 'Succeeded', b: 'Succeeded', c: 'Succeeded' },
  },
  { title: 'two runs, one place, Fail', orchestrations: main({ whenFull: 'Fail' }), max: 1, runs, engines: 2 },
  {
    title: 'a run that replaces another, which cleans up',
    orchestrations: main({ whenFull: 'Replace' }, cleaning),
    max: 1,
    runs: [
      { name: 'a', of: 'main' },
      { name: 'b', of: 'main', afterMs: 4_000 },
    ],
    outcomeOf: (step, nth) => (step === 'work' && nth === 1 ? undefined : 'Succeeded'),
    ends: { a: 'Cancelled', b: 'Succeeded' },
  },
  {
    title: 'a holder that is cancelled, and whose child is slow to go',
    orchestrations: main({}),
    max: 1,
    runs,
    outcomeOf: (_, nth) => (nth === 1 ? undefined : 'Succeeded'),
    lingersMs: () => 5_000,
    prepare: cancel,
    ends: { b: 'Succeeded' },
  },
  {
    title: 'a holder that is deleted',
    orchestrations: main({}),
    max: 1,
    runs,
    outcomeOf: (_, nth) => (nth === 1 ? undefined : 'Succeeded'),
    prepare: remove,
    ends: { b: 'Succeeded' },
  },
  {
    title: 'a nested run that shares the place of its parent, and another run',
    orchestrations: {
      main: { steps: outer, policies: { concurrency: { group: '"one"' } } },
      inner: { steps, policies: { concurrency: { group: '"one"' } } },
    },
    max: 1,
    runs: [
      { name: 'a', of: 'main' },
      { name: 'b', of: 'main' },
    ],
    ends: { a: 'Succeeded', b: 'Succeeded' },
  },
];
