import { describe, expect, test } from 'vitest';
import { KubeError } from '../../src/kube/errors.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import { listChildren, NAMESPACE, RUN, RUNS, resourceOf } from '../support/model/engine.ts';
import { type Step, tool } from '../support/model/play.ts';
import { type Stage, setStage } from '../support/model/stage.ts';
import { agent } from '../support/run-steps.ts';

const quota = 'agentruns.agents.proompteng.ai "x" is forbidden: exceeded quota: few';

/** Denies an AgentRun while another one exists, like a quota of one. */
function allowOneAgentRun({ api, circumstances }: Stage): void {
  circumstances.fail = (call) => {
    const isThere = listChildren(api).some(({ kind }) => kind === 'AgentRun');
    if (call.startsWith('create AgentRun') && isThere) throw new KubeError('Forbidden', quota, { code: 403 });
  };
}

describe('one failed call', () => {
  test('does not prevent the deletion of a timed-out child, and the step that waited for its place then starts', async () => {
    const run = setStage([agent('hung', { timeoutSeconds: 60 }), agent('waits'), tool('other', [])]);
    allowOneAgentRun(run);
    await run.look();
    expect(run.children()).toEqual(['hung', 'other']);
    run.pass(60);
    await run.look();
    run.collectGarbage();
    await run.look();
    expect(run.stepOf('hung')).toMatchObject({ phase: 'Failed', reason: 'StepTimedOut' });
    expect(run.children()).toEqual(['other', 'waits']);
    expect(run.stepOf('waits')).toMatchObject({ phase: 'Running', reason: 'Started', message: '', attempt: 1 });
  });

  test.each([
    ['a quota', new KubeError('Forbidden', quota, { code: 403 })],
    ['a webhook that is down', new KubeError('Unavailable', 'failed calling webhook "w": refused', { code: 500 })],
    ['a kind that is absent', new KubeError('NotFound', '404 page not found', { code: 404 })],
    [
      'a right that is absent',
      new KubeError('Forbidden', 'User "x" cannot create resource "agentruns"', { code: 403 }),
    ],
  ])('stops no other create: %s', async (_, answer) => {
    const run = setStage([agent('waits', { retries: 3 }), tool('other', [])]);
    run.circumstances.fail = (call) => {
      if (call.startsWith('create AgentRun')) throw answer;
    };
    const outcome = await run.look();
    expect(run.children()).toEqual(['other']);
    expect(outcome).toEqual({ errors: [answer] });
    expect(run.stepOf('waits')).toMatchObject({
      phase: 'Running',
      reason: 'ChildNotCreated',
      message: `cannot create its AgentRun yet: ${answer.message}`,
      attempt: 1,
    });
    // The step reports it once, however often the create is tried.
    const { resourceVersion } = run.api.get(RUNS, { namespace: NAMESPACE, name: RUN }).metadata;
    await run.look(30);
    expect(run.api.get(RUNS, { namespace: NAMESPACE, name: RUN }).metadata.resourceVersion).toBe(resourceVersion);
    run.circumstances.fail = () => {};
    await run.look();
    expect(run.children()).toEqual(['other', 'waits']);
    expect(run.stepOf('waits')).toMatchObject({ reason: 'Started', message: '', attempt: 1 });
  });

  test('reports a new message at most once a minute', async () => {
    const run = setStage([agent('waits')]);
    let count = 0;
    run.circumstances.fail = (call) => {
      if (call.startsWith('create AgentRun')) throw new KubeError('Unavailable', `try ${++count}`, { code: 500 });
    };
    await run.look(5);
    expect(run.stepOf('waits').message).toBe('cannot create its AgentRun yet: try 1');
    await run.look(70);
    expect(run.stepOf('waits').message).toMatch(/try 6\d$/);
  });

  test.each([
    ['for now', new KubeError('Forbidden', quota, { code: 403 })],
    ['for what it is', new KubeError('Invalid', 'admission webhook "w" denied the request: no', { code: 422 })],
  ])('leaves a run Pending if its snapshot is denied %s, and reports it', async (_, answer) => {
    const run = setStage([tool('a', [])]);
    run.circumstances.fail = (call) => {
      if (call.startsWith('create ControllerRevision')) throw answer;
    };
    await run.look();
    const message = `cannot store the snapshot that the run follows yet: ${answer.message}`;
    expect(run.conditionOf('Progressing')).toMatchObject({ reason: 'SnapshotNotStored', message });
    expect(run.status()).toMatchObject({ phase: 'Pending' });
    run.circumstances.fail = () => {};
    await run.look();
    expect(run.children()).toEqual(['a']);
  });

  test('is retried for one child of its kind in each reconcile, in turn, once all have been tried', async () => {
    const names = ['a', 'b', 'c'];
    const run = setStage([...names.map((name) => agent(name)), tool('other', [])]);
    run.circumstances.fail = (call) => {
      if (call.startsWith('create AgentRun')) throw new KubeError('Forbidden', quota, { code: 403 });
    };
    await run.look(10);
    const tried = run.calls(/^create AgentRun/).map((call) => call.split(' ')[2]?.split('.')[0]);
    expect(tried.slice(0, 9)).toEqual([...names, ...names, ...names]);
    expect(tried.length).toBeLessThan(13);
    run.circumstances.fail = (call) => {
      if (call.startsWith('create AgentRun b')) throw new KubeError('Forbidden', quota, { code: 403 });
    };
    await run.look(3);
    expect(new Set(run.children())).toEqual(new Set(['other', 'a', 'c']));
  });

  test('of the status stops all other actions', async () => {
    const run = setStage([tool('a', []), tool('b', [])]);
    run.circumstances.fail = (call) => {
      if (call.startsWith('patch')) throw new KubeError('Forbidden', 'denied request', { code: 403 });
    };
    const outcome = await run.look();
    expect(outcome).toHaveProperty('thrown');
    expect(run.calls(/^(create (Tool|Agent)Run|delete)/)).toEqual([]);
  });

  test('does not delay other children for long, even if it takes long each time', async () => {
    const run = setStage([agent('slow', { dependsOn: [] }), agent('slower', { dependsOn: [] }), tool('other', [])]);
    run.circumstances.fail = (call) => {
      if (!call.startsWith('create AgentRun')) return;
      run.pass(30);
      throw new KubeError('Unavailable', 'failed calling webhook "w": timeout', { code: 500 });
    };
    await run.look(5);
    expect(run.children()).toEqual(['other']);
    expect(new Set(run.calls(/^create AgentRun/)).size).toBe(2);
  });

  test('of a delete or a lifetime does not prevent the run from expiring', async () => {
    const run = setStage([agent('a', { ttlSecondsAfterFinished: 5 })], { policies: { ttlSecondsAfterFinished: 60 } });
    run.circumstances.fail = (call) => {
      if (call.startsWith('limit')) throw new KubeError('Invalid', 'spec.ttlSecondsAfterFinished: no', { code: 422 });
    };
    await run.look(5);
    run.end('a', 'Succeeded');
    expect(await run.look(5)).toMatchObject({ afterMs: expect.any(Number) });
    run.pass(60);
    await run.look(2);
    expect(run.calls(/^delete OrchestrationRun/)).toHaveLength(1);
  });
});

describe('a kind that cannot be listed', () => {
  const wait: Step = {
    name: 'wait',
    kind: 'SignalWait',
    signalRef: { name: 'go' },
    dependsOn: [],
    timeoutSeconds: 600,
  };
  const words = 'signaldeliveries.signals.proompteng.ai is forbidden: User "x" cannot list resource';

  /** A run that begins while this kind cannot be listed. */
  function beginUnreadable(steps: readonly Step[], kind: string, policies: object = {}) {
    const run = setStage(steps, { policies });
    run.circumstances.unreadable.set(kind, words);
    return run;
  }

  test('affects only the steps of that kind, which report it; other steps continue', async () => {
    const run = beginUnreadable([tool('first', []), { ...wait, dependsOn: ['first'] }], 'SignalDelivery');
    await run.look();
    expect(run.children()).toEqual(['first']);
    run.end('first', 'Succeeded');
    await run.look();
    const waiting = { phase: 'Running', reason: 'KindUnreadable', message: `cannot list SignalDelivery: ${words}` };
    expect(run.stepOf('wait')).toMatchObject(waiting);
    run.circumstances.unreadable.clear();
    await run.look();
    expect(run.stepOf('wait')).toMatchObject({ phase: 'Running', reason: 'SignalPending' });
  });

  test.each(['SignalDelivery', 'ToolRun'])('does not disable cancel, deadline and timeouts: %s', async (kind) => {
    const steps = [tool('first', []), wait];
    const cancelled = beginUnreadable(steps, kind);
    await cancelled.look();
    cancelled.annotate('cancel');
    await cancelled.look();
    expect(cancelled.status().phase).toBe('Cancelled');
    const late = beginUnreadable(steps, kind, { timeouts: { totalSeconds: 60 } });
    await late.look();
    late.pass(60);
    await late.look();
    expect([late.status().phase, late.stepOf('wait').reason]).toEqual(['Failed', 'RunTimedOut']);
    const timedOut = beginUnreadable(steps, kind);
    await timedOut.look();
    timedOut.pass(600);
    await timedOut.look();
    expect(timedOut.stepOf('wait')).toMatchObject({ phase: 'Failed', reason: 'StepTimedOut' });
  });

  test('creates no child that could not be followed, and a child is not assumed to be gone', async () => {
    const run = setStage([tool('first', [], { timeoutSeconds: 60, retries: 1 }), agent('other')]);
    await run.look();
    run.circumstances.unreadable.set('ToolRun', words);
    run.circumstances.unreadable.set('AgentRun', words);
    await run.look();
    expect(run.stepOf('first')).toMatchObject({ phase: 'Running', reason: 'KindUnreadable', attempt: 1 });
    run.pass(60);
    await run.look();
    // The child is deleted by its uid. The next attempt waits until the copy shows that the child is gone.
    expect(run.calls(/^delete ToolRun/).length).toBeGreaterThan(0);
    expect(run.stepOf('first')).toMatchObject({ phase: 'Retrying', reason: 'StepTimedOut', attempt: 1 });
    run.circumstances.unreadable.clear();
    run.collectGarbage();
    await run.look();
    expect(run.stepOf('first')).toMatchObject({ phase: 'Running', reason: 'Started', attempt: 2 });
    expect(run.calls(/^create AgentRun/)).toHaveLength(1);
  });

  test('leaves a run that waits for its Orchestration Pending, and reports it', async () => {
    const run = beginUnreadable([tool('a', [])], 'Orchestration');
    await run.look();
    expect(run.conditionOf('Progressing')).toMatchObject({
      reason: 'KindUnreadable',
      message: `cannot list Orchestration: ${words}`,
    });
    run.annotate('cancel');
    await run.look();
    expect(run.status().phase).toBe('Cancelled');
  });
});

describe('objects that can be listed but not read one by one', () => {
  const words = 'User "x" cannot get resource';

  test('affect only the steps whose child is in doubt, which report it; other steps continue', async () => {
    const run = setStage([tool('first', []), agent('other'), tool('next', ['other'])]);
    await run.look();
    run.end('other', 'Succeeded');
    const child = listChildren(run.api).find(({ kind }) => kind === 'ToolRun') as KubeObject;
    run.api.delete(resourceOf('ToolRun'), child.metadata);
    run.circumstances.unreads.set('ToolRun', words);
    expect(await run.look()).toMatchObject({ errors: [{ message: words }] });
    const waiting = {
      phase: 'Running',
      reason: 'KindUnreadable',
      message: `cannot check ToolRun ${child.metadata.name}: ${words}`,
      attempt: 1,
    };
    expect(run.stepOf('first')).toMatchObject(waiting);
    expect(run.children()).toContain('next');
    run.circumstances.unreads.clear();
    await run.look();
    expect(run.stepOf('first')).toMatchObject({ phase: 'Failed', reason: 'ChildDeleted' });
  });

  test.each(['ToolRun', 'ControllerRevision'])('never prevent a cancel: %s', async (kind) => {
    const run = setStage([tool('first', []), tool('gone', [])], { policies: { ttlSecondsAfterFinished: 600 } });
    await run.look();
    const child = listChildren(run.api).find(({ metadata }) => metadata.name.startsWith('gone')) as KubeObject;
    run.api.delete(resourceOf('ToolRun'), child.metadata);
    run.circumstances.unreads.set(kind, words);
    run.replaceEngine();
    run.annotate('cancel');
    await run.look();
    run.collectGarbage();
    expect([run.status().phase, run.children()]).toEqual(['Cancelled', []]);
    expect(run.status().stepStatuses).toMatchObject([{ phase: 'Cancelled' }, { phase: 'Cancelled' }]);
    // The lifetime is in the snapshot, so it is recorded when the snapshot can be read.
    run.circumstances.unreads.clear();
    await run.look();
    expect(run.conditionOf('Expires')).toMatchObject({ status: 'True', message: expect.stringContaining('600 s') });
  });

  test('let a run with cleanup wait for its snapshot, unless the cancel says "now"', async () => {
    const run = setStage([tool('first', []), tool('down', ['first'], { runIf: 'Always' })]);
    await run.look();
    run.circumstances.unreads.set('ControllerRevision', words);
    run.replaceEngine();
    run.annotate('cancel');
    await run.look();
    expect(run.status().phase).toBe('Running');
    run.annotate('cancel', 'now');
    await run.look();
    expect(run.status().phase).toBe('Cancelled');
  });

  test('leave a run unchanged if they are its snapshot, and the run reports it', async () => {
    const run = setStage([tool('first', []), tool('next', ['first'])]);
    await run.look();
    const before = run.status().stepStatuses;
    run.circumstances.unreads.set('ControllerRevision', words);
    run.replaceEngine();
    run.end('first', 'Succeeded');
    expect(await run.look()).toMatchObject({ errors: [{ message: words }] });
    const message = `cannot read the snapshot that the run follows: ${words}`;
    expect(run.conditionOf('Progressing')).toMatchObject({ status: 'True', reason: 'SnapshotUnreadable', message });
    expect(run.status()).toMatchObject({ phase: 'Running', stepStatuses: before });
    run.circumstances.unreads.clear();
    await run.look();
    expect(run.stepOf('first').phase).toBe('Succeeded');
    expect(run.conditionOf('Progressing')).toMatchObject({ reason: 'Running', message: '1 of 2 steps done' });
  });

  test('leave a run that has not begun Pending, and the run reports it', async () => {
    const run = setStage([tool('first', [])]);
    run.circumstances.unreads.set('ControllerRevision', words);
    await run.look();
    const message = `cannot read the snapshot that the run follows: ${words}`;
    expect(run.conditionOf('Progressing')).toMatchObject({ reason: 'SnapshotUnreadable', message });
    expect([run.status().phase, run.children()]).toEqual(['Pending', []]);
    run.circumstances.unreads.clear();
    await run.look();
    expect(run.children()).toEqual(['first']);
  });
});

describe('a run that changes between two creates', () => {
  const steps = Array.from({ length: 300 }, (_, index) => tool(`s${index}`, []));

  test.each<[string, (run: Stage) => void]>([
    ['cancelled', (run) => run.annotate('cancel')],
    ['suspended', (run) => run.annotate('suspend')],
    [
      'deleted',
      (run) => run.api.delete(RUNS, { namespace: NAMESPACE, name: RUN }, { propagationPolicy: 'Foreground' }),
    ],
    ['gone', (run) => run.api.delete(RUNS, { namespace: NAMESPACE, name: RUN })],
    [
      'written by another engine',
      ({ api }) => {
        const stored = api.get(RUNS, { namespace: NAMESPACE, name: RUN });
        const { stepStatuses } = stored['status'] as { stepStatuses: object[] };
        const [first, ...rest] = stepStatuses;
        const body = { status: { stepStatuses: [{ ...first, attempt: 2 }, ...rest] } };
        api.patch(RUNS, { namespace: NAMESPACE, name: RUN }, { type: 'merge', body }, { subresource: 'status' });
      },
    ],
  ])('creates no more children if it is %s at the fifth of 300', async (_, change) => {
    const run = setStage(steps);
    run.circumstances.after = () => {
      if (run.calls(/^create ToolRun/).length === 5) change(run);
    };
    while (run.calls(/^create ToolRun/).length === 0) await run.look(1);
    expect(run.calls(/^create ToolRun/)).toHaveLength(5);
  });

  test('creates all children if it is only labelled', async () => {
    const run = setStage(steps);
    run.circumstances.after = (call) => {
      if (!call.startsWith('create ToolRun')) return;
      const body = { metadata: { labels: { at: call } } };
      run.api.patch(RUNS, { namespace: NAMESPACE, name: RUN }, { type: 'merge', body });
    };
    await run.look(3);
    expect(run.children()).toHaveLength(300);
    expect(new Set(run.calls(/^create ToolRun/)).size).toBe(run.calls(/^create ToolRun/).length);
  });
});
