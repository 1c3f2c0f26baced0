import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../src/kube/resources.ts';
import { nameSnapshot } from '../../src/reconciler/names.ts';
import { planRun } from '../../src/reconciler/plan.ts';
import type { Action, Snapshot } from '../../src/reconciler/snapshot.ts';
import {
  act,
  deliver,
  keyOf,
  listChildren,
  NAMESPACE,
  nameChild,
  ORCHESTRATION,
  ORCHESTRATIONS,
  POLICIES,
  plan,
  REVISIONS,
  RUN,
  RUNS,
  setPhase,
  storedRun,
  storedStatus,
  TOOL_RUNS,
} from '../support/model/engine.ts';
import {
  annotate,
  begin,
  beginInterrupted,
  childOf,
  collectGarbage,
  createdBy,
  end,
  pass,
  phasesOf,
  type Step,
  type Story,
  settle,
  standingOf,
  statusOf,
  tool,
} from '../support/model/play.ts';

const run = { namespace: NAMESPACE, name: RUN };
const orchestration = { namespace: NAMESPACE, name: ORCHESTRATION };

/** What the last look at the run asks for. */
function lastPlan({ moments }: Story): readonly Action[] {
  return moments.findLast((moment) => moment.type === 'Planned')?.actions ?? [];
}

function eventsOf({ moments }: Story): string[] {
  return moments.flatMap((moment) =>
    moment.type !== 'Planned'
      ? []
      : moment.actions.flatMap((action) =>
          action.type === 'EmitEvent' ? [`${action.eventType} ${action.reason}: ${action.message}`] : [],
        ),
  );
}

/** When the run wants to be looked at, in seconds from now. */
function requeuedIn(story: Story): number | undefined {
  const requeue = lastPlan(story).find((action) => action.type === 'RequeueAt');
  return requeue && (Date.parse(requeue.time) - story.world.nowMs) / 1000;
}

const options = { nameChild, missingOrchestrationSeconds: 300 };

/** What was read for the first decision. */
function firstLook({ moments }: Story): Snapshot {
  const [snapshot] = moments.flatMap((moment) => (moment.type === 'Planned' ? [moment.snapshot] : []));
  if (snapshot === undefined) throw new Error('nothing was planned');
  return snapshot;
}

describe('3.1 a step', () => {
  test('starts when every step it depends on has succeeded, and not before', () => {
    const story = begin([tool('build'), tool('lint'), tool('ship', ['build', 'lint'])]);
    end(story, 'build', 'Succeeded');
    expect(phasesOf(story)).toBe('build: Succeeded, lint: Running, ship: Pending');
    end(story, 'lint', 'Succeeded');
    expect(phasesOf(story)).toBe('build: Succeeded, lint: Succeeded, ship: Running');
  });

  test('starts after a failure that is tolerated, once no attempts are left', () => {
    const story = begin([tool('lint', [], { continueOnFailure: true, retries: 1 }), tool('ship', ['lint'])]);
    end(story, 'lint', 'Failed');
    expect(phasesOf(story)).toBe('lint: Running, ship: Pending');
    end(story, 'lint', 'Failed', 'two warnings');
    expect(phasesOf(story)).toBe('lint: Failed, ship: Running');
    expect(statusOf(story, 'lint')).toMatchObject({ ignored: true, attempt: 2, message: 'two warnings' });
  });

  test('never starts after one that was skipped, however tolerant that is', () => {
    const lenient = { continueOnFailure: true };
    const story = begin([tool('build', []), tool('test', ['build'], lenient), tool('ship', ['test'])]);
    end(story, 'build', 'Failed');
    expect(phasesOf(story)).toBe('build: Failed, test: Skipped, ship: Skipped');
    expect(statusOf(story, 'test').ignored).toBeUndefined();
  });
});

describe('3.2 the sequential default', () => {
  test('runs the steps one after the other where none declares dependsOn', () => {
    const story = begin([tool('a'), tool('b'), tool('c')]);
    expect(phasesOf(story)).toBe('a: Running, b: Pending, c: Pending');
    end(story, 'a', 'Succeeded');
    expect(phasesOf(story)).toBe('a: Succeeded, b: Running, c: Pending');
  });

  test('is off as soon as one step declares dependsOn, be it empty: the others are roots', () => {
    expect(phasesOf(begin([tool('a'), tool('b'), tool('c', [])]))).toBe('a: Running, b: Running, c: Running');
    expect(phasesOf(begin([tool('a'), tool('b', ['a']), tool('c')]))).toBe('a: Running, b: Pending, c: Running');
  });
});

describe('3.3 declaration order', () => {
  test('is the order in which startable steps are issued, whatever the order of their dependencies', () => {
    const story = begin([tool('d', ['a']), tool('c', ['b', 'a']), tool('b', []), tool('a', [])]);
    expect(createdBy(story)).toEqual(['b.1', 'a.1']);
    end(story, 'b', 'Succeeded');
    end(story, 'a', 'Succeeded');
    expect(createdBy(story)).toEqual(['b.1', 'a.1', 'd.1', 'c.1']);
  });

  test('counts also for a step that one which ends at once has made startable', () => {
    const gate = { name: 'gate', kind: 'Checkpoint', dependsOn: [] };
    const steps = [tool('first', ['gate']), tool('second', []), gate];
    const story = begin(steps, { policies: { maxParallel: 1 } });
    expect(phasesOf(story)).toBe('first: Running, second: Pending, gate: Succeeded');
  });

  test('is taken back for a long chain of checkpoints that is declared backwards', () => {
    const steps = Array.from({ length: 1000 }, (_, i) => ({
      name: `s${i}`,
      kind: 'Checkpoint',
      dependsOn: i < 999 ? [`s${i + 1}`] : [],
    }));
    expect(standingOf(begin(steps))).toBe('Succeeded, Completed: all 1000 steps succeeded');
  });

  test('gives the same plan for the same snapshot', () => {
    const story = begin([tool('a', []), tool('b', []), tool('c', ['a'])]);
    for (const moment of story.moments) {
      if (moment.type !== 'Planned') continue;
      const { snapshot, nowMs, actions } = moment;
      expect(planRun(snapshot, nowMs, { nameChild, missingOrchestrationSeconds: 300 })).toEqual(actions);
    }
  });
});

describe('3.4 a failure', () => {
  test('skips all that waits for it at once, naming the direct culprit and the root cause', () => {
    const story = begin([tool('build'), tool('test'), tool('ship'), tool('tell')]);
    end(story, 'build', 'Failed', 'exit 1');
    expect(phasesOf(story)).toBe('build: Failed, test: Skipped, ship: Skipped, tell: Skipped');
    expect(statusOf(story, 'test')).toMatchObject({
      reason: 'DependencyFailed',
      message: 'dependency build failed: exit 1',
    });
    expect(statusOf(story, 'ship').message).toBe('dependency test failed: build failed: exit 1');
    expect(statusOf(story, 'tell').message).toBe('dependency ship failed: build failed: exit 1');
  });

  test('does not let what it skips wait for its other dependencies', () => {
    const story = begin([tool('build', []), tool('slow', []), tool('ship', ['slow', 'build'])]);
    end(story, 'build', 'Failed', 'exit 1');
    expect(phasesOf(story)).toBe('build: Failed, slow: Running, ship: Skipped');
  });

  test('is told of the first broken dependency in list order when it is recorded, and never told anew', () => {
    const story = begin([tool('a', []), tool('b', []), tool('ship', ['b', 'a'])]);
    end(story, 'a', 'Failed', 'exit 1');
    end(story, 'b', 'Failed', 'exit 2');
    expect(statusOf(story, 'ship').message).toBe('dependency a failed: exit 1');
  });

  test('of two at once is told by list order', () => {
    const story = begin([tool('a', []), tool('b', []), tool('ship', ['b', 'a'])]);
    const children = ['a', 'b'].map((step) => childOf(story, step) as KubeObject);
    for (const child of children) {
      const body = { status: { phase: 'Failed', message: `exit ${child.metadata.name.charCodeAt(0)}` } };
      story.world.api.patch(TOOL_RUNS, child.metadata, { type: 'merge', body }, { subresource: 'status' });
    }
    settle(story.world);
    expect(statusOf(story, 'ship').message).toBe('dependency b failed: exit 98');
  });

  test('speaks of a hostile name in one line, and of a long message up to 256 characters, cut between them', () => {
    const story = begin([tool('a\nb', []), tool('c', ['a\nb'])]);
    end(story, 'a\nb', 'Failed', '😀'.repeat(200));
    const { message = '' } = statusOf(story, 'c');
    expect(message).toMatch(/^dependency a\\u000ab failed: 😀+\p{So}?.?…$/u);
    expect(message.length).toBeLessThanOrEqual(256);
    expect(message.isWellFormed()).toBe(true);
    expect(statusOf(story, 'a\nb').message?.isWellFormed()).toBe(true);
  });

  test('has the words of the child, wherever it says them', () => {
    const told = (status: object) => {
      const story = begin([tool('a')]);
      const { metadata } = childOf(story, 'a') as KubeObject;
      const body = { status: { phase: 'Failed', ...status } };
      story.world.api.patch(TOOL_RUNS, metadata, { type: 'merge', body }, { subresource: 'status' });
      settle(story.world);
      return statusOf(story, 'a').message;
    };
    expect(told({ message: 'exit 1' })).toBe('exit 1');
    const said = (type: string, message: string, status = 'True') => ({
      type,
      status,
      reason: `${type}Reason`,
      message,
    });
    const all = ['Blocked', 'Degraded', 'InvalidSpec', 'Failed'].map((type) => said(type, `by ${type}`));
    const conditions = [...all, said('Ready', 'by Ready', 'False'), said('Succeeded', 'no', 'False'), 'nonsense'];
    for (const type of ['Failed', 'InvalidSpec', 'Degraded', 'Ready', 'Blocked']) {
      const left = conditions.slice();
      expect(told({ conditions: left })).toBe(`by ${type}`);
      conditions.splice(0, conditions.length, ...left.filter((one) => Object(one).type !== type));
    }
    const refused = [said('InvalidSpec', ''), said('Ready', '', 'False'), said('Degraded', 'agent coder not found')];
    expect(told({ reason: 'MissingAgent', message: '', conditions: refused })).toBe('agent coder not found');
    expect(told({ reason: 'MissingAgent', conditions: refused.slice(0, 2) })).toBe('MissingAgent');
    expect(told({ conditions: refused.slice(0, 2) })).toBe('InvalidSpecReason');
    const healthy = [said('Degraded', 'healthy', 'False'), said('Ready', 'tool run observed')];
    expect(told({ conditions: healthy })).toBe('ToolRun a.1.1 ended Failed');
    expect(told({ conditions: 'nonsense', message: '' })).toBe('ToolRun a.1.1 ended Failed');
  });
});

describe('3.5 independent branches', () => {
  test('go on after a failure, and the run is over only when they are', () => {
    const story = begin([tool('build', []), tool('test', ['build']), tool('docs', []), tool('site', ['docs'])]);
    end(story, 'build', 'Failed', 'exit 1');
    expect(standingOf(story)).toBe('Running, Running: 2 of 4 steps done');
    end(story, 'docs', 'Succeeded');
    end(story, 'site', 'Succeeded');
    expect(phasesOf(story)).toBe('build: Failed, test: Skipped, docs: Succeeded, site: Succeeded');
    expect(standingOf(story)).toBe('Failed, StepFailed: "build" failed: exit 1');
  });
});

describe('3.6 the run', () => {
  test('has succeeded when every step has', () => {
    const story = begin([tool('a', []), tool('b', [])]);
    end(story, 'a', 'Succeeded');
    end(story, 'b', 'Succeeded');
    expect(standingOf(story)).toBe('Succeeded, Completed: all 2 steps succeeded');
    expect(eventsOf(story)).toEqual([
      'Normal Started: runs "nightly"',
      'Normal Succeeded: Completed: all 2 steps succeeded',
    ]);
  });

  test('has succeeded with tolerated failures, and says how many', () => {
    const story = begin([tool('a', [], { continueOnFailure: true }), tool('b', [])]);
    end(story, 'a', 'Failed');
    end(story, 'b', 'Succeeded');
    expect(standingOf(story)).toBe('Succeeded, CompletedWithIgnoredFailures: ignored failures: 1 of 2 steps');
  });

  test('has failed otherwise, and names the steps', () => {
    const story = begin([tool('a', []), tool('b', []), tool('c', ['a'])]);
    end(story, 'a', 'Failed', 'exit 1');
    end(story, 'b', 'Failed', 'exit 2');
    expect(standingOf(story)).toBe('Failed, StepFailed: "a", "b" failed');
    expect(eventsOf(story).at(-1)).toBe('Warning Failed: StepFailed: "a", "b" failed');
  });

  test('shows where it stands in its conditions', () => {
    const story = begin([tool('a')]);
    const conditionsOf = () =>
      storedStatus(story.world)
        .conditions.map(({ type, status }) => `${type}=${status}`)
        .join(' ');
    expect(conditionsOf()).toBe('Ready=False Progressing=True Succeeded=Unknown');
    annotate(story, 'suspend');
    expect(conditionsOf()).toBe('Ready=False Progressing=False Succeeded=Unknown');
    end(story, 'a', 'Succeeded');
    expect(conditionsOf()).toBe('Ready=True Progressing=False Succeeded=True Expires=False');
  });

  test('keeps the conditions that others have added', () => {
    const story = begin([tool('a')]);
    const { conditions } = storedStatus(story.world);
    const lastTransitionTime = '2026-01-01T00:00:00Z';
    const added = { type: 'Paced', status: 'True' as const, reason: 'Newer', message: '', lastTransitionTime };
    const body = { status: { conditions: [added, ...conditions] } };
    story.world.api.patch(RUNS, run, { type: 'merge', body }, { subresource: 'status' });
    end(story, 'a', 'Succeeded');
    const types = storedStatus(story.world).conditions.map(({ type }) => type);
    expect(types).toEqual(['Ready', 'Progressing', 'Succeeded', 'Expires', 'Paced']);
    expect(storedStatus(story.world).conditions.at(-1)).toEqual(added);
  });

  test('counts its steps in Progressing, also when it has ended', () => {
    const story = begin([tool('a', []), tool('b', ['a']), tool('c', [])]);
    const progressOf = () => storedStatus(story.world).conditions.find(({ type }) => type === 'Progressing')?.message;
    end(story, 'c', 'Succeeded');
    expect(progressOf()).toBe('1 of 3 steps done');
    end(story, 'a', 'Failed');
    expect(progressOf()).toBe('3 of 3 steps done: 1 succeeded, 1 failed, 1 skipped');
  });
});

describe('3.7 a failed attempt', () => {
  test('is repeated as often as the step says, each time after its pause', () => {
    const story = begin([tool('a', [], { retries: 2, retryBackoffSeconds: 30 }), tool('b', ['a'])]);
    end(story, 'a', 'Failed', 'exit 1');
    expect(statusOf(story, 'a')).toMatchObject({
      phase: 'Retrying',
      attempt: 1,
      message: 'exit 1; attempt 2 starts at 2026-01-01T00:00:30.000Z',
      nextRetryAt: '2026-01-01T00:00:30.000Z',
    });
    expect(phasesOf(story)).toBe('a: Retrying, b: Pending');
    expect(requeuedIn(story)).toBe(30);
    pass(story, 29);
    expect(statusOf(story, 'a').phase).toBe('Retrying');
    pass(story, 1);
    expect(statusOf(story, 'a')).toMatchObject({ phase: 'Running', attempt: 2 });
    expect(statusOf(story, 'a').nextRetryAt).toBeUndefined();
    end(story, 'a', 'Failed');
    pass(story, 30);
    end(story, 'a', 'Failed', 'exit 3');
    expect(phasesOf(story)).toBe('a: Failed, b: Skipped');
    expect(createdBy(story)).toEqual(['a.1', 'a.2', 'a.3']);
  });

  test('is repeated at once without a pause', () => {
    const story = begin([tool('a', [], { retries: 1 })]);
    end(story, 'a', 'Failed');
    expect(statusOf(story, 'a')).toMatchObject({ phase: 'Running', attempt: 2 });
  });

  test('is repeated as the policy says where the step says nothing', () => {
    const policies = { retries: { limit: 1 } };
    const story = begin([tool('a', []), tool('b', [], { retries: 0 })], { policies });
    end(story, 'a', 'Failed');
    end(story, 'b', 'Failed');
    expect(phasesOf(story)).toBe('a: Running, b: Failed');
  });

  test.each([-1, 1.5, '3', null])('is not repeated for retries: %j', (retries) => {
    const story = begin([tool('a', [], { retries: retries as number })]);
    end(story, 'a', 'Failed');
    expect(phasesOf(story)).toBe('a: Failed');
  });

  test('is not repeated when its child was cancelled', () => {
    const story = begin([tool('a', [], { retries: 5 })]);
    end(story, 'a', 'Cancelled', 'by hand');
    expect(statusOf(story, 'a')).toMatchObject({ phase: 'Failed', reason: 'ChildCancelled', message: 'by hand' });
  });

  test('is not repeated when an approval was denied', () => {
    const gate = { name: 'ask', kind: 'ApprovalGate', policyRef: 'board', retries: 5 };
    const story = begin([gate]);
    expect(statusOf(story, 'ask')).toMatchObject({ phase: 'Running', attempt: 1 });
    approve(story, 'Denied');
    expect(statusOf(story, 'ask')).toMatchObject({
      phase: 'Failed',
      reason: 'ApprovalDenied',
      message: 'approval policy board is denied',
    });
  });

  test('is not repeated when the step itself is wrong, and nothing is created', () => {
    const story = begin([
      { name: 'a', kind: 'ToolRun', retries: 5, dependsOn: [] },
      { name: 'b', kind: 'Toolrun', retries: 5 },
    ]);
    expect(statusOf(story, 'a')).toMatchObject({ phase: 'Failed', reason: 'InvalidStep', attempt: 1 });
    expect(statusOf(story, 'a').message).toBe('toolRef is missing: a ToolRun step names the Tool to run');
    expect(statusOf(story, 'b')).toMatchObject({
      phase: 'Failed',
      reason: 'UnknownStepKind',
      message: 'unknown kind Toolrun',
    });
    expect(createdBy(story)).toEqual([]);
  });

  test('may wait for the longest time there is', () => {
    const endless = {
      retries: 1,
      retryBackoffSeconds: Number.MAX_SAFE_INTEGER,
      timeoutSeconds: Number.MAX_SAFE_INTEGER,
    };
    const policies = { timeouts: { totalSeconds: Number.MAX_SAFE_INTEGER }, ttlSecondsAfterFinished: 1e300 };
    const story = begin([tool('a', [], endless)], { policies });
    end(story, 'a', 'Failed');
    expect(statusOf(story, 'a').nextRetryAt).toBe('2094-01-19T03:14:07.000Z');
  });
});

function approve({ world }: Story, phase: string): void {
  const object = {
    apiVersion: 'approvals.proompteng.ai/v1alpha1',
    kind: 'ApprovalPolicy',
    metadata: { name: 'board', namespace: NAMESPACE },
  };
  world.api.create(POLICIES, object);
  const patch = { type: 'merge', body: { status: { phase } } } as const;
  world.api.patch(POLICIES, object.metadata, patch, { subresource: 'status' });
  settle(world);
}

describe('3.8 a timeout', () => {
  test('fails the attempt, and the child is deleted once that is recorded', () => {
    const story = begin([tool('a', [], { timeoutSeconds: 60 })]);
    expect(requeuedIn(story)).toBe(60);
    pass(story, 59);
    expect(statusOf(story, 'a').phase).toBe('Running');
    pass(story, 1);
    expect(statusOf(story, 'a')).toMatchObject({
      phase: 'Failed',
      reason: 'StepTimedOut',
      message: 'attempt took longer than 60 s',
    });
    expect(story.moments.slice(-3).map(({ type }) => type)).toEqual(['Recorded', 'Deleted', 'Planned']);
  });

  test('lets the next attempt start only when the child is gone, and gives it its own time', () => {
    const story = begin([tool('a', [], { timeoutSeconds: 60, retries: 1 })]);
    pass(story, 60);
    expect(statusOf(story, 'a')).toMatchObject({ phase: 'Retrying', attempt: 1 });
    expect(childOf(story, 'a')?.metadata.deletionTimestamp).toBeDefined();
    pass(story, 10);
    expect(statusOf(story, 'a').phase).toBe('Retrying');
    collectGarbage(story);
    expect(statusOf(story, 'a')).toMatchObject({ phase: 'Running', attempt: 2 });
    expect(requeuedIn(story)).toBe(60);
  });

  test('of a gate is asked to be woken for by the very plan that starts the attempt', () => {
    const { moments } = begin([{ name: 'ask', kind: 'ApprovalGate', policyRef: 'board', timeoutSeconds: 60 }]);
    const starting = moments.flatMap((moment) => (moment.type === 'Planned' ? [moment.actions] : [])).at(1);
    expect(starting?.map(({ type }) => type)).toEqual(['PatchStatus', 'EmitEvent', 'EmitEvent', 'RequeueAt']);
  });

  test('counts from the child, which a crash may have delayed', () => {
    const story = beginInterrupted([tool('a', [], { timeoutSeconds: 60 })]);
    pass(story, 3600);
    expect(statusOf(story, 'a')).toMatchObject({ phase: 'Running', attempt: 1 });
    expect(requeuedIn(story)).toBe(60);
    pass(story, 60);
    expect(statusOf(story, 'a').reason).toBe('StepTimedOut');
  });

  test('does not end an attempt whose child nobody has seen: it may run all the same', () => {
    const story = beginInterrupted([tool('a', [], { timeoutSeconds: 60, retries: 1 })]);
    const { world } = story;
    plan(world);
    act(world);
    act(world, 'Lost');
    world.nowMs += 60_000;
    plan(world);
    expect(world.plan?.actions.map(({ type }) => type)).toEqual(['PatchStatus', 'CreateChild']);
    settle(world);
    expect(statusOf(story, 'a')).toMatchObject({ phase: 'Retrying', attempt: 1 });
    expect(createdBy(story)).toEqual(['a.1']);
  });

  test('of a gate counts from when it began to wait', () => {
    const story = begin([{ name: 'ask', kind: 'ApprovalGate', policyRef: 'board', timeoutSeconds: 60 }]);
    expect(requeuedIn(story)).toBe(60);
    pass(story, 60);
    expect(statusOf(story, 'ask').reason).toBe('StepTimedOut');
  });

  test('of the run fails what runs or waits for a retry, skips the rest, and tolerates nothing', () => {
    const lenient = { continueOnFailure: true, retries: 3 };
    const steps = [
      tool('a', [], lenient),
      tool('b', ['a']),
      tool('c', []),
      tool('d', [], { retries: 1, retryBackoffSeconds: 600 }),
    ];
    const story = begin(steps, { policies: { timeouts: { totalSeconds: 100 } } });
    end(story, 'c', 'Succeeded');
    end(story, 'd', 'Failed', 'exit 1');
    annotate(story, 'suspend');
    expect(requeuedIn(story)).toBe(100);
    pass(story, 100);
    expect(phasesOf(story)).toBe('a: Failed, b: Skipped, c: Succeeded, d: Failed');
    expect(statusOf(story, 'a')).toMatchObject({ reason: 'RunTimedOut', message: 'the run took longer than 100 s' });
    expect(statusOf(story, 'a').ignored).toBeUndefined();
    expect(statusOf(story, 'b').reason).toBe('RunTimedOut');
    expect(standingOf(story)).toBe('Failed, RunTimedOut: the run took longer than 100 s: "a", "b", "d"');
    expect(
      listChildren(story.world.api).map(({ metadata }) => [metadata.name, metadata.deletionTimestamp !== undefined]),
    ).toEqual([
      ['a.1.1', true],
      ['c.1.1', false],
      ['d.1.1', false],
    ]);
  });
});

describe('3.9 the snapshot', () => {
  test('is what the run follows, whatever becomes of the Orchestration', () => {
    const story = begin([tool('a'), tool('b')]);
    const steps = [tool('a'), tool('x')];
    story.world.api.patch(ORCHESTRATIONS, orchestration, { type: 'merge', body: { spec: { steps } } });
    end(story, 'a', 'Succeeded');
    story.world.api.delete(ORCHESTRATIONS, orchestration);
    end(story, 'b', 'Succeeded');
    expect(phasesOf(story)).toBe('a: Succeeded, b: Succeeded');
    expect(standingOf(story)).toMatch(/^Succeeded/);
  });

  test('is taken before the run is claimed, and is used when a crash comes between', () => {
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

  test('that is deleted ends the run, which cannot know any more what to do', () => {
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

  test('that is deleted ends the run as failed, also if the status says nothing of any step', () => {
    const story = begin([tool('a')]);
    const { api } = story.world;
    const status = { stepStatuses: [] };
    api.patch(RUNS, run, { type: 'merge', body: { status } }, { subresource: 'status' });
    const name = nameSnapshot(storedRun(story.world)?.metadata.uid ?? '');
    api.delete(REVISIONS, { namespace: NAMESPACE, name });
    settle(story.world);
    expect(standingOf(story)).toBe('Failed, SnapshotLost: the snapshot that the run follows was deleted');
  });

  test('whose name somebody else has taken fails the run', () => {
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
      /^Failed, SnapshotNameTaken: ControllerRevision \S+ exists and is not what this run would store/,
    );
  });
});

const suspended = { 'orchestration.proompteng.ai/suspend': 'true' };
const cancelled = { 'orchestration.proompteng.ai/cancel': 'true' };

describe('3.10 a cancelled run', () => {
  test('starts nothing more, and its running children are recorded, then deleted', () => {
    const steps = [
      tool('a', []),
      tool('b', [], { retries: 1, retryBackoffSeconds: 60 }),
      tool('c', ['a']),
      tool('d', []),
    ];
    const story = begin(steps);
    end(story, 'b', 'Failed', 'exit 1');
    end(story, 'd', 'Succeeded');
    annotate(story, 'cancel');
    expect(phasesOf(story)).toBe('a: Cancelled, b: Cancelled, c: Cancelled, d: Succeeded');
    expect(['a', 'b', 'c'].map((step) => statusOf(story, step).reason)).toEqual(Array(3).fill('RunCancelled'));
    expect(standingOf(story)).toBe('Cancelled, RunCancelled: the run was cancelled: "a", "b", "c"');
    expect(childOf(story, 'a')?.metadata.deletionTimestamp).toBeDefined();
  });

  test('keeps the child of an attempt that had failed by itself', () => {
    const story = begin([tool('a', [], { retries: 1, retryBackoffSeconds: 60 })]);
    end(story, 'a', 'Failed', 'exit 1');
    annotate(story, 'cancel');
    expect(statusOf(story, 'a').phase).toBe('Cancelled');
    expect(childOf(story, 'a')?.metadata.deletionTimestamp).toBeUndefined();
  });

  test('deletes a child that it hears of only afterwards', () => {
    const story = beginInterrupted([tool('a')], { annotations: {} });
    const { world } = story;
    plan(world);
    act(world);
    act(world, 'Lost');
    const created = listChildren(world.api)[0] as KubeObject;
    world.api.patch(RUNS, run, { type: 'merge', body: { metadata: { annotations: cancelled } } });
    deliver(world, keyOf(RUNS.kind, RUN));
    plan(world);
    while (world.plan !== undefined) act(world);
    expect(standingOf(story)).toMatch(/^Cancelled/);
    expect(created.metadata.deletionTimestamp).toBeUndefined();
    settle(world);
    expect(childOf(story, 'a')?.metadata.deletionTimestamp).toBeDefined();
  });

  test('that had not started ends at once, with an event', () => {
    const story = begin([tool('a')], { annotations: { ...cancelled, ...suspended } });
    expect(standingOf(story)).toBe('Cancelled, RunCancelled: the run was cancelled before it started');
    expect(eventsOf(story)).toEqual(['Normal Cancelled: RunCancelled: the run was cancelled before it started']);
    expect(story.world.api.list(REVISIONS).items).toEqual([]);
  });

  test('that is over stays as it is', () => {
    const story = begin([tool('a')]);
    end(story, 'a', 'Succeeded');
    annotate(story, 'cancel');
    expect(standingOf(story)).toMatch(/^Succeeded/);
  });
});

describe('3.10 a suspended run', () => {
  test('starts nothing and retries nothing until it is resumed, but lets end what runs', () => {
    const steps = [
      tool('a', [], { retries: 1 }),
      tool('b', []),
      tool('c', ['b']),
      tool('d', [], { timeoutSeconds: 60 }),
    ];
    const story = begin(steps);
    annotate(story, 'suspend');
    end(story, 'a', 'Failed');
    end(story, 'b', 'Succeeded');
    pass(story, 60);
    expect(phasesOf(story)).toBe('a: Retrying, b: Succeeded, c: Pending, d: Failed');
    expect(standingOf(story)).toBe(
      'Running, Suspended: 2 of 4 steps done; nothing new starts while the run is suspended',
    );
    annotate(story, 'suspend', null);
    expect(phasesOf(story)).toBe('a: Running, b: Succeeded, c: Running, d: Failed');
  });

  test('creates no child for an attempt that was recorded before', () => {
    const story = beginInterrupted([tool('a')]);
    annotate(story, 'suspend');
    expect(phasesOf(story)).toBe('a: Running');
    expect(createdBy(story)).toEqual([]);
    annotate(story, 'suspend', null);
    expect(createdBy(story)).toEqual(['a.1']);
  });

  test('that was created so stays Pending without a snapshot', () => {
    const story = begin([tool('a')], { annotations: suspended });
    expect(standingOf(story)).toBe('Pending, Suspended: the run waits for its suspend annotation to go');
    expect(story.world.api.list(REVISIONS).items).toEqual([]);
    annotate(story, 'suspend', null);
    expect(phasesOf(story)).toBe('a: Running');
  });

  test('is cancelled all the same', () => {
    const story = begin([tool('a')]);
    annotate(story, 'suspend');
    annotate(story, 'cancel');
    expect(phasesOf(story)).toBe('a: Cancelled');
  });
});

describe('3.11 what is over', () => {
  test('stays over: nothing is written any more, whatever becomes of the children', () => {
    const story = begin([tool('a', []), tool('b', [], { retries: 3 })]);
    end(story, 'a', 'Succeeded');
    end(story, 'b', 'Cancelled');
    const before = storedRun(story.world);
    end(story, 'a', 'Failed');
    story.world.api.delete(TOOL_RUNS, (childOf(story, 'b') as KubeObject).metadata);
    pass(story, 1e6);
    annotate(story, 'suspend');
    expect(storedRun(story.world)?.['status']).toBe(before?.['status']);
  });

  test('of a step stays over while the run goes on', () => {
    const story = begin([tool('a', []), tool('b', [])]);
    end(story, 'a', 'Succeeded');
    const before = statusOf(story, 'a');
    end(story, 'a', 'Failed');
    story.world.api.delete(TOOL_RUNS, (childOf(story, 'a') as KubeObject).metadata);
    settle(story.world);
    expect(statusOf(story, 'a')).toEqual(before);
    expect(phasesOf(story)).toBe('a: Succeeded, b: Running');
  });
});

describe('3.12 a SubOrchestration', () => {
  const nested = [{ name: 'sub', kind: 'SubOrchestration', orchestrationRef: { name: 'other' } }];

  test('is a child run of its own, whose end is the end of the step', () => {
    const story = begin(nested);
    expect(childOf(story, 'sub')).toMatchObject({
      kind: 'OrchestrationRun',
      spec: { orchestrationRef: { name: 'other' } },
    });
    end(story, 'sub', 'Failed', 'its own reason');
    expect(statusOf(story, 'sub').message).toBe('its own reason');
  });

  test('that runs one of those that run it fails, and names the loop', () => {
    expect(standingOf(begin(nested, { ancestry: ['outer', ORCHESTRATION] }))).toBe(
      'Failed, SubOrchestrationCycle: "nightly" is run by "outer" is run by "nightly": it would never end',
    );
  });

  test('may stand below nine others, and not below ten', () => {
    const ancestry = Array.from({ length: 10 }, (_, i) => `level-${i}`);
    expect(standingOf(begin(nested, { ancestry: ancestry.slice(1) }))).toMatch(/^Running/);
    expect(standingOf(begin(nested, { ancestry }))).toBe(
      'Failed, SubOrchestrationTooDeep: more than 10 orchestrations run each other',
    );
  });
});

describe('3.13 maxParallel', () => {
  test('bounds the children that run; the others stay Pending, and follow in declaration order', () => {
    const story = begin([tool('a', []), tool('b', []), tool('c', []), tool('d', [])], { policies: { maxParallel: 2 } });
    expect(phasesOf(story)).toBe('a: Running, b: Running, c: Pending, d: Pending');
    end(story, 'b', 'Succeeded');
    expect(phasesOf(story)).toBe('a: Running, b: Succeeded, c: Running, d: Pending');
  });

  test('does not count steps without a child', () => {
    const gate = { name: 'ask', kind: 'ApprovalGate', policyRef: 'board', dependsOn: [] };
    const story = begin([gate, tool('a', []), tool('b', [])], { policies: { maxParallel: 1 } });
    expect(phasesOf(story)).toBe('ask: Running, a: Running, b: Pending');
  });

  test('counts a child that timed out until it is gone', () => {
    const story = begin([tool('a', [], { timeoutSeconds: 60 }), tool('b', [])], { policies: { maxParallel: 1 } });
    pass(story, 60);
    expect(phasesOf(story)).toBe('a: Failed, b: Pending');
    collectGarbage(story);
    expect(phasesOf(story)).toBe('a: Failed, b: Running');
  });

  test('makes a retry wait as well, which then comes before what is new', () => {
    const steps = [tool('a', []), tool('b', [], { retries: 1, retryBackoffSeconds: 10 })];
    const story = begin([...steps, tool('c', []), tool('d', [])], { policies: { maxParallel: 2 } });
    end(story, 'b', 'Failed');
    expect(phasesOf(story)).toBe('a: Running, b: Retrying, c: Running, d: Pending');
    pass(story, 10);
    expect(phasesOf(story)).toBe('a: Running, b: Retrying, c: Running, d: Pending');
    end(story, 'c', 'Succeeded');
    expect(phasesOf(story)).toBe('a: Running, b: Running, c: Succeeded, d: Pending');
  });
});

describe('3.14 of two things that are due at once', () => {
  /** Ends the child of `a`, lets time pass and cancels, before anybody looks. */
  function due(steps: readonly Step[], { phase = '', seconds = 0, cancel = false, policies = {} }): Story {
    const story = begin(steps, { policies });
    const { world } = story;
    const child = childOf(story, 'a') as KubeObject;
    if (phase !== '') setPhase(world, child, phase, 'exit 1');
    if (cancel) world.api.patch(RUNS, run, { type: 'merge', body: { metadata: { annotations: cancelled } } });
    pass(story, seconds);
    return story;
  }
  const hurried = tool('a', [], { timeoutSeconds: 10 });
  const total = { timeouts: { totalSeconds: 10 } };

  test('the outcome of a child comes before its timeout', () => {
    expect(phasesOf(due([hurried], { phase: 'Succeeded', seconds: 10 }))).toBe('a: Succeeded');
  });

  test('the end of the run comes before cancel and deadline', () => {
    expect(standingOf(due([hurried], { phase: 'Succeeded', cancel: true }))).toMatch(/^Succeeded/);
    expect(standingOf(due([hurried], { phase: 'Failed', seconds: 10, policies: total }))).toMatch(
      /^Failed, StepFailed/,
    );
  });

  test('an outcome is recorded before the cancel ends the rest', () => {
    expect(phasesOf(due([hurried, tool('b', ['a'])], { phase: 'Succeeded', cancel: true }))).toBe(
      'a: Succeeded, b: Cancelled',
    );
  });

  test('a failure is handed on before the cancel ends the rest', () => {
    const story = due([hurried, tool('b', ['a'])], { phase: 'Failed', cancel: true });
    expect(phasesOf(story)).toBe('a: Failed, b: Skipped');
    expect(standingOf(story)).toMatch(/^Failed/);
  });

  test('cancel comes before the deadline of the run', () => {
    expect(phasesOf(due([hurried], { seconds: 10, cancel: true, policies: total }))).toBe('a: Cancelled');
  });

  test('the deadline of the run comes before that of an attempt', () => {
    expect(statusOf(due([hurried], { seconds: 10, policies: total }), 'a').reason).toBe('RunTimedOut');
  });
});

describe('a child', () => {
  test('that is gone before its end has failed its attempt', () => {
    const story = begin([tool('a', [], { retries: 1 })]);
    story.world.api.delete(TOOL_RUNS, (childOf(story, 'a') as KubeObject).metadata);
    settle(story.world);
    expect(createdBy(story)).toEqual(['a.1', 'a.2']);
    story.world.api.delete(TOOL_RUNS, (childOf(story, 'a') as KubeObject).metadata);
    settle(story.world);
    expect(statusOf(story, 'a')).toMatchObject({
      phase: 'Failed',
      reason: 'ChildDeleted',
      message: 'ToolRun a.2.1 is gone, and its end was not seen',
    });
  });

  test('is not created anew by somebody who missed that it has come and gone', () => {
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

  test('that came again under the same name is another one', () => {
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
      'that the run owns beside its controller',
      [{ apiVersion: 'x', kind: 'OrchestrationRun', name: RUN, uid: 'orchestrationruns/nightly-1/1' }],
    ],
  ])('is never an object %s, though it has the name', (_, ownerReferences) => {
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
      message: "ToolRun a.1.1 exists and is not this run's",
    });
  });

  test('that the API server refuses has failed its attempt, in the words of the API server', () => {
    const story = beginInterrupted([tool('a')]);
    story.world.refused = new Set(['a.1.1']);
    settle(story.world);
    expect(statusOf(story, 'a')).toMatchObject({ phase: 'Failed', reason: 'ChildRefused', message: 'exceeded quota' });
  });

  test('gets the lifetime it was asked for once its result is recorded', () => {
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

describe('a run', () => {
  test('waits for its Orchestration from when that was first missed', () => {
    const story = begin(undefined);
    expect(standingOf(story)).toBe('Pending, MissingOrchestration: waits for the Orchestration "nightly" to appear');
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
    expect(standingOf(story)).toBe('Failed, MissingOrchestration: there was no Orchestration "nightly" for 300 s');
  });

  test('of an Orchestration that can never run fails with the code of the gate', () => {
    const story = begin([tool('a')], { annotations: suspended });
    const snapshot = story.moments.flatMap((moment) => (moment.type === 'Planned' ? [moment.snapshot] : [])).at(-1);
    if (snapshot === undefined) throw new Error('nothing was planned');
    const denial = { code: 'DependencyCycle', message: 'spec.steps[0].dependsOn[0]: a → b → a' } as const;
    const found = {
      state: 'Found',
      orchestration: { name: 'nightly', namespace: NAMESPACE, policies: {}, steps: [] },
      denial,
    } as const;
    const actions = planRun({ ...snapshot, run: { ...snapshot.run, isSuspended: false }, orchestration: found }, 0, {
      nameChild,
      missingOrchestrationSeconds: 300,
    });
    expect(actions).toMatchObject([
      { type: 'PatchStatus', status: { phase: 'Failed', conditions: [{ reason: 'DependencyCycle' }, {}, {}, {}] } },
      { type: 'EmitEvent', eventType: 'Warning', message: 'DependencyCycle: spec.steps[0].dependsOn[0]: a → b → a' },
    ]);
  });

  test('is not written anew while its child cannot be created: each write would wake it, to try again at once', () => {
    const story = beginInterrupted([tool('a')]);
    const { world } = story;
    const before = storedRun(world);
    for (let attempt = 0; attempt < 3; attempt++) {
      world.nowMs += 1_000;
      plan(world);
      expect(lastPlan(story).map(({ type }) => type)).toEqual(['PatchStatus', 'CreateChild']);
      act(world);
      act(world, 'Failed');
    }
    expect(storedRun(world)).toEqual(before);
    settle(world);
    expect(createdBy(story)).toEqual(['a.1']);
  });

  test('is deleted when its time after the end has come', () => {
    const story = begin([tool('a')], { policies: { ttlSecondsAfterFinished: 60 } });
    end(story, 'a', 'Succeeded');
    expect(requeuedIn(story)).toBe(60);
    pass(story, 59);
    expect(storedRun(story.world)).toBeDefined();
    pass(story, 1);
    expect(storedRun(story.world)).toBeUndefined();
  });

  test('is left alone while it is being deleted, or when another controller writes its status', () => {
    const snapshot = firstLook(begin([tool('a')]));
    expect(planRun({ ...snapshot, run: { ...snapshot.run, isBeingDeleted: true } }, 0, options)).toEqual([]);
    expect(planRun({ ...snapshot, run: { ...snapshot.run, isContested: true } }, 0, options)).toEqual([
      {
        type: 'EmitEvent',
        eventType: 'Warning',
        reason: 'StatusContested',
        message:
          'another controller works on "nightly-1", so it is left alone here: switch one of the two off; to have all its ' +
          'steps done again here: kubectl -n agents patch orchestrationrun nightly-1 --subresource=status --type=merge ' +
          `-p '{"status": null}'`,
      },
    ]);
  });

  test('says nothing that contradicts its end, when another controller has ended it', () => {
    const story = begin([tool('a')]);
    const { run } = firstLook(story);
    const time = '2026-01-01T00:00:00Z';
    const condition = (type: string, status: string, reason: string) => ({
      ...{ type, status, reason, message: '', lastTransitionTime: time },
    });
    const accepted = condition('Accepted', 'True', 'Submitted');
    const stored = (phase: string, ...conditions: object[]) => ({
      phase,
      stepStatuses: [{ name: 'a', phase }],
      conditions,
    });
    const ours = ['Ready False', 'Progressing True', 'Succeeded Unknown'].map((words) => {
      const [type = '', status = ''] = words.split(' ');
      return condition(type, status, 'Running');
    });
    const conditionsAfter = (status: object) => {
      const [patch] = planRun(
        { ...firstLook(story), run: { ...run, isContested: true, stored: { ...status } } },
        0,
        options,
      );
      if (patch?.type !== 'PatchStatus') return undefined;
      return patch.status.conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`);
    };
    expect(
      conditionsAfter(stored('Succeeded', ...ours.slice(0, 2), condition('Succeeded', 'True', 'Succeeded'), accepted)),
    ).toEqual([
      'Ready True StatusContested',
      'Progressing False StatusContested',
      'Succeeded True Succeeded',
      'Accepted True Submitted',
    ]);
    expect(conditionsAfter(stored('Failed', ...ours, condition('Failed', 'True', 'StepFailed')))).toEqual([
      'Ready False Running',
      'Progressing False StatusContested',
      'Succeeded False StatusContested',
      'Failed True StepFailed',
    ]);
    const right = [condition('Ready', 'True', 'Derived'), condition('Progressing', 'False', 'Derived')];
    expect(conditionsAfter(stored('Succeeded', ...right))).toBeUndefined();
  });

  test('that nobody has started waits while another controller may start it, and says so once that one is seen', () => {
    const story = begin([tool('a')]);
    const snapshot = firstLook(story);
    const at = new Date(60_000).toISOString();
    const planWith = (isActive: boolean, status = snapshot.run.status, stored = snapshot.run.stored) =>
      planRun(
        { ...snapshot, run: { ...snapshot.run, status, stored }, rival: { isActive, untilMs: 60_000 } },
        0,
        options,
      );
    expect(planWith(false)).toEqual([{ type: 'RequeueAt', time: at }]);
    const [patch, event, requeue] = planWith(true);
    if (patch?.type !== 'PatchStatus') throw new Error('it says nothing');
    expect(patch.status.phase).toBe('Pending');
    const { reason, message = '' } = patch.status.conditions[0] ?? {};
    expect([reason, requeue]).toEqual(['StatusContested', { type: 'RequeueAt', time: at }]);
    expect(event).toMatchObject({ type: 'EmitEvent', eventType: 'Warning', reason: 'StatusContested' });
    expect(message).toContain('helm upgrade agents CHART --reuse-values --set orchestrationController.enabled=false');
    expect(message).toContain('turn its flag agents.orchestration_controller.enabled off');
    expect(message.length).toBeLessThan(256);
    expect(planWith(true, patch.status, { ...patch.status })).toEqual([requeue]);
    const cancelled = { ...snapshot.run, isCancelled: true };
    const [ended] = planRun({ ...snapshot, run: cancelled, rival: { isActive: true, untilMs: 60_000 } }, 0, options);
    expect(ended).toMatchObject({ status: { phase: 'Cancelled' } });
  });

  test('that is a template never starts, and one that has started goes on', () => {
    const story = begin([tool('a')]);
    const snapshot = firstLook(story);
    const planAs = (changes: object) => planRun({ ...snapshot, run: { ...snapshot.run, ...changes } }, 0, options);
    expect(planAs({})).not.toEqual([]);
    expect(planAs({ isTemplate: true })).toEqual([]);
    expect(planAs({ isTemplate: true, isCancelled: true })).toEqual([]);
    const started = story.moments.findLast((moment) => moment.type === 'Planned');
    if (started === undefined) throw new Error('nothing was planned');
    end(story, 'a', 'Succeeded');
    expect(standingOf(story)).toContain('Succeeded');
    const { run } = started.snapshot;
    expect(
      planRun({ ...started.snapshot, run: { ...run, isTemplate: true, isCancelled: true } }, 0, options),
    ).not.toEqual([]);
  });

  test('survives a status that makes no sense', () => {
    const story = begin([tool('a', [], { timeoutSeconds: 5, retries: 1 })], {
      policies: { timeouts: { totalSeconds: 5 }, ttlSecondsAfterFinished: 5 },
    });
    for (const phase of ['Running', 'Retrying', 'Pending', 'Failed']) {
      const body = {
        status: {
          startedAt: 'x',
          phase: phase === 'Failed' ? phase : 'Running',
          finishedAt: 'x',
          stepStatuses: [{ name: 'a', kind: 'ToolRun', phase, attempt: 1, startedAt: 'x', nextRetryAt: 'x' }],
        },
      };
      story.world.api.patch(RUNS, run, { type: 'merge', body }, { subresource: 'status' });
      expect(() => settle(story.world)).not.toThrow();
    }
  });
});
