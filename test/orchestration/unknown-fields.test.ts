import { describe, expect, test } from 'vitest';
import { decodeOrchestration } from '../../src/orchestration/decode.ts';
import { defaultPolicy, judgeOrchestration } from '../../src/orchestration/judge.ts';
import { agentRunFields } from '../../src/orchestration/kinds/agent-run-spec.ts';
import { stepKinds } from '../../src/orchestration/kinds/table.ts';
import { formatPath } from '../../src/orchestration/problem.ts';
import { stepSchema } from '../../src/orchestration/schema.ts';
import { findUnknownFields } from '../../src/orchestration/unknown-fields.ts';
import { checkpoint, orchestration } from '../support/reviews.ts';

const UNREAD = 'the API server stores this field, but it has no effect';

function problemsOf(steps: readonly object[], spec: object = {}): string[] {
  const { orchestration: decoded } = decodeOrchestration(orchestration(steps, { spec }));
  const { problems } = findUnknownFields({ ...decoded, isDefaulted: false, kinds: stepKinds }, Infinity);
  return problems.map(({ path, describe }) => `${formatPath(path)}: ${describe()}`);
}

/** The known field that each unknown field resembles. */
function meant(field: string): string | undefined {
  const [problem] = problemsOf([{ ...checkpoint('a'), [field]: 1 }]);
  return /did you mean (\S+)\?/.exec(problem ?? '')?.[1];
}

describe('a field of a step that is not read', () => {
  test.each([
    ['depends_on', 'dependsOn'],
    ['dependson', 'dependsOn'],
    ['depends-on', 'dependsOn'],
    ['dependOn', 'dependsOn'],
    ['dependancies', 'dependsOn'],
    ['needs', 'dependsOn'],
    ['after', 'dependsOn'],
    ['runAfter', 'dependsOn'],
    ['dependencies', 'dependsOn'],
    ['continueOnError', 'continueOnFailure'],
    ['continue-on-error', 'continueOnFailure'],
    ['continueOnFailiure', 'continueOnFailure'],
    ['allow_failure', 'continueOnFailure'],
    ['retry', 'retries'],
    ['retires', 'retries'],
    ['retryStrategy', 'retries'],
    ['backoff', 'retryBackoffSeconds'],
    ['retryBackOffSeconds', 'retryBackoffSeconds'],
    ['timeout', 'timeoutSeconds'],
    ['timeoutSecond', 'timeoutSeconds'],
    ['timeout-minutes', 'timeoutSeconds'],
    ['params', 'with'],
    ['wiht', 'with'],
    ['vcsPolcy', 'vcsPolicy'],
    ['toolref', 'toolRef'],
  ])('%s resembles %s', (field, known) => {
    expect(meant(field)).toBe(known);
  });

  test.each([
    ...['description', 'labels', 'annotations', 'owner', 'notes', 'entries', 'image', 'command', 'id', 'type'],
    ...['runIf', 'when', 'outputs', 'approvers', 'x', '', '_', 'é', '__proto__', 'constructor', 'x'.repeat(300)],
  ])('%j resembles no known field, and is accepted', (field) => {
    expect(problemsOf([{ ...checkpoint('a'), [field]: 1 }])).toEqual([]);
  });

  test('has a message with the effect of the missing field', () => {
    const steps = [
      { ...checkpoint('a'), needs: [] },
      { ...checkpoint('b'), depends_on: ['a'], retry: 2 },
    ];
    expect(problemsOf(steps)).toEqual([
      `spec.steps[0].needs: ${UNREAD}; did you mean dependsOn? Without it, this step starts first`,
      `spec.steps[1].depends_on: ${UNREAD}; did you mean dependsOn? Without it, this step starts after "a"`,
      `spec.steps[1].retry: ${UNREAD}; did you mean retries? Without it, the step is retried only as often as spec.policies.retries.limit says`,
    ]);
  });

  test('makes a step start at once if another step declares dependsOn, and is the only problem', () => {
    const steps = [checkpoint('a'), checkpoint('b', 'a'), { ...checkpoint('c'), depends_on: ['b'] }];
    const { warnings } = judgeOrchestration(orchestration(steps));
    expect(warnings.map(({ code, message }) => [code, message])).toEqual([
      ['UnknownField', `${UNREAD}; did you mean dependsOn? Without it, this step starts at once`],
    ]);
    const policy = { ...defaultPolicy, severities: new Map([['UnknownField', 'off'] as const]) };
    expect(judgeOrchestration(orchestration(steps), policy).warnings).toMatchObject([{ code: 'MixedDependsOn' }]);
  });

  test('leaves ancestors unchecked only if it may be meant as dependsOn', () => {
    const codesOf = (field: object) => {
      const reading = { ...checkpoint('c', 'a'), when: 'steps.b.phase == "Succeeded"', ...field };
      const { denials } = judgeOrchestration(orchestration([checkpoint('a'), checkpoint('b', 'a'), reading]));
      return denials.map(({ code }) => code);
    };
    expect(codesOf({})).toEqual(['ReferenceNotAncestor']);
    expect(codesOf({ timeoutSecond: 5 })).toEqual(['ReferenceNotAncestor']);
    expect(codesOf({ needs: ['b'] })).toEqual([]);
  });

  test('leaves the step after the one before it, also if the gate has written the default', () => {
    const metadata = { annotations: { 'orchestration.proompteng.ai/defaulted': 'sequential' } };
    const steps = [checkpoint('a'), { ...checkpoint('b', 'a'), depends_on: ['a'] }];
    const { warnings } = judgeOrchestration(orchestration(steps, { metadata }));
    expect(warnings.map(({ message }) => message)).toEqual([
      `${UNREAD}; did you mean dependsOn? Without it, this step starts after "a"`,
    ]);
  });

  test('must be removed if the field that it resembles is present', () => {
    expect(problemsOf([checkpoint('a'), { ...checkpoint('b', 'a'), needs: ['a'] }])).toEqual([
      `spec.steps[1].needs: ${UNREAD}, and dependsOn is set too: remove this one`,
    ]);
  });

  test('that replaces a required field is one problem, of the step', () => {
    const step = { name: 'a', kind: 'ToolRun', toolref: { name: 'lint' } };
    const { warnings } = judgeOrchestration(orchestration([step]));
    expect(warnings.map(({ code, field, message }) => `${code} ${field}: ${message}`)).toEqual([
      'MissingStepReference spec.steps[0]: ToolRun needs toolRef: without it, the step fails when it runs; rename "toolref" to toolRef',
    ]);
  });
});

describe('a field of the policies that is not read', () => {
  test.each([
    [
      { maxParalel: 3 },
      'maxParalel',
      'maxParallel? Without it, any number of children of a run can exist at the same time',
    ],
    [
      { parallelism: 3 },
      'parallelism',
      'maxParallel? Without it, any number of children of a run can exist at the same time',
    ],
    [{ timeout: 60 }, 'timeout', 'timeouts.totalSeconds? Without it, the run has no time limit'],
    [{ timeOuts: { totalSeconds: 60 } }, 'timeOuts', 'timeouts? Without it, the run has no time limit'],
    [{ timeouts: { totalSecond: 60 } }, 'timeouts.totalSecond', 'totalSeconds? Without it, the run has no time limit'],
    [{ retries: { max: 2 } }, 'retries.max', 'limit? Without it, a step that does not set retries is not retried'],
    [
      { ttlSecondsAfterFinish: 9 },
      'ttlSecondsAfterFinish',
      'ttlSecondsAfterFinished? Without it, finished runs are kept',
    ],
    [
      { historyLimit: 9 },
      'historyLimit',
      'history.limit? Without it, the Orchestration does not say how many finished runs are kept',
    ],
  ])('%j is reported', (policies, field, rest) => {
    expect(problemsOf([checkpoint('a')], { policies })).toEqual([
      `spec.policies.${field}: ${UNREAD}; did you mean ${rest}`,
    ]);
  });

  test.each([
    { concurrency: { max: 1 } },
    { parameters: {} },
    { timeouts: { cleanupSeconds: 5 } },
    { retries: { backoff: 1 } },
  ])('%j resembles no known field', (policies) => {
    expect(problemsOf([checkpoint('a')], { policies })).toEqual([]);
  });
});

test('every field that is read is known', () => {
  const read = [...Object.keys(stepSchema.properties), ...agentRunFields.keys(), 'signalRef', 'deliveryId'];
  expect(read.filter((field) => !stepKinds.fields.fields.has(field))).toEqual([]);
});

test('all misspelled fields are counted, and of many names only the first are compared', () => {
  const same = orchestration(
    Array.from({ length: 1000 }, (_, index) => ({ ...checkpoint(`s${index}`), depends_on: [] })),
  );
  const { warnings, warnedCount } = judgeOrchestration(same);
  expect([warnings.length, warnedCount]).toEqual([50, 1000]);
  const names = Array.from({ length: 5000 }, (_, index) => [`dependsOn${'_'.repeat(index % 30)}${index}`, 1] as const);
  const many = orchestration([{ ...checkpoint('a'), ...Object.fromEntries(names) }]);
  expect(judgeOrchestration(many).warnedCount).toBeLessThanOrEqual(256);
});
