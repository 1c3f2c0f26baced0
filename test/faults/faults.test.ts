import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { ControlPlane, ControlPlaneParts } from '../support/controlplane/controlplane.ts';
import { describeNeeding } from '../support/controlplane/suite.ts';
import { play, startFaultPlane } from './play.ts';
import { explain } from './report.ts';
import { scenarios } from './scenarios/table.ts';

describeNeeding(['ownControlPlane', 'controllers'], 'runs end as they must, each attempt once', () => {
  const seed = randomInt(1_000_000);
  let parts: ControlPlaneParts;
  let plane: ControlPlane;
  beforeAll(async () => {
    parts = inject('controlPlaneParts') as ControlPlaneParts;
    plane = await startFaultPlane(parts);
  });
  afterAll(() => plane?.stop());

  const quick = scenarios.filter(({ isQuick }) => isQuick);
  it.each(quick.map((scenario) => [scenario.id, scenario.title, scenario] as const))(
    '%s: %s',
    { timeout: 900_000 },
    async (_, __, scenario) => {
      const result = await play(scenario, plane, parts, seed);
      expect(explain(result)).toBe('');
      expect(result.runs).toBeGreaterThan(0);
      expect(result.crashes + result.faults).toBeGreaterThan(0);
    },
  );
});
