import { describe, expect, test } from 'vitest';
import type { StepStatus } from '../../src/orchestration/run-status.ts';
import type { Step } from '../../src/orchestration/schema.ts';
import { StepReason } from '../../src/orchestration/vocabulary/step-reasons.ts';
import { createPass } from '../../src/reconciler/pass.ts';
import { startAttempts } from '../../src/reconciler/start.ts';
import { START, type StartRule, skip, wait } from '../../src/reconciler/start-rules/rule.ts';
import { startRules } from '../../src/reconciler/start-rules/table.ts';
import { observationOf } from '../support/observations.ts';

const checkpoint = (name: string, ...dependsOn: string[]): Step => ({ name, kind: 'Checkpoint', dependsOn });
const tool = (name: string, ...dependsOn: string[]): Step => ({
  ...{ name, kind: 'ToolRun', toolRef: { name: 'echo' }, dependsOn },
});

/** The state of the steps of a run after one pass with an additional rule, and the steps that the rule judged. */
function startWith(
  steps: readonly Step[],
  judge: (name: string) => ReturnType<ReturnType<StartRule['prepare']>>,
  rule: Omit<StartRule, 'prepare'>,
  stepStatuses: readonly StepStatus[] = [],
) {
  const observation = observationOf(steps, stepStatuses);
  const { orchestration } = observation.orchestration;
  const pass = createPass(observation, orchestration, Date.parse('2026-01-01T00:00:00Z'), (_, name) => name);
  const asked: string[] = [];
  const prepare: StartRule['prepare'] =
    ({ draft }) =>
    (index) => {
      const { name } = draft.steps[index] as Step;
      asked.push(name);
      return judge(name);
    };
  startAttempts(pass, [...startRules, { ...rule, prepare }]);
  return { asked, phases: pass.draft.statuses.map(({ phase }) => phase), statuses: pass.draft.statuses };
}

describe('a rule that is added to the table', () => {
  const first = { judges: 'FirstAttempt', order: 'Dependencies' } as const;

  test('makes a step wait with its message, and all descendants of the step', () => {
    const steps = [checkpoint('a'), checkpoint('b'), checkpoint('c', 'a')];
    const { phases, statuses } = startWith(steps, (name) => (name === 'a' ? wait('not now') : START), first);
    expect(phases).toEqual(['Pending', 'Succeeded', 'Pending']);
    expect(statuses[0]).toMatchObject({ message: 'not now', attempt: 0 });
  });

  test('skips a step and, in the same pass, all its descendants', () => {
    const steps = [checkpoint('c', 'a'), checkpoint('a'), checkpoint('b')];
    const { statuses } = startWith(
      steps,
      (name) => (name === 'a' ? skip(StepReason.InvalidStep, 'it is odd') : START),
      first,
    );
    expect(statuses).toMatchObject([
      { phase: 'Skipped', reason: 'DependencyFailed', message: 'dependency a was skipped: a was skipped: it is odd' },
      { phase: 'Skipped', reason: 'InvalidStep', message: 'it is odd' },
      { phase: 'Succeeded' },
    ]);
  });

  test('judges each step once, after the dependencies of the step, and no step that cannot start yet', () => {
    const steps = [
      checkpoint('d', 'c'),
      checkpoint('c', 'a', 'b'),
      checkpoint('a'),
      checkpoint('b'),
      tool('t'),
      checkpoint('e', 't'),
    ];
    expect(startWith(steps, () => START, first).asked).toEqual(['a', 'b', 't', 'c', 'd']);
  });

  test('judges steps in the order in which they start if it counts starts: children come last, as declared', () => {
    const steps = [tool('z'), tool('y', 'b'), checkpoint('b')];
    const rule = { judges: 'FirstAttempt', order: 'Starts' } as const;
    expect(startWith(steps, () => START, rule).asked).toEqual(['b', 'z', 'y']);
  });

  test.each([
    ['EachAttempt', ['a', 'b'], 'Retrying'],
    ['FirstAttempt', ['b'], 'Running'],
  ] as const)('that judges %s judges retries accordingly', (judges, expected, phase) => {
    const retrying: StepStatus = {
      name: 'a',
      kind: 'ToolRun',
      phase: 'Retrying',
      attempt: 1,
      nextRetryAt: '2025-12-31T00:00:00Z',
    };
    const { asked, phases } = startWith([tool('a'), tool('b')], () => wait(), { judges, order: 'Dependencies' }, [
      retrying,
    ]);
    expect(asked).toEqual(expected);
    expect(phases).toEqual([phase, 'Pending']);
  });
});
