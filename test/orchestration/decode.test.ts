import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeOrchestration, decodeOrchestrationRun } from '../../src/orchestration/decode.ts';
import { defaultPolicy, judgeOrchestration } from '../../src/orchestration/judge.ts';
import { type Finding, formatPath } from '../../src/orchestration/problem.ts';
import { stepSchema } from '../../src/orchestration/schema.ts';
import { anyOrchestration, anyStep } from '../support/objects.ts';
import { checkpoint, orchestration, orchestrationRun } from '../support/reviews.ts';

function format(findings: readonly Finding[]): string[] {
  const problems = findings.flatMap((finding) => finding.problems);
  return problems.map(({ code, path, describe }) => `${code} ${formatPath(path)}: ${describe()}`);
}

const problemsOf = (object: unknown) => format(decodeOrchestration(object).findings);
const problemsOfSteps = (...steps: unknown[]) => problemsOf(orchestration(steps));
const problemsOfRun = (spec: unknown) => format(decodeOrchestrationRun(orchestrationRun(spec)).findings);

const unlimited = { ...defaultPolicy, limits: { maxSteps: Infinity, maxDependencies: Infinity } };

test('the schema of a step is a JSON Schema, which decoding does not ask at each start', () => {
  expect(new Ajv().validateSchema(stepSchema, true)).toBe(true);
  expect(() => new Ajv().validateSchema({ ...stepSchema, type: 'step' }, true)).toThrow('schema is invalid');
});

describe('the message of', () => {
  test.each([
    [undefined, 'is absent'],
    [null, 'is absent'],
    [[], 'is empty'],
    [{}, 'is an object, not a list'],
    ['a', 'is the string "a", not a list'],
  ])('MissingSteps for %j', (steps, found) => {
    expect(problemsOf(orchestration(steps))).toEqual([`MissingSteps spec.steps: ${found}: declare at least one step`]);
  });

  test('MissingSteps for a value without a spec, or one that is not an object', () => {
    const sentence = 'MissingSteps spec.steps: is absent: declare at least one step';
    for (const object of [{}, { spec: [] }, { spec: null }, null, 7, 'x', []]) {
      expect(problemsOf(object)).toEqual([sentence]);
    }
  });

  test.each([
    [{ kind: 'Checkpoint' }, 'StepMissingName spec.steps[0].name: is absent: give the step a name'],
    [{ name: '', kind: 'Checkpoint' }, 'StepMissingName spec.steps[0].name: is empty: give the step a name'],
    [{ name: 7, kind: 'Checkpoint' }, 'StepMissingName spec.steps[0].name: is the number 7, not a string'],
    [
      { name: 'a', kind: null },
      'StepMissingKind spec.steps[0].kind: is absent: say what the step does, for example AgentRun',
    ],
    [
      { name: 'a', kind: '' },
      'StepMissingKind spec.steps[0].kind: is empty: say what the step does, for example AgentRun',
    ],
    [{ name: 'a', kind: [] }, 'StepMissingKind spec.steps[0].kind: is a list, not a string'],
    [
      { ...checkpoint('a'), dependsOn: 'b' },
      'InvalidDependency spec.steps[0].dependsOn: is the string "b", not a list',
    ],
    [
      { ...checkpoint('a'), dependsOn: ['b', ''] },
      'InvalidDependency spec.steps[0].dependsOn[1]: is empty: name a step, or remove this entry',
    ],
    [
      { ...checkpoint('a'), dependsOn: ['b', null] },
      'InvalidDependency spec.steps[0].dependsOn[1]: is null, not a string',
    ],
    [{ ...checkpoint('a'), retries: 1.5 }, 'InvalidField spec.steps[0].retries: is the number 1.5, not an integer'],
    [
      { ...checkpoint('a'), continueOnFailure: 'yes' },
      'InvalidField spec.steps[0].continueOnFailure: is the string "yes", not a boolean',
    ],
    [
      { ...checkpoint('a'), toolRef: 'lint' },
      'InvalidField spec.steps[0].toolRef: is the string "lint", not an object',
    ],
    [{ ...checkpoint('a'), agentRef: {} }, 'InvalidField spec.steps[0].agentRef.name: is absent: it is required'],
    [
      { ...checkpoint('a'), with: { 'a/b~c': true } },
      'InvalidField spec.steps[0].with[a/b~c]: is the boolean true, not a string',
    ],
    ['a', 'InvalidField spec.steps[0]: is the string "a", not an object: a step has a name and a kind'],
  ])('the malformed step %j', (step, sentence) => {
    expect(problemsOfSteps(step)).toEqual([sentence]);
  });

  test.each([
    [{ entrypoint: 7 }, 'InvalidField spec.entrypoint: is the number 7, not a string'],
    [{ policies: [] }, 'InvalidField spec.policies: is a list, not an object'],
  ])('the malformed spec %j', (spec, sentence) => {
    expect(problemsOf(orchestration([checkpoint('a')], { spec }))).toEqual([sentence]);
  });

  test.each([
    [undefined, 'MissingOrchestrationRef spec.orchestrationRef: is absent: name the Orchestration to run'],
    [
      { orchestrationRef: null },
      'MissingOrchestrationRef spec.orchestrationRef: is absent: name the Orchestration to run',
    ],
    [{ orchestrationRef: 'x' }, 'MissingOrchestrationRef spec.orchestrationRef: is the string "x", not an object'],
    [
      { orchestrationRef: {} },
      'MissingOrchestrationRef spec.orchestrationRef.name: is absent: name the Orchestration to run',
    ],
    [
      { orchestrationRef: { name: '' } },
      'MissingOrchestrationRef spec.orchestrationRef.name: is empty: name the Orchestration to run',
    ],
    [
      { orchestrationRef: { name: 'x' }, parameters: { a: 1 } },
      'InvalidField spec.parameters.a: is the number 1, not a string',
    ],
  ])('the malformed run %j', (spec, sentence) => {
    expect(problemsOfRun(spec)).toEqual([sentence]);
  });
});

describe('decodeOrchestration', () => {
  test('returns valid types and one step for each entry, for any input', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), anyOrchestration), (object) => {
        const { orchestration, findings } = decodeOrchestration(object);
        format(findings);
        const list = (object as { spec?: { steps?: unknown } } | null)?.spec?.steps;
        expect(orchestration.steps).toHaveLength(Array.isArray(list) ? list.length : 0);
        expect([orchestration.name, orchestration.namespace].every((found) => typeof found === 'string')).toBe(true);
        expect(['string', 'undefined']).toContain(typeof orchestration.entrypoint);
        for (const step of orchestration.steps) expect(mistypedFields(step)).toEqual([]);
        if (findings.length === 0) expect(orchestration.steps.every(({ name, kind }) => name && kind)).toBe(true);
      }),
      { numRuns: 700 },
    );
  });

  test('does not change its input', () => {
    fc.assert(
      fc.property(anyOrchestration, (object) => {
        const before = structuredClone(object);
        decodeOrchestration(object);
        expect(object).toEqual(before);
      }),
      { numRuns: 300 },
    );
  });

  test('treats null as absent in every object, and as a value in a list', () => {
    fc.assert(
      fc.property(anyOrchestration, (object) => {
        const { orchestration, findings } = decodeOrchestration(object);
        const pruned = decodeOrchestration(dropNulls(object));
        expect(format(findings)).toEqual(format(pruned.findings));
        expect(orchestration.steps.map(pickGraph)).toEqual(pruned.orchestration.steps.map(pickGraph));
      }),
      { numRuns: 700 },
    );
  });

  test('finds a loop between malformed steps, at their own places', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 4 }), fc.array(anyStep, { maxLength: 4 }), (before, between) => {
        const steps = [...before, checkpoint('x', 'y'), ...between, checkpoint('y', 'x')];
        const { denials } = judgeOrchestration(orchestration(steps), unlimited, Infinity);
        const loop = denials.find(({ code, steps }) => code === 'DependencyCycle' && steps?.includes('x'));
        expect(loop?.field).toBe(`spec.steps[${steps.length - 1}].dependsOn[0]`);
      }),
      { numRuns: 500 },
    );
  });

  test('does not count a malformed step as one that declares dependsOn', () => {
    const { warnings } = judgeOrchestration(orchestration([checkpoint('a'), null, checkpoint('b')]));
    expect(warnings).toEqual([]);
  });

  test.each([
    ['ones', Array(1_500_000).fill(1)],
    ['empty objects', Array.from({ length: 1_000_000 }, () => ({}))],
    ['a step with a map of numbers', [{ ...checkpoint('a'), with: Object.fromEntries(manyEntries(1)) }]],
    ['a step that waits for empty names', [{ ...checkpoint('a'), dependsOn: Array(750_000).fill('') }]],
    ['a step that waits for numbers', [{ ...checkpoint('a'), dependsOn: Array(750_000).fill(1) }]],
    [
      'steps with a thousand mistakes each',
      Array.from({ length: 500 }, () => ({ ...checkpoint('a'), dependsOn: Array(1000).fill(1) })),
    ],
  ])('counts all problems in 3 MiB of %s, and returns the first of each code', (_, steps) => {
    const { findings } = decodeOrchestration(orchestration(steps), 50);
    expect(findings.length).toBeGreaterThan(0);
    for (const { count, problems } of findings) {
      expect(count).toBeGreaterThan(200_000);
      expect(problems).toHaveLength(50);
    }
  });

  test('returns problems of each code, however many problems of another code come first', () => {
    const steps = [...Array(1500).fill({ name: 'a', kind: '' }), { ...checkpoint('b'), dependsOn: [''] }];
    const { findings } = decodeOrchestration(orchestration(steps), 50);
    expect(findings.map(({ code, count }) => [code, count])).toEqual([
      ['StepMissingKind', 1500],
      ['InvalidDependency', 1],
    ]);
  });

  test('finds a loop after a thousand malformed steps', () => {
    const nameless = Array.from({ length: 1500 }, (_, i) => ({ name: `s${i}`, kind: 0 }));
    const steps = [...nameless, { name: 'x', dependsOn: ['y'] }, { name: 'y', dependsOn: ['x'] }];
    const policy = {
      ...defaultPolicy,
      limits: { maxSteps: 2000, maxDependencies: 9 },
      severities: new Map([['StepMissingKind', 'off' as const]]),
    };
    expect(judgeOrchestration(orchestration(steps), policy).denials).toMatchObject([
      { code: 'DependencyCycle', field: 'spec.steps[1501].dependsOn[0]' },
    ]);
  });
});

describe('decodeOrchestrationRun', () => {
  test('returns valid types for any input', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), anyStep.map(orchestrationRunOf)), (object) => {
        const { run, findings } = decodeOrchestrationRun(object);
        format(findings);
        expect(typeof run.spec.orchestrationRef.name).toBe('string');
        expect(Object.values(run.spec.parameters ?? {}).every((value) => typeof value === 'string')).toBe(true);
        if (findings.length === 0) expect(run.spec.orchestrationRef.name).not.toBe('');
      }),
      { numRuns: 1000 },
    );
  });
});

/** A run whose spec has the fields of a step. The `with` of the step becomes its parameters. */
function orchestrationRunOf(step: unknown): unknown {
  const { with: parameters, ...spec } = Object(step);
  return orchestrationRun({ ...spec, parameters });
}

function manyEntries<T>(value: T): [string, T][] {
  return Array.from({ length: 250_000 }, (_, i) => [`k${i}`, value]);
}

function pickGraph({ name, dependsOn }: { name: string; dependsOn?: readonly string[] }) {
  return { name, dependsOn };
}

/** The fields whose type is not the one in the schema, computed independently. */
function mistypedFields(step: Record<string, unknown>): string[] {
  const isText = (value: unknown) => typeof value === 'string';
  const isObject = (value: unknown): value is object =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const isReference = (value: unknown) => isObject(value) && isText((value as { name?: unknown }).name);
  const types: Record<string, (value: unknown) => boolean> = {
    dependsOn: (value) => Array.isArray(value) && value.every(isText),
    continueOnFailure: (value) => typeof value === 'boolean',
    retries: Number.isInteger,
    retryBackoffSeconds: Number.isInteger,
    timeoutSeconds: Number.isInteger,
    pendingTimeoutSeconds: Number.isInteger,
    agentRef: isReference,
    toolRef: isReference,
    orchestrationRef: isReference,
    policyRef: isText,
    approvers: isObject,
    with: (value) => isObject(value) && Object.values(value).every(isText),
  };
  const wrong = Object.keys(types).filter((field) => step[field] !== undefined && !types[field]?.(step[field]));
  return [...wrong, ...['name', 'kind'].filter((field) => !isText(step[field]))];
}

/** The form that an API server stores: no null in any object, only in lists. */
function dropNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((entry) => (entry === null ? null : dropNulls(entry)));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, inside]) => inside !== null);
  return Object.fromEntries(kept.map(([key, inside]) => [key, dropNulls(inside)]));
}
