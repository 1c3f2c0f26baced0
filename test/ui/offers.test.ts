import { beforeEach, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../src/objects/object.ts';
import { offerActions } from '../../src/ui/offers.ts';
import { createRights } from '../../src/ui/rights.ts';
import { createStage, object, runOf } from '../support/ui-namespace.ts';

let stage: ReturnType<typeof createStage>;
beforeEach(() => {
  stage = createStage();
});

async function offered(shown: KubeObject, isReadOnly = false): Promise<readonly string[]> {
  const rights = createRights({ api: stage.api, isReadOnly, now: () => stage.state.nowMs });
  const actions = await offerActions(shown, rights);
  return actions.map(({ verb, step }) => (step === undefined ? verb : `${verb} ${step}`));
}

const gate = (name: string) => ({ name, kind: 'ApprovalGate', phase: 'Running', attempt: 1 });
const annotated = (phase: string, annotations: object) =>
  runOf('r', phase, [], {
    annotations: Object.fromEntries(
      Object.entries(annotations).map(([key, value]) => [`orchestration.proompteng.ai/${key}`, value]),
    ),
  });

describe('the page offers', () => {
  test('what makes sense in the phase of a run', async () => {
    expect(await offered(runOf('r', 'Running'))).toEqual(['suspend', 'cancel']);
    expect(await offered(annotated('Running', { suspend: 'true' }))).toEqual(['resume', 'cancel']);
    expect(await offered(annotated('Running', { cancel: 'true' }))).toEqual(['cancel']);
    expect(await offered(annotated('Running', { cancel: 'now' }))).toEqual([]);
    expect(await offered(runOf('r', 'Failed'))).toEqual(['rerun']);
    expect(await offered(object('Orchestration', 'o', {}))).toEqual(['run']);
    const template = { annotations: { 'agents.proompteng.ai/template': 'true' } };
    expect(await offered(runOf('r', 'Pending', [], template))).toEqual([]);
  });

  test('a decision about each gate that the user may decide, by the Orchestration or by the step', async () => {
    const run = runOf('r', 'Running', [gate('one'), gate('two')]);
    stage.state.denied.add('approve orchestrations/approval o').add('approve orchestrations/approval o.two');
    expect(await offered(run)).toEqual(['approve one', 'deny one', 'suspend', 'cancel']);
  });

  test('nothing that the user may not do, and nothing at all if it is read-only', async () => {
    expect(await offered(runOf('r', 'Running'), true)).toEqual([]);
    expect(await offered(runOf('r', 'Failed'), true)).toEqual([]);
    expect(await offered(object('Orchestration', 'o', {}), true)).toEqual([]);
    expect(stage.state.asked).toEqual([]);
    stage.state.denied.add('patch orchestrationruns').add('create orchestrationruns');
    expect(await offered(runOf('r', 'Running', [gate('one')]))).toEqual([]);
    expect(await offered(runOf('r', 'Failed'))).toEqual([]);
    expect(await offered(object('Orchestration', 'o', {}))).toEqual([]);
  });
});

test('a right is asked for once a minute, and again after the API server has denied what it allowed', async () => {
  const rights = createRights({ api: stage.api, isReadOnly: false, now: () => stage.state.nowMs });
  await rights.mayCreateRuns();
  await rights.mayCreateRuns();
  expect(stage.state.asked).toHaveLength(1);
  stage.state.nowMs += 60_000;
  await rights.mayCreateRuns();
  expect(stage.state.asked).toHaveLength(2);
  rights.forget();
  await rights.mayCreateRuns();
  expect(stage.state.asked).toHaveLength(3);
});
