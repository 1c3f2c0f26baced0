import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../src/objects/object.ts';
import { decodeRunStatus } from '../../src/orchestration/decode-status.ts';
import type { RunStatus, StepStatus } from '../../src/orchestration/run-status.ts';
import { API_VERSION } from '../../src/orchestration/schema.ts';
import { Annotation } from '../../src/orchestration/vocabulary/metadata.ts';
import { nameSnapshot } from '../../src/reconciler/names.ts';
import {
  listChildren,
  NAMESPACE,
  ORCHESTRATIONS,
  REVISIONS,
  RUNS,
  setPhase,
  type World,
} from '../support/model/engine.ts';
import { type Step, tool } from '../support/model/play.ts';
import { type StageOptions, setStage } from '../support/model/stage.ts';

const steps = [tool('build'), tool('test'), tool('deploy')];
const inner = { steps: [tool('up'), tool('check')] };
const sub = (rest: Partial<Step> = {}): Step => ({
  ...{ name: 'sub', kind: 'SubOrchestration', orchestrationRef: { name: 'inner' }, ...rest },
});

/** Runs of the Orchestration `nightly`, and an engine that reconciles them. `nightly-1` is the first. */
function openTheatre(of: readonly Step[], options: StageOptions = {}) {
  const stage = setStage(of, options);
  const { api } = stage;
  const find = (name: string) =>
    api.all().find(({ kind, metadata }) => kind === RUNS.kind && metadata.name === name) as KubeObject;
  const statusOf = (run: string): RunStatus => decodeRunStatus(find(run)['status']);
  const stepOf = (run: string, step: string) =>
    statusOf(run).stepStatuses.find(({ name }) => name === step) as StepStatus;
  const childOf = (run: string, step: string) =>
    listChildren(api).find(({ metadata }) => metadata.name === stepOf(run, step).resourceRef?.name) as KubeObject;

  return {
    ...stage,
    find,
    statusOf,
    stepOf,
    childOf,
    /** Creates a run without reconciling it. */
    create: (name: string, annotations: Readonly<Record<string, string>> = {}, orchestration = 'nightly') =>
      api.create(RUNS, {
        apiVersion: API_VERSION,
        kind: RUNS.kind,
        metadata: { name, namespace: NAMESPACE, annotations },
        spec: { orchestrationRef: { name: orchestration } },
      }),
    /** Ends the children of steps, one after the other. */
    play: async (run: string, ...ends: readonly string[]) => {
      await stage.look();
      for (const end of ends) {
        const [step = '', phase = 'Succeeded'] = end.split(' ');
        setPhase({ api, nowMs: stage.nowMs() } as unknown as World, childOf(run, step), phase, 'as told');
        await stage.look();
      }
    },
    /** The phase and the reason of each step, by name. */
    endsOf: (run: string) =>
      Object.fromEntries(statusOf(run).stepStatuses.map(({ name, phase, reason }) => [name, `${phase} ${reason}`])),
    standingOf: (run: string) => {
      const { phase, conditions } = statusOf(run);
      const { reason, message } = conditions.find(({ type }) => type === 'Succeeded') ?? {};
      return `${phase}, ${reason}: ${message}`;
    },
  };
}

const from = (run: string) => ({ [Annotation.ResumeFrom]: run });

/** The first run has failed in `test`. */
async function openAfterFailure(of: readonly Step[] = steps, options: StageOptions = {}) {
  const theatre = openTheatre(of, options);
  await theatre.play('nightly-1', 'build', 'test Failed');
  expect(theatre.statusOf('nightly-1').phase).toBe('Failed');
  return theatre;
}

describe('a run that continues another one', () => {
  test('inherits what ended well, and runs the rest; the source stays as it is', async () => {
    const { create, play, find, endsOf, stepOf, calls, standingOf } = await openAfterFailure();
    const before = find('nightly-1');
    create('again', from('nightly-1'));
    await play('again', 'test', 'deploy');
    expect(endsOf('again')).toEqual({
      build: 'Succeeded Inherited',
      test: 'Succeeded Completed',
      deploy: 'Succeeded Completed',
    });
    expect(stepOf('again', 'build')).toMatchObject({
      attempt: 0,
      inheritedFrom: 'nightly-1',
      finishedAt: expect.any(String),
    });
    expect(stepOf('again', 'build')).not.toHaveProperty('resourceRef');
    expect(calls(/^create ToolRun build/)).toHaveLength(1);
    expect(standingOf('again')).toBe('Succeeded, Completed: all 3 steps succeeded');
    expect(find('nightly-1')).toBe(before);
  });

  test('reads the outputs of inherited steps, and takes neutral skips and tolerated failures for what they were', async () => {
    const of = [
      { name: 'make', kind: 'Checkpoint', dependsOn: [], outputs: { image: '"i:" + run.uid' } },
      tool('docs', [], { when: 'false' }),
      tool('lint', [], { continueOnFailure: true }),
      tool('use', ['make', 'docs', 'lint'], { with: { image: '${{ steps.make.outputs.image }}' } }),
    ];
    const { create, play, endsOf, find, childOf, look } = openTheatre(of);
    await play('nightly-1', 'lint Failed', 'use Failed');
    create('again', from('nightly-1'));
    await look();
    expect(endsOf('again')).toEqual({
      ...{ make: 'Succeeded Inherited', docs: 'Skipped Inherited', lint: 'Failed Inherited', use: 'Running Started' },
    });
    expect(childOf('again', 'use')['spec']).toMatchObject({
      parameters: { image: `i:${find('nightly-1').metadata.uid}` },
    });
    await play('again', 'use');
  });

  test('ends at once if everything is inherited', async () => {
    const { create, play, look, standingOf, calls } = openTheatre(steps);
    await play('nightly-1', 'build', 'test', 'deploy');
    create('again', from('nightly-1'));
    await look();
    expect(standingOf('again')).toBe('Succeeded, Completed: all 3 steps succeeded');
    expect(calls(/^create ToolRun/)).toHaveLength(3);
    expect(calls(/^patch OrchestrationRun again/)).toHaveLength(1);
  });

  test('can be continued itself, and names the run that carried a step out', async () => {
    const { create, play, look, stepOf } = await openAfterFailure();
    create('second', from('nightly-1'));
    await play('second', 'test', 'deploy Failed');
    create('third', from('second'));
    await look();
    expect([stepOf('third', 'build').inheritedFrom, stepOf('third', 'test').inheritedFrom]).toEqual([
      'nightly-1',
      'second',
    ]);
    expect(stepOf('third', 'deploy')).toMatchObject({ phase: 'Running', attempt: 1 });
  });

  test('runs steps again that it is told to', async () => {
    const { create, look, endsOf } = await openAfterFailure();
    create('again', { ...from('nightly-1'), [Annotation.ResumeSteps]: '["build"]' });
    await look();
    expect(endsOf('again')).toMatchObject({ build: 'Running Started', test: 'Pending undefined' });
  });

  test('follows the snapshot of the source, or the current Orchestration if it is told to', async () => {
    const { api, create, look, endsOf } = await openAfterFailure();
    const edited = [tool('build', undefined, { retries: 1 }), tool('test'), tool('publish')];
    api.patch(
      ORCHESTRATIONS,
      { namespace: NAMESPACE, name: 'nightly' },
      { type: 'merge', body: { spec: { steps: edited } } },
    );
    create('again', from('nightly-1'));
    create('latest', { ...from('nightly-1'), [Annotation.ResumeLatest]: 'true' });
    await look();
    expect(Object.keys(endsOf('again'))).toEqual(['build', 'test', 'deploy']);
    expect(endsOf('latest')).toEqual({
      build: 'Running Started',
      test: 'Pending undefined',
      publish: 'Pending undefined',
    });
  });
});

describe('a source', () => {
  test('that is deleted after the claim is not missed', async () => {
    const { api, create, look, play, standingOf, replaceEngine } = await openAfterFailure();
    create('again', from('nightly-1'));
    await look();
    api.delete(RUNS, { namespace: NAMESPACE, name: 'nightly-1' });
    api.collectGarbage();
    replaceEngine();
    await play('again', 'test', 'deploy');
    expect(standingOf('again')).toBe('Succeeded, Completed: all 3 steps succeeded');
  });

  test('that is deleted before the claim fails the run, although the snapshot is stored', async () => {
    const { api, create, lookAt, look, standingOf, replaceEngine } = await openAfterFailure();
    create('again', from('nightly-1'));
    await lookAt('again');
    expect(api.list(REVISIONS).items).toHaveLength(2);
    api.delete(RUNS, { namespace: NAMESPACE, name: 'nightly-1' });
    replaceEngine();
    await look();
    expect(standingOf('again')).toBe('Failed, CannotResume: OrchestrationRun "nightly-1" does not exist');
  });

  test('is read again after a crash between the snapshot and the claim', async () => {
    const { create, lookAt, look, endsOf, replaceEngine } = await openAfterFailure();
    create('again', from('nightly-1'));
    await lookAt('again');
    replaceEngine();
    await look();
    expect(endsOf('again')).toMatchObject({ build: 'Succeeded Inherited', test: 'Running Started' });
  });

  test('that cannot be read lets the run wait, and it starts when it can', async () => {
    const { create, lookAt, look, circumstances, standingOf, endsOf } = await openAfterFailure();
    create('again', from('nightly-1'));
    circumstances.unreads.set(RUNS.kind, 'you may not');
    expect(await lookAt('again')).toMatchObject({ errors: [expect.anything()] });
    expect(standingOf('again')).toBe(
      'Pending, SourceUnreadable: cannot read the run that this run continues: you may not',
    );
    circumstances.unreads.clear();
    await look();
    expect(endsOf('again')).toMatchObject({ build: 'Succeeded Inherited' });
  });

  const snapshotOf = ({ find }: ReturnType<typeof openTheatre>) => ({
    namespace: NAMESPACE,
    name: nameSnapshot(find('nightly-1').metadata.uid ?? ''),
  });
  const cases: readonly (readonly [string, (theatre: ReturnType<typeof openTheatre>) => object, string])[] = [
    ['does not exist', () => from('nightly-0'), 'OrchestrationRun "nightly-0" does not exist'],
    [
      'is no name',
      () => from('../x'),
      'annotation orchestration.proompteng.ai/resume-from is "../x", which names no run',
    ],
    [
      'is the run itself',
      () => from('again'),
      'OrchestrationRun "again" has not finished (no controller has started it): wait for its end, or cancel it',
    ],
    [
      'is a template',
      ({ create }) => {
        create('template', { [Annotation.Template]: 'true' });
        return from('template');
      },
      'OrchestrationRun "template" is a template, which never runs',
    ],
    [
      'is of another Orchestration',
      ({ api, create }) => {
        create('other', {}, 'inner');
        api.patch(
          RUNS,
          { namespace: NAMESPACE, name: 'other' },
          { type: 'merge', body: { status: { phase: 'Failed' } } },
          { subresource: 'status' },
        );
        return from('other');
      },
      'OrchestrationRun "other" is a run of Orchestration "inner", not of "nightly"',
    ],
    [
      'has lost its snapshot',
      (theatre) => {
        theatre.api.delete(REVISIONS, snapshotOf(theatre));
        return from('nightly-1');
      },
      'the snapshot of OrchestrationRun "nightly-1" was deleted: to follow the current Orchestration instead, set annotation orchestration.proompteng.ai/resume-latest to "true" (rerun --latest)',
    ],
    [
      'has no such step',
      () => ({ ...from('nightly-1'), [Annotation.ResumeSteps]: '["biuld", "x"]' }),
      'annotation orchestration.proompteng.ai/resume-steps names steps that the Orchestration does not have: "biuld" (did you mean "build"?), "x"',
    ],
    [
      'is asked for with a malformed list',
      () => ({ ...from('nightly-1'), [Annotation.ResumeSteps]: 'build' }),
      'annotation orchestration.proompteng.ai/resume-steps is "build", not a JSON list of names of steps',
    ],
  ];
  test.each(cases)('that %s fails the run, and nothing runs', async (_, arrange, message) => {
    const theatre = await openAfterFailure(steps, { others: { inner } });
    theatre.create('again', arrange(theatre) as Record<string, string>);
    await theatre.look();
    const standing = theatre.standingOf('again');
    expect(standing).toBe(`Failed, CannotResume: ${message}`.slice(0, standing.length));
    expect(standing.length).toBeGreaterThan(60);
    expect(theatre.statusOf('again').stepStatuses).toEqual([]);
  });

  test('that has lost its snapshot runs as a whole with the current Orchestration', async () => {
    const theatre = await openAfterFailure();
    theatre.api.delete(REVISIONS, snapshotOf(theatre));
    theatre.create('again', { ...from('nightly-1'), [Annotation.ResumeLatest]: 'true' });
    await theatre.look();
    expect(theatre.endsOf('again')).toMatchObject({ build: 'Running Started' });
  });

  test('whose status another controller has written fails the run', async () => {
    const { create, cluster, look, standingOf } = await openAfterFailure();
    const isForeign = ({ metadata }: { readonly metadata: { readonly name: string } }) => metadata.name === 'nightly-1';
    Object.assign(cluster, { statusWriters: (object: KubeObject) => ({ isOurs: true, isForeign: isForeign(object) }) });
    create('again', from('nightly-1'));
    await look();
    expect(standingOf('again')).toMatch(/^Failed, CannotResume: another controller has written the status of Orch/);
  });
});

describe('a nested run', () => {
  const outer = [tool('build'), sub({ retries: 1 })];
  async function openAfterInnerFailure() {
    const theatre = openTheatre(
      outer.map((step) => (step.name === 'sub' ? sub() : step)),
      { others: { inner } },
    );
    await theatre.play('nightly-1', 'build');
    const { name } = theatre.childOf('nightly-1', 'sub').metadata;
    await theatre.play(name, 'up', 'check Failed');
    expect(theatre.statusOf('nightly-1').phase).toBe('Failed');
    return { ...theatre, first: name };
  }

  test('continues the one of the source, whose failed part alone runs again', async () => {
    const { create, look, play, first, childOf, stepOf, endsOf, standingOf } = await openAfterInnerFailure();
    create('again', from('nightly-1'));
    await look();
    expect(stepOf('again', 'sub')).toMatchObject({ attempt: 1, resumeFrom: first });
    const { metadata } = childOf('again', 'sub');
    expect(metadata.annotations).toMatchObject(from(first));
    expect(endsOf(metadata.name)).toEqual({ up: 'Succeeded Inherited', check: 'Running Started' });
    await play(metadata.name, 'check');
    expect(standingOf('again')).toBe('Succeeded, Completed: all 2 steps succeeded');
  });

  test('runs as a whole in later attempts, and if the source is gone when it starts', async () => {
    const theatre = openTheatre(outer, { others: { inner } });
    await theatre.play('nightly-1', 'build');
    for (const _ of [1, 2]) await theatre.play(theatre.childOf('nightly-1', 'sub').metadata.name, 'up', 'check Failed');
    theatre.create('again', from('nightly-1'));
    await theatre.look();
    const { name } = theatre.childOf('again', 'sub').metadata;
    expect(theatre.endsOf(name)).toMatchObject({ up: 'Succeeded Inherited' });
    await theatre.play(name, 'check Failed');
    const second = theatre.childOf('again', 'sub').metadata;
    expect(second.annotations).not.toHaveProperty([Annotation.ResumeFrom]);
    expect(theatre.endsOf(second.name)).toMatchObject({ up: 'Running Started' });
  });

  test('has the same source after every crash, and runs as a whole if that is gone by then', async () => {
    const { api, create, lookAt, look, first, circumstances, stepOf, childOf, endsOf, replaceEngine } =
      await openAfterInnerFailure();
    create('again', from('nightly-1'));
    circumstances.fail = (call) => {
      if (call.startsWith('create OrchestrationRun')) throw new Error('the engine dies');
    };
    for (const _ of [1, 2]) await lookAt('again').catch(() => {});
    expect(stepOf('again', 'sub').resumeFrom).toBe(first);
    api.delete(RUNS, { namespace: NAMESPACE, name: 'nightly-1' });
    while (api.collectGarbage());
    circumstances.fail = () => {};
    replaceEngine();
    await look();
    const { metadata } = childOf('again', 'sub');
    expect(metadata.annotations).toMatchObject(from(first));
    expect(endsOf(metadata.name)).toMatchObject({ up: 'Running Started' });
  });

  test('follows the current Orchestration if its outer run does', async () => {
    const { create, look, childOf } = await openAfterInnerFailure();
    create('again', { ...from('nightly-1'), [Annotation.ResumeLatest]: 'true' });
    await look();
    expect(childOf('again', 'sub').metadata.annotations).toHaveProperty([Annotation.ResumeLatest], 'true');
  });
});

test('a status that claims an inheritance counts only in a run that continues another one', async () => {
  const { api, look, endsOf, stepOf } = openTheatre([tool('a', []), tool('b', ['a'])]);
  await look();
  const forged = { name: 'a', kind: 'ToolRun', phase: 'Skipped', reason: 'Inherited', attempt: 0, inheritedFrom: 'x' };
  const body = { status: { stepStatuses: [forged] } };
  api.patch(RUNS, { namespace: NAMESPACE, name: 'nightly-1' }, { type: 'merge', body }, { subresource: 'status' });
  await look();
  expect(endsOf('nightly-1')).toMatchObject({ b: 'Skipped DependencyFailed' });
  expect(stepOf('nightly-1', 'a')).not.toHaveProperty('inheritedFrom');
});
