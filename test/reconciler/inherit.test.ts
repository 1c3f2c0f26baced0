import { describe, expect, test } from 'vitest';
import { readDeclared, withDefaults } from '../../src/orchestration/declared-parameters.ts';
import { stepKinds } from '../../src/orchestration/kinds/table.ts';
import type { StepStatus } from '../../src/orchestration/run-status.ts';
import type { Step } from '../../src/orchestration/schema.ts';
import { decideInheritance } from '../../src/reconciler/inherit.ts';

const agent = (name: string, rest: Partial<Step> = {}): Step => ({
  ...{ name, kind: 'AgentRun', agentRef: { name: 'coder' }, implementation: { inline: { text: name } } },
  ...{ dependsOn: [], with: { version: '1' }, ...rest },
});
const nested = (name: string, rest: Partial<Step> = {}): Step => ({
  ...{ name, kind: 'SubOrchestration', orchestrationRef: { name: 'inner' }, dependsOn: [], with: { version: '1' } },
  ...rest,
});
const gate = (name: string, rest: Partial<Step> = {}): Step => ({
  ...{ name, kind: 'ApprovalGate', policyRef: 'board', dependsOn: [], ...rest },
});
const signal = (name: string, rest: Partial<Step> = {}): Step => ({
  ...{ name, kind: 'SignalWait', signalRef: { name: 'go' }, dependsOn: [], ...rest },
});
const mark = (name: string, rest: Partial<Step> = {}): Step => ({ name, kind: 'Checkpoint', dependsOn: [], ...rest });

type Ends = Readonly<Record<string, Partial<StepStatus>>>;

interface Case {
  readonly steps: readonly Step[];
  /** How steps ended; those that are not named have succeeded. */
  readonly ends?: Ends;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly policies?: object;
  /** What the new run has in place of what the source had. */
  readonly next?: {
    readonly steps?: readonly Step[];
    readonly parameters?: Readonly<Record<string, string>>;
    readonly policies?: object;
    readonly again?: readonly string[];
  };
}

function statusOf({ name, kind }: Step, end: Partial<StepStatus> = {}): StepStatus {
  const resourceRef = { apiVersion: 'v1', kind, name: `source-${name}`, namespace: 'agents' };
  return { name, kind, phase: 'Succeeded', reason: 'Completed', attempt: 1, resourceRef, ...end };
}

/** For each step, the run from which it is inherited, or why it runs again. */
function decide({ steps, ends = {}, parameters = {}, policies = {}, next = {} }: Case): Record<string, string> {
  const orchestration = (of: readonly Step[], its: object) => ({
    ...{ name: 'release', namespace: 'agents', steps: of, policies: its as Record<string, unknown> },
  });
  const [was, is] = [orchestration(steps, policies), orchestration(next.steps ?? steps, next.policies ?? policies)];
  const run = {
    ...{ name: 'source', namespace: 'agents', uid: 'u1', creationTimestamp: '2026-01-01T00:00:00Z' },
    orchestration: 'release',
    parameters: withDefaults(readDeclared(was), parameters),
    status: { stepStatuses: steps.map((step) => statusOf(step, ends[step.name])) },
  };
  const given = withDefaults(readDeclared(is), next.parameters ?? parameters);
  const continuation = { orchestration: is, parameters: given, steps: next.again ?? [] };
  const decisions = decideInheritance({ run, orchestration: was }, continuation, stepKinds);
  return Object.fromEntries(
    decisions.map((decision) => {
      if (decision.type === 'Inherited') return [decision.step, `inherited from ${decision.from}`];
      const inside = decision.resumeFrom === undefined ? '' : `, continues ${decision.resumeFrom}`;
      return [decision.step, `${decision.cause.message}${inside}`];
    }),
  );
}

const SOURCE = 'inherited from source';
const failed: Partial<StepStatus> = { phase: 'Failed', reason: 'ChildFailed', message: 'exit 1' };
const skipped: Partial<StepStatus> = {
  ...{ phase: 'Skipped', reason: 'DependencyFailed', message: 'dependency build failed: exit 1', attempt: 0 },
};
const neutral: Partial<StepStatus> = { phase: 'Skipped', reason: 'ConditionFalse', attempt: 0 };

describe('a step is inherited', () => {
  test('if it succeeded, was tolerated or was skipped by its condition, and so are all of its ancestors', () => {
    const steps = [
      agent('build'),
      agent('lint', { continueOnFailure: true }),
      agent('docs', { when: 'false' }),
      agent('undo', { dependsOn: ['build'], runIf: 'Failed' }),
      agent('test', { dependsOn: ['build', 'lint', 'docs'] }),
      agent('deploy', { dependsOn: ['test'] }),
      agent('notify', { dependsOn: ['deploy'], runIf: 'Always' }),
    ];
    const ends = { lint: { ...failed, ignored: true }, docs: neutral, undo: neutral, test: failed, deploy: skipped };
    expect(decide({ steps, ends })).toEqual({
      build: SOURCE,
      lint: SOURCE,
      docs: SOURCE,
      undo: SOURCE,
      test: 'it failed: exit 1',
      deploy: 'it depends on test, which runs again',
      notify: 'it depends on deploy, which runs again',
    });
  });

  test('from the run that carried it out, if the source has inherited it', () => {
    const ends = {
      build: { reason: 'Inherited', attempt: 0, inheritedFrom: 'first' },
      docs: { phase: 'Skipped', reason: 'Inherited', attempt: 0, inheritedFrom: 'first' },
      old: { reason: 'Inherited', attempt: 0 },
    } as const;
    expect(decide({ steps: [agent('build'), agent('docs'), agent('old')], ends })).toEqual({
      build: 'inherited from first',
      docs: 'inherited from first',
      old: SOURCE,
    });
  });

  test.each([
    ['Cancelled', { phase: 'Cancelled', message: 'the run was cancelled' }, 'it was cancelled: the run was cancelled'],
    ['Skipped after a failure', skipped, 'it did not run: dependency build failed: exit 1'],
    ['never begun', { phase: 'Pending', attempt: 0 }, 'it did not run'],
    ['Skipped for no reason', { phase: 'Skipped', attempt: 0 }, 'it did not run'],
  ] as const)('not if it is %s', (_, end, why) => {
    expect(decide({ steps: [agent('build')], ends: { build: end } })).toEqual({ build: why });
  });

  test('not if it is to run again, nor are its descendants', () => {
    const steps = [agent('build'), agent('test', { dependsOn: ['build'] }), agent('docs')];
    expect(decide({ steps, next: { again: ['build'] } })).toEqual({
      build: 'the rerun names it',
      test: 'it depends on build, which runs again',
      docs: SOURCE,
    });
  });
});

describe('an edit of an Orchestration makes a step run again', () => {
  const edits: readonly (readonly [string, Step, Partial<Step>, string])[] = [
    ['the agent of an AgentRun', agent('a'), { agentRef: { name: 'other' } }, 'agentRef'],
    ['the implementation of an AgentRun', agent('a'), { implementation: { inline: { text: 'b' } } }, 'implementation'],
    ['an input', agent('a'), { with: { version: '2' } }, 'with'],
    ['the kind', agent('a'), { kind: 'ToolRun', toolRef: { name: 'x' } }, 'kind, toolRef'],
    [
      'the Orchestration of a SubOrchestration',
      nested('a'),
      { orchestrationRef: { name: 'other' } },
      'orchestrationRef',
    ],
    ['the policy of an ApprovalGate', gate('a'), { policyRef: 'other' }, 'policyRef'],
    ['the signal of a SignalWait', signal('a'), { signalRef: { name: 'other' } }, 'signalRef'],
    ['a field that only others read', mark('a'), { note: 'x' }, 'note'],
    ['the condition', mark('a'), { when: 'true' }, 'when'],
    ['runIf', mark('a'), { runIf: 'Always' }, 'runIf'],
    ['the outputs', agent('a'), { outputs: { x: '"1"' } }, 'outputs'],
    ['retries', agent('a'), { retries: 1 }, 'retries'],
    [
      'the timeouts',
      agent('a'),
      { timeoutSeconds: 5, pendingTimeoutSeconds: 5 },
      'timeoutSeconds, pendingTimeoutSeconds',
    ],
    ['continueOnFailure', agent('a'), { continueOnFailure: true }, 'continueOnFailure'],
  ];
  test.each(edits)('if it changes %s', (_, step, edit, fields) => {
    const words = `its field${fields.includes(',') ? 's' : ''} ${fields} changed`;
    expect(decide({ steps: [step], next: { steps: [{ ...step, ...edit }] } })).toEqual({ a: words });
  });

  test('if it changes what the step depends on, declared or by the sequential default', () => {
    const steps = [mark('a'), mark('b'), mark('c', { dependsOn: ['a'] })];
    const next = [mark('a'), mark('b'), mark('c', { dependsOn: ['a', 'b'] })];
    expect(decide({ steps, next: { steps: next } })).toEqual({
      a: SOURCE,
      b: SOURCE,
      c: 'its field dependsOn changed',
    });
    const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ name, kind: 'Checkpoint' }));
    const sequence = [a, b, c].flatMap((step) => step ?? []);
    expect(decide({ steps: sequence, next: { steps: [a, c, b].flatMap((step) => step ?? []) } })).toEqual({
      a: SOURCE,
      b: 'its field dependsOn changed',
      c: 'its field dependsOn changed',
    });
    const written = sequence.map((step, at) => ({
      ...step,
      dependsOn: sequence.slice(at - 1, at).map(({ name }) => name),
    }));
    expect(decide({ steps: sequence, next: { steps: written } })).toEqual({ a: SOURCE, b: SOURCE, c: SOURCE });
  });

  test('unless it changes only the order of steps or of what they depend on', () => {
    const steps = [mark('a'), mark('b'), mark('c', { dependsOn: ['a', 'b'] })];
    const next = [mark('c', { dependsOn: ['b', 'a'] }), mark('b'), mark('a')];
    expect(decide({ steps, next: { steps: next } })).toEqual({ a: SOURCE, b: SOURCE, c: SOURCE });
  });

  test('if it adds or renames the step, and not if it removes another one', () => {
    const steps = [mark('a'), mark('b')];
    expect(decide({ steps, next: { steps: [mark('a'), mark('x')] } })).toEqual({
      a: SOURCE,
      x: 'the finished run did not have it',
    });
  });
});

describe('a changed input makes a step run again', () => {
  test('if it is a parameter that the child gets', () => {
    const steps = [agent('all', { with: {} }), agent('own'), mark('none')];
    const next = { parameters: { version: '2' } };
    expect(decide({ steps, parameters: { version: '1' }, next })).toEqual({
      all: 'its input parameters.version changed',
      own: SOURCE,
      none: SOURCE,
    });
    expect(decide({ steps, next })['all']).toBe('its input parameters.version changed');
  });

  test('if it is a parameter that a placeholder reads, also by its default', () => {
    const reads = { with: { version: 'v${{ parameters.version }}' } };
    const steps = [agent('a', reads), agent('b', { with: { version: '1' } })];
    const declare = (version: string) => ({ parameters: { version: { default: version } } });
    const next = { policies: declare('2') };
    expect(decide({ steps, policies: declare('1'), next })).toEqual({ a: 'its input with.version changed', b: SOURCE });
  });

  test('if its condition has another result', () => {
    const steps = [mark('a', { when: 'parameters.target == "prod"' }), mark('b', { when: 'parameters.size != "x"' })];
    const parameters = { target: 'test', size: '1' };
    expect(
      decide({ steps, ends: { a: neutral }, parameters, next: { parameters: { target: 'prod', size: '2' } } }),
    ).toEqual({
      a: 'its when has a different result',
      b: SOURCE,
    });
  });

  test('if one of its outputs reads a parameter that changed', () => {
    const steps = [
      mark('a', { outputs: { tag: '"v" + parameters.version' } }),
      mark('b', { outputs: { tag: 'run.name' } }),
    ];
    expect(decide({ steps, parameters: { version: '1' }, next: { parameters: { version: '2' } } })).toEqual({
      a: 'its output tag reads parameter version, which changed',
      b: SOURCE,
    });
  });

  test('and the identity of the run is no input', () => {
    const steps = [agent('a', { with: { id: '${{ run.uid }} ${{ run.name }} ${{ run.deliveryId }}' } })];
    expect(decide({ steps })).toEqual({ a: SOURCE });
  });

  test('and what an inherited step left is the same for both runs', () => {
    const read = 'parameters.x + ": " + steps.a.outputs.image + steps.a.reason + string(steps.a.attempt)';
    const steps = [agent('a', { with: { x: '1' } }), agent('b', { dependsOn: ['a'], with: { x: `\${{ ${read} }}` } })];
    const ends = { a: { outputs: { image: 'i' } } };
    expect(decide({ steps, ends, parameters: { x: '1' } })).toEqual({ a: SOURCE, b: SOURCE });
    expect(decide({ steps, ends, parameters: { x: '1' }, next: { parameters: { x: '2' } } })).toEqual({
      a: SOURCE,
      b: 'its input with.x changed',
    });
  });
});

describe('a gate', () => {
  test('asks again if any of its descendants runs, and what it guards runs again with it', () => {
    const steps = [
      agent('build'),
      gate('approve', { dependsOn: ['build'] }),
      agent('canary', { dependsOn: ['approve'] }),
      signal('go', { dependsOn: ['canary'] }),
      agent('deploy', { dependsOn: ['go'] }),
      gate('other', { dependsOn: ['build'] }),
    ];
    expect(decide({ steps, ends: { deploy: failed } })).toEqual({
      build: SOURCE,
      approve: 'it asks again, because deploy runs again',
      canary: 'it depends on approve, which runs again',
      go: 'it asks again, because deploy runs again',
      deploy: 'it failed: exit 1',
      other: SOURCE,
    });
  });

  test('asks again if another gate makes one of its descendants run', () => {
    const steps = [
      gate('one'),
      gate('two'),
      agent('bad', { dependsOn: ['one'] }),
      agent('both', { dependsOn: ['one', 'two'] }),
    ];
    expect(decide({ steps, ends: { bad: failed } })).toMatchObject({
      one: 'it asks again, because bad runs again',
      both: 'it depends on one, which runs again',
      two: 'it asks again, because both runs again',
    });
  });

  test('is inherited if all of its descendants are', () => {
    const steps = [gate('approve'), agent('deploy', { dependsOn: ['approve'] }), agent('after')];
    expect(decide({ steps, ends: { after: failed } })).toEqual({
      approve: SOURCE,
      deploy: SOURCE,
      after: 'it failed: exit 1',
    });
  });
});

describe('the run of a SubOrchestration step continues that of the source', () => {
  const around = (deploy: Step) => [agent('build'), gate('approve', { dependsOn: ['build'] }), deploy];
  const deploy = nested('deploy', { dependsOn: ['approve'] });

  test('if the step failed, although the gate before it asks again', () => {
    expect(decide({ steps: around(deploy), ends: { deploy: failed } })).toMatchObject({
      build: SOURCE,
      deploy: 'it failed: exit 1, continues source-deploy',
    });
  });

  test('not if the step succeeded, is to run again, or comes after a step that runs again', () => {
    const [again, after] = [{ again: ['deploy'] }, { again: ['build'] }];
    expect(decide({ steps: around(deploy), next: again })['deploy']).toBe('the rerun names it');
    expect(decide({ steps: around(deploy), ends: { deploy: failed }, next: again })['deploy']).toBe(
      'the rerun names it',
    );
    expect(decide({ steps: around(deploy), ends: { deploy: failed }, next: after })['deploy']).toBe(
      'it failed: exit 1',
    );
  });
});

test('without the snapshot of the source, every step runs again', () => {
  const orchestration = { name: 'release', namespace: 'agents', steps: [mark('a')], policies: {} };
  const run = {
    ...{
      name: 'source',
      namespace: 'agents',
      uid: 'u1',
      creationTimestamp: '',
      orchestration: 'release',
      parameters: {},
    },
    status: { stepStatuses: [statusOf(mark('a'))] },
  };
  const decisions = decideInheritance(
    { run, orchestration: undefined },
    { orchestration, parameters: {}, steps: [] },
    stepKinds,
  );
  expect(decisions).toMatchObject([{ type: 'Runs', cause: { message: 'the finished run has no snapshot any more' } }]);
});
