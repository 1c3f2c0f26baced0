import { GROUP } from '../../../src/orchestration/schema.ts';
import { NAMESPACE, RUNS } from '../../support/model/engine.ts';
import { tool } from '../../support/model/play.ts';
import type { Simulation } from '../../support/model/simulation.ts';
import type { Competition } from './competition.ts';

const steps = [tool('work', [])];
const down = [tool('down', ['hung'], { runIf: 'Always' })];
const runs = ['a', 'b'].map((name) => ({ name, of: 'main' }));
const outer = [{ name: 'sub', kind: 'SubOrchestration', orchestrationRef: { name: 'inner' } }];

const main = (concurrency: object) => ({ main: { steps, policies: { concurrency } } });
/** The Orchestration `main`, and another of the same group, whose work never ends. */
const withHung = (concurrency: object, down: typeof steps = []) => ({
  ...main(concurrency),
  hung: { steps: [tool('hung', []), ...down], policies: { concurrency: { ...concurrency, group: '"main"' } } },
});
const hangs = (step: string) => (step === 'hung' ? undefined : 'Succeeded');
const afterHung = [
  { name: 'a', of: 'hung' },
  { name: 'b', of: 'main' },
];

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
    orchestrations: withHung({ whenFull: 'Replace' }, down),
    max: 1,
    runs: [
      { name: 'a', of: 'hung' },
      { name: 'b', of: 'main', afterMs: 4_000 },
    ],
    outcomeOf: hangs,
    ends: { a: 'Cancelled', b: 'Succeeded' },
  },
  {
    title: 'a holder that is cancelled, and whose child is slow to go',
    orchestrations: withHung({}),
    max: 1,
    runs: afterHung,
    outcomeOf: hangs,
    lingersMs: () => 5_000,
    prepare: cancel,
    ends: { b: 'Succeeded' },
  },
  {
    title: 'a holder that is deleted',
    orchestrations: withHung({}),
    max: 1,
    runs: afterHung,
    outcomeOf: hangs,
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
