import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../src/objects/object.ts';
import { nameSnapshot } from '../../../src/reconciler/names.ts';
import { planRun } from '../../../src/reconciler/plan.ts';
import { NAMESPACE, ORCHESTRATIONS, REVISIONS, RUNS, storedRun } from '../../support/model/engine.ts';
import {
  annotate,
  begin,
  childOf,
  end,
  firstLook,
  options,
  orchestration,
  pass,
  phasesOf,
  requeuedIn,
  run,
  settle,
  standingOf,
  suspended,
  tool,
} from '../../support/model/play.ts';

describe('the snapshot', () => {
  test('is what the run follows, whatever happens to the Orchestration', () => {
    const story = begin([tool('a'), tool('b')]);
    const steps = [tool('a'), tool('x')];
    story.world.api.patch(ORCHESTRATIONS, orchestration, { type: 'merge', body: { spec: { steps } } });
    end(story, 'a', 'Succeeded');
    story.world.api.delete(ORCHESTRATIONS, orchestration);
    end(story, 'b', 'Succeeded');
    expect(phasesOf(story)).toBe('a: Succeeded, b: Succeeded');
    expect(standingOf(story)).toMatch(/^Succeeded/);
  });

  test('is stored before the run is claimed, and is used after a crash in between', () => {
    const story = begin([tool('a')], { annotations: suspended });
    const { world } = story;
    annotate(story, 'suspend', null);
    expect(story.moments.filter(({ type }) => type === 'Created')).toHaveLength(1);
    const other = begin([tool('b')], { annotations: suspended });
    const revision = world.api.list(REVISIONS).items[0] as KubeObject;
    other.world.api.create(REVISIONS, revision);
    annotate(other, 'suspend', null);
    expect(phasesOf(other)).toBe('a: Running');
  });

  test('ends the run if it is deleted, because the steps are then unknown', () => {
    const story = begin([tool('a', [], { continueOnFailure: true }), tool('b', ['a'])]);
    story.world.api.delete(REVISIONS, {
      namespace: NAMESPACE,
      name: nameSnapshot(storedRun(story.world)?.metadata.uid ?? ''),
    });
    settle(story.world);
    expect(phasesOf(story)).toBe('a: Failed, b: Skipped');
    expect(standingOf(story)).toBe('Failed, SnapshotLost: the snapshot that the run follows was deleted: "a", "b"');
    expect(childOf(story, 'a')?.metadata.deletionTimestamp).toBeDefined();
  });

  test('ends the run as failed if it is deleted, even if the status has no steps', () => {
    const story = begin([tool('a')]);
    const { api } = story.world;
    const status = { stepStatuses: [] };
    api.patch(RUNS, run, { type: 'merge', body: { status } }, { subresource: 'status' });
    const name = nameSnapshot(storedRun(story.world)?.metadata.uid ?? '');
    api.delete(REVISIONS, { namespace: NAMESPACE, name });
    settle(story.world);
    expect(standingOf(story)).toBe('Failed, SnapshotLost: the snapshot that the run follows was deleted');
  });

  test('fails the run if its name is taken', () => {
    const story = begin([tool('a')], { annotations: suspended });
    const name = nameSnapshot(storedRun(story.world)?.metadata.uid ?? '');
    const foreign = {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: { name, namespace: NAMESPACE },
      data: {},
    };
    story.world.api.create(REVISIONS, foreign);
    annotate(story, 'suspend', null);
    expect(standingOf(story)).toMatch(
      /^Failed, SnapshotNameTaken: ControllerRevision \S+ exists but is not what this run would store/,
    );
  });
});

describe('a run', () => {
  test('waits for its Orchestration from the time at which it was first missing', () => {
    const story = begin(undefined);
    expect(standingOf(story)).toBe('Pending, MissingOrchestration: waits for Orchestration "nightly" to appear');
    expect(requeuedIn(story)).toBe(300);
    pass(story, 299);
    expect(requeuedIn(story)).toBe(1);
    const other = begin(undefined);
    pass(other, 299);
    const object = {
      apiVersion: RUNS.group,
      kind: 'Orchestration',
      metadata: orchestration,
      spec: { steps: [tool('a')], policies: {} },
    };
    other.world.api.create(ORCHESTRATIONS, object);
    settle(other.world);
    expect(phasesOf(other)).toBe('a: Running');
    pass(story, 1);
    expect(standingOf(story)).toBe('Failed, MissingOrchestration: Orchestration "nightly" did not appear within 300 s');
  });

  test('of an Orchestration that can never run fails with the problem code of the gate', () => {
    const observation = firstLook(begin([tool('a')]));
    const denial = { code: 'DependencyCycle', message: 'spec.steps[0].dependsOn[0]: a → b → a' } as const;
    const found = {
      state: 'Found',
      orchestration: { name: 'nightly', namespace: NAMESPACE, policies: {}, steps: [] },
      denial,
    } as const;
    const actions = planRun({ ...observation, orchestration: found }, 0, options);
    expect(actions).toMatchObject([
      { type: 'PatchStatus', status: { phase: 'Failed', conditions: [{ reason: 'DependencyCycle' }, {}, {}, {}] } },
      { type: 'EmitEvent', eventType: 'Warning', message: 'DependencyCycle: spec.steps[0].dependsOn[0]: a → b → a' },
    ]);
  });
});
