import { expect, test } from 'vitest';
import { KubeError } from '../../src/kube/errors.ts';
import { ORCHESTRATIONS, RUNS } from '../../src/kube/kinds.ts';
import { followRuns, named, nowMs } from '../support/followed-runs.ts';
import { createModel } from '../support/model/model.ts';
import { createSimulation } from '../support/model/simulation.ts';

const MEBIBYTE = 1024 * 1024;

test('an Orchestration whose status is refused once gets it at the next try', async () => {
  const model = createModel(() => nowMs);
  model.create(ORCHESTRATIONS, {
    ...named('Orchestration', 'nightly'),
    spec: { steps: [{ name: 'a', kind: 'Checkpoint' }] },
  });
  let refusals = 0;
  model.govern([
    ({ verb, resource }) =>
      verb === 'patch' && resource.kind === ORCHESTRATIONS.kind && refusals++ === 0
        ? new KubeError('Invalid', 'not at this time', { code: 422 })
        : undefined,
  ]);
  const errors: unknown[] = [];
  await followRuns(model, (key, error) => errors.push(`${key}: ${(error as Error).message}`));
  const phase = () =>
    (model.get(ORCHESTRATIONS, { namespace: 'agents', name: 'nightly' })['status'] as { phase: string } | undefined)
      ?.phase;
  await expect.poll(phase).toBe('Ready');
  expect(errors).toEqual(['agents/nightly: the status write was denied: not at this time']);
});

test('a run that leaves no room for its status fails before it starts, and reports why', async () => {
  const steps = Array.from({ length: 1_000 }, (_, index) => ({ name: `step-${index}`, kind: 'Checkpoint' }));
  const simulation = createSimulation({ orchestrations: { main: { steps, policies: {} } } });
  simulation.startEngine();
  simulation.createRun('main', 'main');
  const spec = { parameters: { text: 'x'.repeat(1.4 * MEBIBYTE) } };
  simulation.change((model) =>
    model.patch(RUNS, { namespace: 'agents', name: 'main' }, { type: 'merge', body: { spec } }),
  );
  const statusOf = () => simulation.get(RUNS, 'main')?.['status'] as Record<string, unknown> | undefined;
  expect(await simulation.until(() => statusOf()?.['phase'] === 'Failed', 60_000)).toBe(true);
  expect(statusOf()?.['stepStatuses'] ?? []).toEqual([]);
  expect(statusOf()?.['conditions']).toContainEqual(
    expect.objectContaining({
      reason: 'StatusTooLarge',
      message: expect.stringContaining('use smaller parameters'),
    }),
  );
});
