import { describe, expect, test } from 'vitest';
import { Finalizer } from '../../src/orchestration/vocabulary/metadata.ts';
import { releaseAll } from '../../src/release/release.ts';
import { connectModel } from '../support/model/client.ts';
import { withoutKind, withoutRight } from '../support/model/laws.ts';
import { createModel } from '../support/model/model.ts';
import { AGENT_RUNS } from '../support/model/simulation.ts';
import { systemTiming } from '../support/timing.ts';

const THEIRS = 'agents.proompteng.ai/runtime-cleanup';

function makeCluster() {
  const model = createModel(() => 0);
  const said: string[] = [];
  const create = (name: string, finalizers?: readonly string[], namespace = 'agents') =>
    model.create(AGENT_RUNS, {
      ...{ apiVersion: 'agents.proompteng.ai/v1alpha1', kind: 'AgentRun', spec: {} },
      metadata: { name, namespace, ...(finalizers && { finalizers }) },
    });
  return {
    model,
    said,
    create,
    release: (options: { atLeastMs?: number; namespaces?: readonly string[] } = {}) =>
      releaseAll({
        ...{ client: connectModel(model), resources: [AGENT_RUNS], timing: systemTiming },
        ...{ namespaces: ['agents'], atLeastMs: 0, atMostMs: 0, say: (sentence) => said.push(sentence), ...options },
      }),
    finalizersOf: () => model.all().map(({ metadata }) => [metadata.name, metadata['finalizers']]),
  };
}

describe('release', () => {
  test('removes our finalizer from every AgentRun, and keeps others', async () => {
    const { create, release, said, finalizersOf } = makeCluster();
    for (let index = 0; index < 120; index++) create(`held-${index}`, [THEIRS, Finalizer.Outcome]);
    create('free');
    create('elsewhere', [Finalizer.Outcome], 'elsewhere');
    expect(await release()).toBe(true);
    const left = finalizersOf();
    expect(left.filter(([, finalizers]) => String(finalizers) === THEIRS)).toHaveLength(120);
    expect(left.slice(120)).toEqual([
      ['free', undefined],
      ['elsewhere', [Finalizer.Outcome]],
    ]);
    expect(said).toEqual(['released 120 AgentRuns of agents']);
  });

  test('repeats for AgentRuns to which an engine adds the finalizer again meanwhile', async () => {
    const { create, release, finalizersOf } = makeCluster();
    const releasing = release({ atLeastMs: 1_500 });
    create('late', [Finalizer.Outcome]);
    expect(await releasing).toBe(true);
    expect(finalizersOf()).toEqual([['late', []]]);
  });

  test('says which AgentRuns are left, and why', async () => {
    const { model, create, release, said } = makeCluster();
    create('held', [Finalizer.Outcome]);
    model.govern([withoutRight(AGENT_RUNS, ['patch'])]);
    expect(await release()).toBe(false);
    expect(said).toEqual([expect.stringMatching(/^cannot release AgentRun agents\/held: .* cannot patch resource/)]);
  });

  test('does nothing if the kind does not exist, and skips a namespace that it may not read', async () => {
    const { model, release, said } = makeCluster();
    model.govern([withoutKind(AGENT_RUNS)]);
    expect(await release()).toBe(true);
    model.govern([withoutRight(AGENT_RUNS, ['list'])]);
    expect(await release()).toBe(true);
    expect(said).toEqual([expect.stringMatching(/^skipped agents: .* cannot list resource/)]);
  });
});
