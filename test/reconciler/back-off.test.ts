import { expect, test } from 'vitest';
import { NAMESPACE, TOOL_RUNS } from '../support/model/engine.ts';
import { quota } from '../support/model/laws.ts';
import { tool } from '../support/model/play.ts';
import { createSimulation, hasRunEnded } from '../support/model/simulation.ts';

test('a child that a quota denies is retried with back-off, and created when there is room', async () => {
  const orchestrations = { main: { steps: [tool('one', []), tool('other', [])], policies: {} } };
  const simulation = createSimulation({
    orchestrations,
    laws: [quota(NAMESPACE, TOOL_RUNS, 1)],
    outcomeOf: () => undefined,
  });
  simulation.startEngine();
  simulation.createRun('main', 'main');
  const creates = () =>
    simulation.calls.filter(({ verb, resource }) => verb === 'create' && resource === TOOL_RUNS).length;
  await simulation.pass(600_000);
  // A back-off of 5 ms, 10 ms … 60 s gives 24 tries in ten minutes. One try every 200 ms would give 3,000.
  expect(creates()).toBeLessThan(40);
  simulation.govern([]);
  await simulation.pass(61_000);
  expect(simulation.model.list(TOOL_RUNS).items).toHaveLength(2);
  expect(hasRunEnded(simulation, 'main')).toBe(false);
});
