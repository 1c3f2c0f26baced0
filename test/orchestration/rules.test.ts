import { describe, expect, test } from 'vitest';
import { decodeOrchestration, type Orchestration } from '../../src/orchestration/decode.ts';
import { stepKinds } from '../../src/orchestration/kinds/table.ts';
import { formatPath } from '../../src/orchestration/problem.ts';
import { checkResource, checkRunUpdate, subOrchestrations } from '../../src/orchestration/rules.ts';
import { checkpoint, orchestration, orchestrationRun } from '../support/reviews.ts';

const ENTRYPOINT_MEANS =
  'The agents chart marks the Orchestration Invalid for this (EntrypointMissing); this reconciler ignores it';

const check = (decoded: Orchestration) =>
  checkResource({ ...decoded, given: decoded.steps, isDefaulted: false, kinds: stepKinds });

/** One line for each problem: `code field: message`. */
function verdictOn(step: object, spec: object = {}): string[] {
  const { orchestration: decoded } = decodeOrchestration(
    orchestration([{ ...checkpoint('build'), ...step }], { spec }),
  );
  const problems = check(decoded).flatMap((finding) => finding.problems);
  return problems.map(({ code, path, describe }) => `${code} ${formatPath(path)}: ${describe()}`);
}

describe('checkResource', () => {
  test.each([
    [
      { kind: 'SubOrchestration', orchestrationRef: { name: 'nightly' } },
      'SubOrchestrationCycle spec.steps[0].orchestrationRef.name: "nightly" would run itself without end: refer to another Orchestration',
    ],
    [
      { kind: 'AgentRum', agentRef: { name: 'x' } },
      'UnknownStepKind spec.steps[0].kind: unknown kind "AgentRum"; did you mean "AgentRun"?',
    ],
    [
      { kind: 'Exec' },
      'UnknownStepKind spec.steps[0].kind: unknown kind "Exec"; the known kinds are AgentRun, ToolRun, SubOrchestration, ApprovalGate, SignalWait, Checkpoint, MemoryOp',
    ],
    [
      { kind: 'AgentRun', implementationSpecRef: { name: 'fix' } },
      'MissingStepReference spec.steps[0]: AgentRun needs agentRef: without it, the step fails when it runs',
    ],
    [
      { kind: 'AgentRun', agentRef: { name: 'coder' }, with: { implementation: 'fix' } },
      'MissingStepReference spec.steps[0]: AgentRun needs implementationSpecRef or implementation: without it, the step fails when it runs',
    ],
    [
      { kind: 'ToolRun' },
      'MissingStepReference spec.steps[0]: ToolRun needs toolRef: without it, the step fails when it runs',
    ],
    [
      { kind: 'SubOrchestration' },
      'MissingStepReference spec.steps[0]: SubOrchestration needs orchestrationRef: without it, the step fails when it runs',
    ],
    [
      { kind: 'SignalWait' },
      'MissingStepReference spec.steps[0]: SignalWait needs signalRef or deliveryId: without it, the step fails when it runs',
    ],
    [
      { name: 'Build it' },
      'NonPortableStepName spec.steps[0].name: "Build it" is not a DNS label of at most 63 characters (a-z, 0-9, "-"): labels will show a hash of it',
    ],
    [{ retries: -1 }, 'InvalidDuration spec.steps[0].retries: -1 is not a whole number of 0 or more and counts as 0'],
    [
      { timeoutSeconds: -30 },
      'InvalidDuration spec.steps[0].timeoutSeconds: -30 is not a whole number of 0 or more and counts as 0',
    ],
    [
      { pendingTimeoutSeconds: -1 },
      'InvalidDuration spec.steps[0].pendingTimeoutSeconds: -1 is not a whole number of 0 or more and counts as 0',
    ],
    [
      { extra: nest(501) },
      'NestingTooDeep spec.steps[0].extra: lists and objects are nested more than 500 deep: flatten it',
    ],
  ])('reports the step %j', (step, sentence) => {
    expect(verdictOn(step)).toEqual([sentence]);
  });

  test.each([
    [
      { entrypoint: 'main' },
      `EntrypointMissing spec.entrypoint: no step is named "main": name a step, or remove it. ${ENTRYPOINT_MEANS}`,
    ],
    [
      { entrypoint: 'biuld' },
      `EntrypointMissing spec.entrypoint: no step is named "biuld": did you mean "build"? ${ENTRYPOINT_MEANS}`,
    ],
    [
      { policies: { retries: { limit: 1.5 } } },
      'InvalidPolicy spec.policies.retries.limit: is the number 1.5, not a whole number of 0 or more: it is ignored, and a step that does not set retries is not retried',
    ],
    [
      { policies: { timeouts: { totalSeconds: '60' } } },
      'InvalidPolicy spec.policies.timeouts.totalSeconds: is the string "60", not a whole number of 0 or more: it is ignored, and the run has no time limit',
    ],
    [
      { policies: { timeouts: { cleanupSeconds: -1 } } },
      'InvalidPolicy spec.policies.timeouts.cleanupSeconds: is the number -1, not a whole number of 0 or more: it is ignored, and the cleanup of a run has the default time',
    ],
    [
      { policies: { timeouts: 7 } },
      'InvalidPolicy spec.policies.timeouts: is the number 7, not an object: it is ignored, and the run has no time limit, and the cleanup of a run has the default time',
    ],
    [
      { policies: { maxParallel: -2 } },
      'InvalidPolicy spec.policies.maxParallel: is the number -2, not a whole number of 0 or more: it is ignored, and any number of children of a run can exist at the same time',
    ],
    [
      { policies: { ttlSecondsAfterFinished: [] } },
      'InvalidPolicy spec.policies.ttlSecondsAfterFinished: is a list, not a whole number of 0 or more: it is ignored, and finished runs are kept',
    ],
    [
      { policies: { history: { limit: -1 } } },
      'InvalidPolicy spec.policies.history.limit: is the number -1, not a whole number of 0 or more: it is ignored, and the Orchestration does not say how many finished runs are kept',
    ],
    [
      { policies: { any: nest(501) } },
      'NestingTooDeep spec.policies: lists and objects are nested more than 500 deep: flatten it',
    ],
  ])('reports the spec %j', (spec, sentence) => {
    expect(verdictOn({}, spec)).toEqual([sentence]);
  });

  test.each([
    [{ kind: 'MemoryOp' }, {}],
    [{ kind: 'SubOrchestration', orchestrationRef: { name: 'weekly' } }, {}],
    [{ kind: 'SignalWait', deliveryId: 'd-1' }, {}],
    [{ kind: 'AgentRun', agentRef: { name: 'coder' }, implementation: { inline: { text: 'fix' } } }, {}],
    [{ kind: 'AgentRun', with: { agentRef: 'coder', implementation: '{"inline": {"text": "fix"}}' } }, {}],
    [{ retries: 0, retryBackoffSeconds: 10, timeoutSeconds: 60 }, {}],
    [{ name: 'a'.repeat(63) }, { entrypoint: 'a'.repeat(63) }],
    [{ extra: nest(499) }, { entrypoint: '' }],
    [{}, { policies: { retries: null, timeouts: {}, maxParallel: null, whatever: 'x' } }],
  ])('accepts the step %j in %j', (step, spec) => {
    expect(verdictOn(step, spec)).toEqual([]);
  });

  test('measures any depth without a stack overflow', () => {
    const text = `{"deep":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`;
    expect(verdictOn(JSON.parse(text))).toHaveLength(1);
  });

  test('reports everything that an AgentRun step lacks', () => {
    expect(verdictOn({ kind: 'AgentRun' })).toEqual([
      expect.stringContaining('AgentRun needs agentRef: '),
      expect.stringContaining('AgentRun needs implementationSpecRef or implementation: '),
    ]);
  });

  test('does not report a cycle if the Orchestration has no name', () => {
    const step = { name: 'a', kind: 'SubOrchestration', orchestrationRef: { name: '' } };
    const { orchestration: decoded } = decodeOrchestration({ spec: { steps: [step] } });
    expect(check(decoded).map(({ code }) => code)).toEqual(['MissingStepReference']);
  });
});

test('subOrchestrations returns the names and the places of the references, in any form', () => {
  const steps = [
    checkpoint('a'),
    { name: 'b', kind: 'SubOrchestration', orchestrationRef: { name: 'x' } },
    { name: 'c', kind: 'SubOrchestration', with: { orchestrationRef: 'y' } },
    { name: 'd', kind: 'ToolRun', orchestrationRef: { name: 'z' } },
  ];
  expect(subOrchestrations(decodeOrchestration(orchestration(steps)).orchestration)).toEqual([
    { name: 'x', path: ['spec', 'steps', 1, 'orchestrationRef', 'name'] },
    { name: 'y', path: ['spec', 'steps', 2, 'orchestrationRef', 'name'] },
  ]);
});

describe('checkRunUpdate', () => {
  const spec = (target: string) => ({ orchestrationRef: { name: target } });
  const run = (target: string, status = {}) => orchestrationRun(spec(target), { status });

  test('denies a change of the spec if the run has its snapshot', () => {
    const [finding, ...others] = checkRunUpdate(run('x', { runId: 'nightly-1' }), run('y'));
    expect(others).toEqual([]);
    const [problem] = finding?.problems ?? [];
    expect(problem).toMatchObject({ code: 'RunSpecImmutable', path: ['spec'] });
    expect(problem?.describe()).toBe(
      'the run has started and follows its snapshot, so a change has no effect: create another run',
    );
  });

  test.each([
    ['the run has not started', run('x', { phase: 'Pending' }), run('y')],
    ['its runId is empty', run('x', { runId: '' }), run('y')],
    ['its runId is not a string', run('x', { runId: 1 }), run('y')],
    ['its status is malformed', run('x', []), run('y')],
    ['the spec is the same', run('x', { runId: 'r' }), run('x', { runId: 'r', phase: 'Running' })],
    ['there is no stored object', null, run('y')],
  ])('allows a change if %s', (_, before, after) => {
    expect(checkRunUpdate(before, after)).toEqual([]);
  });
});

test.each([
  [['spec', 'steps', 3, 'dependsOn', 0], 'spec.steps[3].dependsOn[0]'],
  [['spec', 'steps', 0, 'with', 'my.key'], 'spec.steps[0].with[my.key]'],
  [['spec', 'steps', 0, 'with', '__proto__'], 'spec.steps[0].with.__proto__'],
  [['spec', 'steps', 0, 'with', 'a\nb'], 'spec.steps[0].with[a\\u000ab]'],
  [['spec', 'steps', 0, 'with', ''], 'spec.steps[0].with[]'],
  [['spec', 'steps', 0, 'with', 'x'.repeat(100_000)], `spec.steps[0].with.${'x'.repeat(63)}…`],
])('a path is formatted as in Kubernetes: %#', (path, written) => {
  expect(formatPath(path)).toBe(written);
});

function nest(levels: number): unknown {
  return levels === 0 ? 1 : [nest(levels - 1)];
}
