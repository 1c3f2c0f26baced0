import { describe, expect, test } from 'vitest';
import { decodeOrchestration } from '../../src/orchestration/decode.ts';
import { stepKinds } from '../../src/orchestration/kinds/table.ts';
import { previewRun } from '../../src/reconciler/preview.ts';
import { type Scenario, simulateRun } from '../../src/reconciler/simulate.ts';

const tool = (name: string, dependsOn: readonly string[], fields: object = {}) => ({
  ...{ name, kind: 'ToolRun', toolRef: { name: 't' }, dependsOn },
  ...fields,
});

interface Given extends Partial<Omit<Scenario, 'fails'>> {
  readonly fails?: readonly string[];
  readonly parameters?: Readonly<Record<string, string>>;
  readonly policies?: object;
}

function simulate(steps: readonly object[], { fails = [], parameters = {}, policies = {}, ...given }: Given = {}) {
  const { orchestration } = decodeOrchestration({
    metadata: { name: 'o', namespace: 'ci' },
    spec: { steps, policies },
  });
  const run = previewRun(orchestration, 'ci', parameters);
  return simulateRun(orchestration, run, stepKinds, { conditions: new Map(), ...given, fails: new Set(fails) });
}

/** How the steps end: `name Phase reason`, in order. */
function endsOf(...given: Parameters<typeof simulate>): readonly string[] {
  return simulate(...given).steps.map(({ name, phase, reason }) => `${name} ${phase} ${reason}`);
}

const release = [
  tool('build', []),
  { name: 'approve', kind: 'ApprovalGate', policyRef: { name: 'p' }, dependsOn: ['build'] },
  { name: 'mark', kind: 'Checkpoint', dependsOn: ['approve'] },
  tool('deploy', ['mark']),
  tool('undo', ['deploy'], { runIf: 'Failed' }),
  tool('tidy', ['undo'], { runIf: 'Always' }),
];

describe('a simulated run', () => {
  test('succeeds where nothing is to fail, with all kinds of steps', () => {
    expect(simulate(release).phase).toBe('Succeeded');
    expect(endsOf(release)).toEqual([
      'build Succeeded Completed',
      'approve Succeeded Completed',
      'mark Succeeded Completed',
      'deploy Succeeded Completed',
      'undo Skipped ConditionFalse',
      'tidy Succeeded Completed',
    ]);
  });

  test('fails with a step, whose retries are spent, and runs what handles the failure', () => {
    const steps = [...release, tool('last', ['tidy'])].map((step) => ({ ...step, retries: 3 }));
    expect(simulate(steps, { fails: ['deploy'] })).toMatchObject({
      phase: 'Failed',
      message: '"deploy" failed: fails in this simulation',
    });
    expect(endsOf(steps, { fails: ['deploy'] }).slice(3)).toEqual([
      'deploy Failed ChildFailed',
      'undo Succeeded Completed',
      'tidy Succeeded Completed',
      'last Skipped DependencyFailed',
    ]);
    expect(endsOf(steps, { fails: ['approve'] }).slice(1)).toEqual([
      'approve Failed ChildFailed',
      'mark Skipped DependencyFailed',
      'deploy Skipped DependencyFailed',
      'undo Succeeded Completed',
      'tidy Succeeded Completed',
      'last Skipped DependencyFailed',
    ]);
  });

  test('goes on after a failure that is tolerated', () => {
    const steps = [tool('a', [], { continueOnFailure: true }), tool('b', ['a'])];
    expect(simulate(steps, { fails: ['a'] })).toMatchObject({ phase: 'Succeeded', steps: [{ ignored: true }, {}] });
  });

  test.each(['deploy', 'approve'])('that is cancelled at %s runs its cleanup, and nothing else', (cancelAt) => {
    const { phase, steps } = simulate(release, { cancelAt });
    expect(phase).toBe('Cancelled');
    expect(steps.filter((step) => step.phase === 'Succeeded').map(({ name }) => name)).toEqual(
      cancelAt === 'deploy' ? ['build', 'approve', 'mark', 'tidy'] : ['build', 'tidy'],
    );
  });

  test('takes as many rounds as maxParallel asks for', () => {
    const steps = ['a', 'b', 'c'].map((name) => tool(name, []));
    expect(endsOf(steps, { policies: { maxParallel: 1 }, fails: ['b'] })).toEqual([
      'a Succeeded Completed',
      'b Failed ChildFailed',
      'c Succeeded Completed',
    ]);
  });

  test('of a graph that can never run ends without an end', () => {
    expect(simulate([tool('a', ['b']), tool('b', ['a'])])).toMatchObject({ phase: 'Running', steps: [] });
  });

  test('of 300 steps in a row takes less than 10 s', () => {
    const steps = Array.from({ length: 300 }, (_, at) => tool(`s${at}`, at === 0 ? [] : [`s${at - 1}`]));
    expect(simulate(steps).steps).toHaveLength(300);
  }, 10_000);
});

describe('a condition', () => {
  const branch = (when: string, fields: object = {}) => [tool('a', []), tool('b', ['a'], { when, ...fields })];
  const endOf = (when: string, given: Given = {}) => endsOf(branch(when), given)[1];

  test('is decided by what is known: parameters and how steps end', () => {
    expect(endOf('parameters.env == "prod"', { parameters: { env: 'prod' } })).toBe('b Succeeded Completed');
    expect(endOf('parameters.env == "prod"', { parameters: { env: 'dev' } })).toBe('b Skipped ConditionFalse');
    expect(endOf('steps.a.phase == "Failed"')).toBe('b Skipped ConditionFalse');
    expect(endOf('int(run.orchestration) == 1')).toBe('b Failed ConditionFailed');
  });

  test.each([
    ['an output', 'steps.a.outputs.x == "1"', 'steps.a.outputs.x'],
    ['whether there is an output', 'has(steps.a.outputs.x)', 'steps.a.outputs.x'],
    ['a parameter without a value', 'parameters.env == "prod"', 'parameters.env'],
    ['the name of the run', 'run.name == "x"', 'run.name'],
  ])('that reads %s counts as true, is reported, and can be decided', (_, when, read) => {
    const { steps, assumptions } = simulate(branch(when));
    expect(steps[1]).toMatchObject({ name: 'b', phase: 'Succeeded' });
    expect(assumptions).toEqual([{ step: 'b', field: 'when', reads: [read] }]);
    const decided = simulate(branch(when), { conditions: new Map([['b', false]]) });
    expect(decided.steps[1]).toMatchObject({ name: 'b', phase: 'Skipped', reason: 'ConditionFalse' });
    expect(decided.assumptions).toEqual([]);
  });

  test('that does not depend on what it could read is decided without an assumption', () => {
    const { steps, assumptions } = simulate(branch('steps.a.phase == "Failed" && steps.a.outputs.x == "1"'));
    expect([steps[1]?.phase, assumptions]).toEqual(['Skipped', []]);
  });

  test('knows that a step that failed has no outputs', () => {
    const steps = branch('!has(steps.a.outputs.x)', { runIf: 'Always' });
    expect(simulate(steps, { fails: ['a'] })).toMatchObject({ steps: [{}, { phase: 'Succeeded' }], assumptions: [] });
  });
});

describe('an input', () => {
  const steps = (text: string) => [
    tool('a', []),
    tool('z', []),
    tool('b', ['a', 'z'], { runIf: 'Always', with: { x: text } }),
  ];
  const endOf = (text: string, ...fails: string[]) => simulate(steps(text), { fails });

  test('that reads an output counts as valid, and is reported', () => {
    const { steps: ended, assumptions } = endOf('${{ int(steps.a.outputs.x) + 1 }} ${{ run.uid }}');
    expect(ended[2]).toMatchObject({ name: 'b', phase: 'Succeeded' });
    expect(assumptions).toEqual([{ step: 'b', field: 'with.x', reads: ['steps.a.outputs.x', 'run.uid'] }]);
  });

  test.each(['${{ steps.a.outputs.x }}', '${{ steps.z.outputs.y }} ${{ steps.a.outputs.x }}'])(
    'that reads an output of a step that failed skips its step: %s',
    (text) => {
      expect(endOf(text, 'a').steps[2]).toMatchObject({ name: 'b', phase: 'Skipped', reason: 'ConditionFalse' });
    },
  );

  test('that cannot be evaluated fails its step', () => {
    expect(endOf('${{ int(steps.a.phase) }}').steps[2]).toMatchObject({ phase: 'Failed', reason: 'InputFailed' });
  });
});
