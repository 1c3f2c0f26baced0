import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../src/objects/object.ts';
import { act, deliver, keyOf, NAMESPACE, ORCHESTRATION, plan, RUN, TOOL_RUNS } from '../../support/model/engine.ts';
import {
  begin,
  beginInterrupted,
  childOf,
  createdBy,
  end,
  lastPlan,
  settle,
  standingOf,
  statusOf,
  tool,
} from '../../support/model/play.ts';

describe('a child', () => {
  test('that is deleted before its end fails its attempt', () => {
    const story = begin([tool('a', [], { retries: 1 })]);
    story.world.api.delete(TOOL_RUNS, (childOf(story, 'a') as KubeObject).metadata);
    settle(story.world);
    expect(createdBy(story)).toEqual(['a.1', 'a.2']);
    story.world.api.delete(TOOL_RUNS, (childOf(story, 'a') as KubeObject).metadata);
    settle(story.world);
    expect(statusOf(story, 'a')).toMatchObject({
      phase: 'Failed',
      reason: 'ChildDeleted',
      message: 'ToolRun a.2.1 was deleted before its end was observed',
    });
  });

  test('is not created again by a process that did not observe it before it was deleted', () => {
    const story = beginInterrupted([tool('a')]);
    const { world } = story;
    plan(world);
    while (world.plan !== undefined) act(world);
    plan(world);
    act(world, 'Lost');
    const { kind, metadata } = childOf(story, 'a') as KubeObject;
    world.api.delete(TOOL_RUNS, metadata);
    deliver(world, keyOf(kind, metadata.name));
    plan(world);
    while (world.plan !== undefined) act(world);
    settle(world);
    expect(createdBy(story)).toEqual(['a.1']);
    expect(statusOf(story, 'a').reason).toBe('ChildDeleted');
  });

  test('that was created again under the same name is another child', () => {
    const story = begin([tool('a')]);
    const child = childOf(story, 'a') as KubeObject;
    story.world.api.delete(TOOL_RUNS, child.metadata);
    story.world.api.create(TOOL_RUNS, child);
    settle(story.world);
    expect(statusOf(story, 'a').reason).toBe('ChildDeleted');
  });

  test.each([
    ['without an owner', []],
    ['of another run', [{ apiVersion: 'x', kind: 'OrchestrationRun', name: RUN, uid: 'other', controller: true }]],
    [
      'that the run owns without being its controller',
      [{ apiVersion: 'x', kind: 'OrchestrationRun', name: RUN, uid: 'orchestrationruns/nightly-1/1' }],
    ],
  ])('is never an object %s that has its name', (_, ownerReferences) => {
    const story = beginInterrupted([tool('a')]);
    const object = {
      apiVersion: 'tools.proompteng.ai/v1alpha1',
      kind: 'ToolRun',
      metadata: { name: 'a.1.1', namespace: NAMESPACE, ownerReferences },
    };
    story.world.api.create(TOOL_RUNS, object);
    settle(story.world);
    expect(statusOf(story, 'a')).toMatchObject({
      phase: 'Failed',
      reason: 'ChildNameTaken',
      message: 'ToolRun a.1.1 exists but does not belong to this run',
    });
  });

  test('that the API server refuses fails its attempt with the message of the API server', () => {
    const story = beginInterrupted([tool('a')]);
    story.world.refused = new Set(['a.1.1']);
    settle(story.world);
    expect(statusOf(story, 'a')).toMatchObject({ phase: 'Failed', reason: 'ChildRefused', message: 'exceeded quota' });
  });

  test('gets the lifetime that its step asks for once its result is recorded', () => {
    const agent = {
      name: 'a',
      kind: 'AgentRun',
      agentRef: { name: 'x' },
      implementationSpecRef: { name: 'y' },
      ttlSecondsAfterFinished: 600,
    };
    const story = begin([agent]);
    expect(childOf(story, 'a')?.['spec']).not.toHaveProperty('ttlSecondsAfterFinished');
    end(story, 'a', 'Succeeded');
    expect(childOf(story, 'a')?.['spec']).toHaveProperty('ttlSecondsAfterFinished', 600);
    expect(lastPlan(story)).toEqual([]);
  });

  test('is recorded by its uid, which is not urgent', () => {
    const story = begin([tool('a')]);
    const urgencies = story.moments.flatMap((moment) =>
      moment.type !== 'Planned'
        ? []
        : moment.actions.flatMap((action) => (action.type === 'PatchStatus' ? [action.isUrgent] : [])),
    );
    expect(urgencies).toEqual([true, false]);
    expect(statusOf(story, 'a').resourceRef?.uid).toBe(childOf(story, 'a')?.metadata.uid);
  });
});

describe('a SubOrchestration', () => {
  const nested = [{ name: 'sub', kind: 'SubOrchestration', orchestrationRef: { name: 'other' } }];

  test('is a run of its own, whose end is the end of the step', () => {
    const story = begin(nested);
    expect(childOf(story, 'sub')).toMatchObject({
      kind: 'OrchestrationRun',
      spec: { orchestrationRef: { name: 'other' } },
    });
    end(story, 'sub', 'Failed', 'its own reason');
    expect(statusOf(story, 'sub').message).toBe('its own reason');
  });

  test('that runs one of its own ancestors fails, and names the loop', () => {
    expect(standingOf(begin(nested, { ancestry: ['outer', ORCHESTRATION] }))).toBe(
      'Failed, SubOrchestrationCycle: "nightly", run by "outer", run by "nightly": this loop would never end; remove one of these references',
    );
  });

  test('may be nested below nine others, and not below ten', () => {
    const ancestry = Array.from({ length: 10 }, (_, i) => `level-${i}`);
    expect(standingOf(begin(nested, { ancestry: ancestry.slice(1) }))).toMatch(/^Running/);
    expect(standingOf(begin(nested, { ancestry }))).toBe(
      'Failed, SubOrchestrationTooDeep: SubOrchestrations are nested more than 10 levels deep',
    );
  });
});
