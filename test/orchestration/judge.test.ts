import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  defaultPolicy,
  judgeOrchestration,
  type Policy,
  rules,
  type Severity,
  weigh,
} from '../../src/orchestration/judge.ts';
import { anyOrchestration } from '../support/objects.ts';
import { checkpoint, cycle, orchestration } from '../support/reviews.ts';

function judge(object: unknown, policy?: Partial<Policy>, mostShown?: number) {
  return judgeOrchestration(object, { ...defaultPolicy, ...policy }, mostShown);
}

const withSeverity = (code: string, severity: Severity) => ({ severities: new Map([[code, severity]]) });

describe('a rule', () => {
  test('denies graphs that can never run, and warns about the rest', () => {
    const by = (severity: string) => rules.filter((rule) => rule.severity === severity).map(({ code }) => code);
    expect(by('deny')).toEqual([
      'MissingSteps',
      'InvalidField',
      'StepMissingName',
      'StepMissingKind',
      'InvalidDependency',
      'MissingOrchestrationRef',
      'TooManySteps',
      'TooManyDependencies',
      'DuplicateStep',
      'MissingDependency',
      'SelfDependency',
      'DependencyCycle',
      'NeverRuns',
      'InvalidExpression',
      'UnknownReference',
      'ReferenceNotAncestor',
      'UnknownOutput',
      'NestingTooDeep',
      'SubOrchestrationCycle',
      'RunSpecImmutable',
      'NobodyCanApprove',
    ]);
    expect(by('warn')).toEqual([
      'DuplicateDependency',
      'MixedDependsOn',
      'UnknownPlaceholder',
      'EntrypointMissing',
      'UnknownStepKind',
      'MissingStepReference',
      'UnknownField',
      'ChildWouldBeDenied',
      'NonPortableStepName',
      'InvalidDuration',
      'InvalidPolicy',
    ]);
  });

  test.each([
    ['MissingSteps', orchestration([])],
    ['InvalidField', orchestration([null])],
    ['StepMissingName', orchestration([checkpoint('')])],
    ['InvalidDependency', orchestration([{ ...checkpoint('a'), dependsOn: 'b' }])],
    ['TooManySteps', orchestration(Array.from({ length: 1001 }, (_, i) => checkpoint(`s${i}`)))],
    ['TooManyDependencies', orchestration([checkpoint('a', ...Array(257).fill('b'))])],
    ['DuplicateStep', orchestration([checkpoint('a'), checkpoint('a')])],
    ['NestingTooDeep', orchestration([checkpoint('a')], { spec: { policies: { deep: nest(600) } } })],
  ])('%s always denies, because without it the graph cannot be checked', (code, object) => {
    for (const severity of ['warn', 'off'] as const) {
      expect(judge(object, withSeverity(code, severity)).denials).toMatchObject([{ code, severity: 'deny' }]);
    }
  });

  test.each([
    ['StepMissingKind', orchestration([{ name: 'a', kind: '' }])],
    ['MissingDependency', orchestration([checkpoint('a', 'b')])],
    ['SelfDependency', orchestration([checkpoint('a', 'a')])],
    ['DependencyCycle', orchestration(cycle)],
    ['SubOrchestrationCycle', orchestration([{ ...step('SubOrchestration'), orchestrationRef: { name: 'nightly' } }])],
    ['EntrypointMissing', orchestration([checkpoint('a')], { spec: { entrypoint: 'main' } })],
    ['DuplicateDependency', orchestration([{ ...checkpoint('a'), dependsOn: [] }, checkpoint('b', 'a', 'a')])],
    ['MixedDependsOn', orchestration([checkpoint('a'), checkpoint('b', 'a'), checkpoint('c')])],
    ['UnknownStepKind', orchestration([step('Exec')])],
    ['MissingStepReference', orchestration([step('ToolRun')])],
    ['UnknownField', orchestration([{ ...checkpoint('a'), needs: [] }])],
    ['ChildWouldBeDenied', orchestration([{ ...agent, with: { prompt: 'x' } }])],
    ['NonPortableStepName', orchestration([checkpoint('A')])],
    ['InvalidDuration', orchestration([{ ...checkpoint('a'), retries: -1 }])],
    ['InvalidPolicy', orchestration([checkpoint('a')], { spec: { policies: { maxParallel: -1 } } })],
  ])('%s has the configured severity', (code, object) => {
    expect(judge(object, withSeverity(code, 'deny'))).toMatchObject({
      denials: [{ code, severity: 'deny' }],
      warnings: [],
    });
    expect(judge(object, withSeverity(code, 'warn'))).toMatchObject({
      denials: [],
      warnings: [{ code, severity: 'warn' }],
    });
    expect(judge(object, withSeverity(code, 'off'))).toEqual({
      denials: [],
      warnings: [],
      deniedCount: 0,
      warnedCount: 0,
      deniedCodes: [],
      warnedCodes: [],
    });
  });
});

describe('a judgement', () => {
  test('has all problems: first those of the list, then those of each step in the order of the rules', () => {
    const steps = [
      { ...checkpoint('a', 'b', 'nope'), retries: 'x' },
      { ...checkpoint('b', 'a'), kind: '' },
      checkpoint('b', 'b'),
      {},
    ];
    const { denials } = judge(orchestration(steps, { spec: { entrypoint: [] } }));
    expect(denials.map(({ code, field }) => `${code} ${field}`)).toEqual([
      'InvalidField spec.entrypoint',
      'InvalidField spec.steps[0].retries',
      'MissingDependency spec.steps[0].dependsOn[1]',
      'StepMissingKind spec.steps[1].kind',
      'DependencyCycle spec.steps[1].dependsOn[0]',
      'DuplicateStep spec.steps[2].name',
      'SelfDependency spec.steps[2].dependsOn[0]',
      'StepMissingName spec.steps[3].name',
      'StepMissingKind spec.steps[3].kind',
    ]);
  });

  test('is in the order of the steps, whatever the problems are', () => {
    fc.assert(
      fc.property(anyOrchestration, (object) => {
        const { denials, warnings } = judge(object);
        for (const problems of [denials, warnings]) {
          const places = problems.map(({ path }) => (typeof path[2] === 'number' ? path[2] : -1));
          expect(places).toEqual(places.toSorted((left, right) => left - right));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('shows the first 50 denials and the first 50 warnings, and counts the rest', () => {
    const { denials, deniedCount, warnings, warnedCount } = judge(
      orchestration(Array.from({ length: 70 }, (_, i) => checkpoint(`S${i}`, 'nope'))),
    );
    expect([denials.length, deniedCount, warnings.length, warnedCount]).toEqual([50, 70, 50, 70]);
    expect(denials.at(-1)?.field).toBe('spec.steps[49].dependsOn[0]');
  });

  test('writes only the messages that are shown, because a suggestion is expensive', () => {
    let written = 0;
    const describe = () => `${++written}`;
    const problem = { code: 'MissingDependency', path: ['spec', 'steps', 0], describe };
    const finding = { code: 'MissingDependency', count: 90, problems: Array(70).fill(problem) };
    const judgement = weigh([finding], defaultPolicy);
    expect([judgement.denials.length, judgement.deniedCount, written]).toEqual([50, 90, 50]);
    weigh([finding], { ...defaultPolicy, ...withSeverity('MissingDependency', 'off') });
    expect(written).toBe(50);
  });

  test('has only that problem if the object is over a limit', () => {
    const steps = [...cycle, checkpoint('A', 'nope'), step('Exec'), null];
    const { denials, warnings } = judge(orchestration(steps, { spec: { entrypoint: 'main' } }), {
      limits: { maxSteps: 4, maxDependencies: 9 },
    });
    expect(denials.map(({ code }) => code)).toEqual(['TooManySteps']);
    expect(warnings).toEqual([]);
  });

  test.each([
    ['ToolRun', { toolRef: 'lint' }],
    ['ToolRun', { toolRef: {} }],
    ['ToolRun', { with: 'toolRef' }],
    ['AgentRun', { agentRef: 'coder', implementationSpecRef: 'fix' }],
    ['SubOrchestration', { orchestrationRef: ['weekly'] }],
    ['ApprovalGate', { policyRef: { name: 'people' } }],
  ])('of a %s with %j has one problem for one wrong value', (kind, fields) => {
    const { denials, warnings } = judge(orchestration([{ ...step(kind), ...fields }]));
    expect([denials.map(({ code }) => code), warnings]).toEqual([['InvalidField'], []]);
  });

  test('has the full loop for programs, even if the message cuts it', () => {
    const ring = Array.from({ length: 30 }, (_, i) => checkpoint(`s${i}`, `s${(i + 1) % 30}`));
    const [problem] = judge(orchestration(ring)).denials;
    expect(problem?.steps).toEqual(ring.map(({ name }) => name));
  });

  test('throws for a code that no rule has', () => {
    expect(() => weigh([{ code: 'Nonsense', count: 1, problems: [] }], defaultPolicy)).toThrow(
      'no rule has the code Nonsense',
    );
  });
});

const agent = { name: 'a', kind: 'AgentRun', agentRef: { name: 'x' }, implementationSpecRef: { name: 'y' } };

function step(kind: string) {
  return { ...checkpoint('a'), kind };
}

function nest(levels: number): unknown {
  return levels === 0 ? 1 : [nest(levels - 1)];
}
