import { describe, expect, test } from 'vitest';
import type { StoredObject } from '../../../src/objects/object.ts';
import type { People } from '../../../src/orchestration/kinds/people.ts';
import { stepKinds } from '../../../src/orchestration/kinds/table.ts';
import { checkResource } from '../../../src/orchestration/rules.ts';
import type { Step } from '../../../src/orchestration/schema.ts';
import type { ObservedRun } from '../../../src/reconciler/observation.ts';

const run: ObservedRun = {
  name: 'nightly-1',
  namespace: 'agents',
  uid: 'u1',
  resourceVersion: '1',
  generation: 1,
  creationTimestamp: '2026-01-01T12:00:00Z',
  isBeingDeleted: false,
  isCancelled: false,
  isCancelledNow: false,
  isSuspended: false,
  orchestration: 'nightly',
  parameters: { branch: 'main', depth: '1' },
  status: { conditions: [], stepStatuses: [] },
  stored: {},
  bytesBeside: 0,
  isContested: false,
  isTemplate: false,
  decisions: new Map(),
};

const noAncestors = () => undefined;

/** Nobody has decided. */
const nobody: People = { run: 'nightly-1', approvals: [], creators: new Set(), malformed: [] };

function kindOf<Type extends 'Child' | 'Gate' | 'Immediate'>(name: string, type: Type) {
  const kind = stepKinds.get(name);
  if (kind?.type !== type) throw new Error(`${name} is no ${type} kind`);
  return kind as Extract<typeof kind, { type: Type }>;
}

/** The spec of the child of a step, or why there is none. */
function build(kind: string, fields: object): unknown {
  const built = kindOf(kind, 'Child').buildSpec({ name: 'a', kind, ...fields } as Step, run, noAncestors);
  return 'spec' in built ? built.spec : built.refusal;
}

function object(kind: string, name: string, content: object, creationTimestamp = '2026-01-01T12:00:00Z'): StoredObject {
  return {
    apiVersion: 'x/v1',
    kind,
    metadata: { name, namespace: 'agents', uid: name, creationTimestamp },
    ...content,
  };
}

test.each(stepKinds.all.map((kind) => [kind.name, kind] as const))(
  'the gate knows %s, and warns about a step without a reference if the step would fail',
  (name, kind) => {
    const step = { name: 'a', kind: name };
    const nightly = { name: 'nightly', namespace: 'agents', policies: {}, steps: [step] };
    const problems = checkResource({ ...nightly, given: [step], isDefaulted: false, kinds: stepKinds });
    const isRefused =
      kind.type === 'Child'
        ? 'refusal' in kind.buildSpec(step, run, noAncestors)
        : kind.type === 'Gate' && kind.judge(step, [], nobody).state === 'Failed';
    expect([...new Set(problems.map(({ code }) => code))]).toEqual(isRefused ? ['MissingStepReference'] : []);
  },
);

describe('the parameters of a child', () => {
  test('are those of the run, overridden by those of the step', () => {
    const spec = build('ToolRun', { toolRef: { name: 'lint' }, with: { depth: '5', fix: 'yes' } });
    expect(spec).toEqual({ toolRef: { name: 'lint' }, parameters: { branch: 'main', depth: '5', fix: 'yes' } });
  });

  test('keep names that are properties of every JavaScript object', () => {
    const given = JSON.parse('{"__proto__": "x", "constructor": "y"}');
    const { parameters } = build('ToolRun', { toolRef: { name: 'lint' }, with: given }) as { parameters: object };
    expect(Object.entries(parameters)).toEqual([
      ...Object.entries(run.parameters),
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });
});

describe('a key of `with` that is read as a field of the child', () => {
  const text = (value: object) => JSON.stringify(value);

  test('is not a parameter, and all other keys are', () => {
    const given = { agentRef: 'coder', implementation: text({ inline: { text: 'x'.repeat(4096) } }), goal: 'ship it' };
    const more = {
      secrets: 'a b',
      runtime: text({ type: 'job' }),
      workflow: text({ steps: [] }),
      ttlSecondsAfterFinished: '60',
    };
    const spec = build('AgentRun', { with: { ...given, ...more, depth: '5' } });
    expect(spec).toMatchObject({ agentRef: { name: 'coder' }, secrets: ['a', 'b'], runtime: { type: 'job' } });
    expect(spec).toHaveProperty('parameters', { branch: 'main', depth: '5', goal: 'ship it' });
  });

  test('is a parameter if the step itself gives the field', () => {
    const fields = { agentRef: { name: 'coder' }, implementationSpecRef: 'spec', with: { agentRef: 'other' } };
    expect(build('AgentRun', fields)).toHaveProperty('parameters', { ...run.parameters, agentRef: 'other' });
  });

  test('is not a parameter of a ToolRun or a nested run either, and `parameters` is one', () => {
    expect(build('ToolRun', { with: { toolRef: 'lint' } })).toHaveProperty('parameters', run.parameters);
    const given = { orchestrationRef: 'inner', parameters: text({ depth: '9' }) };
    const { orchestrationRef: _, ...parameters } = given;
    expect(build('SubOrchestration', { with: given })).toEqual({
      orchestrationRef: { name: 'inner' },
      parameters: { ...run.parameters, ...parameters },
    });
  });
});

describe.each([
  ['ToolRun', 'toolRef', {}],
  ['SubOrchestration', 'orchestrationRef', {}],
  ['AgentRun', 'agentRef', { implementationSpecRef: 'x' }],
])('%s reads %s', (kind, field, rest) => {
  test.each([
    ['as an object', { [field]: { name: 'lint' } }],
    ['as a name', { [field]: 'lint' }],
    ['as a name in with', { with: { [field]: 'lint' } }],
    ['as JSON text in with', { with: { [field]: '{"name": "lint"}' } }],
    ['as JSON text', { [field]: ' {"name": "lint"}' }],
    ['from the step before with', { [field]: { name: 'lint' }, with: { [field]: 'other' } }],
    ['from with where the step’s is empty', { [field]: { name: '' }, with: { [field]: 'lint' } }],
  ])('%s', (_, fields) => {
    expect(build(kind, { ...rest, ...fields })).toMatchObject({ [field]: { name: 'lint' } });
  });

  test.each([
    [{}],
    [{ [field]: '' }],
    [{ [field]: {} }],
    [{ [field]: { name: 7 } }],
    [{ [field]: null }],
    [{ [field]: ['lint'] }],
  ])('and rejects %j with a message', (fields) => {
    expect(build(kind, { ...rest, ...fields })).toMatch(
      new RegExp(`^${field} is missing: a.? ${kind} step names the \\w+ to run$`),
    );
  });
});

describe('AgentRun', () => {
  const agent = { agentRef: { name: 'coder' } };

  test('passes on every field that the controller of the agents chart reads', () => {
    const fields = {
      ...agent,
      implementationSpecRef: { name: 'spec' },
      implementation: { inline: { text: 'fix it' } },
      memoryRef: 'memory',
      vcsRef: { name: 'repo' },
      vcsPolicy: { required: true },
      policy: { budget: 1 },
      goal: { objective: 'green' },
      workload: { image: 'x' },
      secrets: ['token'],
      runtime: { type: 'temporal', config: { queue: 'q' } },
      ttlSecondsAfterFinished: 60,
    };
    expect(build('AgentRun', fields)).toEqual({
      agentRef: { name: 'coder' },
      implementationSpecRef: { name: 'spec' },
      implementation: { inline: { text: 'fix it' } },
      memoryRef: { name: 'memory' },
      vcsRef: { name: 'repo' },
      vcsPolicy: { required: true },
      policy: { budget: 1 },
      goal: { objective: 'green' },
      workload: { image: 'x' },
      secrets: ['token'],
      runtime: { type: 'temporal', config: { queue: 'q' } },
      parameters: run.parameters,
    });
  });

  test('runs as a job by default, and leaves out fields that are not set', () => {
    expect(build('AgentRun', { ...agent, implementationSpecRef: 'spec' })).toEqual({
      agentRef: { name: 'coder' },
      implementationSpecRef: { name: 'spec' },
      parameters: run.parameters,
      runtime: { type: 'job' },
    });
  });

  test.each(['implementation', 'workload', 'policy', 'vcsPolicy', 'goal'])('reads %s as JSON text as well', (field) => {
    const base = { ...agent, implementationSpecRef: 'spec' };
    const text = '{"inline": {"text": "fix it"}}';
    expect(build('AgentRun', { ...base, with: { [field]: text } })).toHaveProperty(field, JSON.parse(text));
    expect(build('AgentRun', { ...base, [field]: text })).toHaveProperty(field, JSON.parse(text));
    for (const nonsense of ['{', '[]', '7', 'x', ''])
      expect(build('AgentRun', { ...base, [field]: nonsense })).not.toHaveProperty(field);
  });

  test.each([
    [
      ['a', 7, '', 'b'],
      ['a', 'b'],
    ],
    ['["a", "b"]', ['a', 'b']],
    ['a, b', ['a', 'b']],
    ['a b\nc', ['a', 'b', 'c']],
    ['[', undefined],
    ['{"a": 1}', ['{"a":', '1}']],
    ['', undefined],
    [7, undefined],
  ])('reads secrets from %j', (secrets, expected) => {
    const base = { ...agent, implementationSpecRef: 'spec' };
    expect(build('AgentRun', { ...base, secrets })).toEqual(
      expect.objectContaining(expected === undefined ? {} : { secrets: expected }),
    );
    if (expected === undefined) expect(build('AgentRun', { ...base, secrets })).not.toHaveProperty('secrets');
  });

  test('with the workflow runtime has one step named main by default', () => {
    const base = { ...agent, implementationSpecRef: 'spec', runtime: '{"type": "workflow"}' };
    expect(build('AgentRun', base)).toMatchObject({ workflow: { steps: [{ name: 'main' }] } });
    expect(build('AgentRun', { ...base, workflow: { loop: true } })).toMatchObject({
      workflow: { steps: [{ name: 'main' }], loop: true },
    });
    const own = { steps: [{ name: 'own' }] };
    expect(build('AgentRun', { ...base, with: { workflow: JSON.stringify(own) } })).toMatchObject({ workflow: own });
    expect(build('AgentRun', { ...base, runtime: { type: 'job' }, workflow: own })).not.toHaveProperty('workflow');
  });

  test('rejects a step without an implementation', () => {
    expect(build('AgentRun', agent)).toBe(
      'implementationSpecRef and implementation are both missing: an AgentRun step needs one of them',
    );
    expect(build('AgentRun', { ...agent, implementation: { inline: { text: 'x' } } })).toHaveProperty('implementation');
  });

  test.each([
    [60, 60],
    [0, 0],
    ['60', 60],
    [-1, undefined],
    [1.5, undefined],
    ['soon', undefined],
    ['', undefined],
    [null, undefined],
    [1e300, 2 ** 31 - 1],
  ])('reads the lifetime %j as %j', (ttlSecondsAfterFinished, expected) => {
    const { ttlSeconds } = kindOf('AgentRun', 'Child');
    const step = { name: 'a', kind: 'AgentRun', ttlSecondsAfterFinished } as Step;
    expect(ttlSeconds?.(step)).toBe(expected);
  });
});

describe('ApprovalGate', () => {
  const { matches, judge } = kindOf('ApprovalGate', 'Gate');
  const step = { name: 'ask', kind: 'ApprovalGate', policyRef: 'board' } as Step;

  test('waits for the policy that it names', () => {
    const [board, other] = ['board', 'other'].map((name) => object('ApprovalPolicy', name, {}));
    expect([board, other].map((policy) => policy && matches(step, policy, run))).toEqual([true, false]);
  });

  const policy = (phase: unknown, spec: object = {}) => object('ApprovalPolicy', 'board', { spec, status: { phase } });
  const manual = { mode: 'manual', defaultDecision: 'deny' };

  test.each(['approved', 'allowed', 'succeeded', 'Approved', 'ALLOWED'])('opens if the policy is %s', (phase) => {
    expect(judge(step, [policy(phase, manual)])).toEqual({
      state: 'Succeeded',
      message: `approval policy board is ${phase.toLowerCase()}, for every run that waits for it`,
    });
  });

  test.each([{ mode: 'auto' }, { mode: 'manual', defaultDecision: 'allow' }, { defaultDecision: 'Allow' }])(
    'opens on Ready of %j, which needs no decision',
    (spec) => {
      expect(judge(step, [policy('Ready', spec)])).toMatchObject({ state: 'Succeeded' });
    },
  );

  test.each(['denied', 'rejected', 'blocked', 'failed', 'Denied'])(
    'fails without a retry if the policy is %s',
    (phase) => {
      expect(judge(step, [policy(phase, { mode: 'auto' })])).toMatchObject({
        state: 'Failed',
        reason: 'ApprovalDenied',
        isFinal: true,
      });
    },
  );

  const opens = 'Approved, Allowed or Succeeded opens the gate';
  test.each<[string, StoredObject | undefined, string, string]>([
    ['no policy', undefined, 'ApprovalPolicyMissing', ', which does not exist: create it, or correct policyRef'],
    ['a policy without status', object('ApprovalPolicy', 'board', {}), 'ApprovalPending', ` (no phase): ${opens}`],
    [
      'a malformed status',
      object('ApprovalPolicy', 'board', { status: 'approved' }),
      'ApprovalPending',
      ` (no phase): ${opens}`,
    ],
    ['Ready of a manual policy', policy('Ready', manual), 'ApprovalPending', ` (phase Ready): ${opens}`],
    ['Ready of a policy without a mode', policy('READY'), 'ApprovalPending', ` (phase READY): ${opens}`],
    ['Pending', policy('pending'), 'ApprovalPending', ` (phase pending): ${opens}`],
    [
      'Pending of a policy that needs no decision',
      policy('Pending', { mode: 'auto' }),
      'ApprovalPending',
      ' (phase Pending): Approved, Allowed, Succeeded or Ready opens the gate',
    ],
    [
      'a misspelled phase',
      policy('Aproved'),
      'ApprovalPhaseUnknown',
      `, whose phase "Aproved" is unknown (did you mean Approved?): ${opens}, Denied, Rejected, Blocked or Failed denies it`,
    ],
    [
      'an unknown phase',
      policy(7),
      'ApprovalPhaseUnknown',
      `, whose phase "7" is unknown: ${opens}, Denied, Rejected, Blocked or Failed denies it`,
    ],
  ])('waits at %s, and the message says for what', (_, found, reason, message) => {
    const wait = { reason, message: `waits for ApprovalPolicy "board"${message}` };
    expect(judge(step, found === undefined ? [] : [found])).toEqual({ state: 'Running', wait });
    expect(wait.message.length).toBeLessThan(257);
  });

  const approved = (user: string) => ({ user, decision: 'Approved', at: '' }) as const;
  const denied = { user: 'eve', decision: 'Denied', at: '', comment: 'not on a Friday' } as const;
  const judgeBy = (fields: object, people: Partial<People>, found: readonly StoredObject[] = []) =>
    judge({ name: 'ask', kind: 'ApprovalGate', ...fields }, found, { ...nobody, ...people });
  const command = 'run orchestration-gate approve nightly-1 ask';

  test.each<[string, object, Partial<People>, string]>([
    ['an approval', {}, {}, `an approval: ${command}`],
    ['two', { approvers: { count: 2 } }, {}, `2 approvals and has 0: ${command}`],
    [
      'the second of two',
      { approvers: { count: 2 } },
      { approvals: [approved('ann')] },
      `2 approvals and has 1: ${command}; approved by "ann"`,
    ],
    [
      'somebody else than the creator',
      { approvers: { notCreator: true } },
      { creators: new Set(['bob']) },
      `an approval: ${command}; not by "bob", who created the run`,
    ],
    [
      'somebody else than an unknown creator',
      { approvers: { notCreator: true } },
      {},
      'an approval that nobody can give, because the run does not have the annotation orchestration.proompteng.ai/created-by, which notCreator needs: start another run',
    ],
    [
      'an approval, beside one that cannot be read',
      {},
      { malformed: ['ask.1'] },
      `an approval: ${command}; ignored because it is malformed: "ask.1"`,
    ],
    [
      'people or a policy',
      { policyRef: 'board' },
      {},
      `an approval: ${command}; or for ApprovalPolicy "board", which does not exist: create it, or correct policyRef`,
    ],
  ])('waits for %s, and the message says how', (_, fields, people, message) => {
    expect(judgeBy(fields, people)).toMatchObject({ state: 'Running', wait: { message: `waits for ${message}` } });
    expect(message.length).toBeLessThan(246);
  });

  test.each<[string, object, Partial<People>, readonly StoredObject[], object]>([
    ['enough people open', {}, { approvals: [approved('ann')] }, [], { message: 'approved by "ann"' }],
    [
      'a policy opens before enough people do',
      { policyRef: 'board', approvers: { count: 2 } },
      { approvals: [approved('ann')] },
      [policy('Approved')],
      { message: 'approval policy board is approved, for every run that waits for it' },
    ],
    [
      'people open before a policy does',
      { policyRef: 'board' },
      { approvals: [approved('ann')] },
      [policy('Ready', manual)],
      { message: 'approved by "ann"' },
    ],
    [
      'one denial wins over enough approvals and a policy, and fails the step for good,',
      { policyRef: 'board' },
      { approvals: [approved('ann'), denied] },
      [policy('Approved')],
      { state: 'Failed', reason: 'ApprovalDenied', message: 'denied by "eve": not on a Friday', isFinal: true },
    ],
    [
      'the denial of a policy wins over enough approvals at the same moment,',
      { policyRef: 'board' },
      { approvals: [approved('ann')] },
      [policy('Denied')],
      { state: 'Failed', reason: 'ApprovalDenied', message: 'approval policy board is denied' },
    ],
  ])('%s as the message says', (_, fields, people, found, outcome) => {
    expect(judgeBy(fields, people, found)).toMatchObject({ state: 'Succeeded', ...outcome });
  });

  test('fails without a retry if neither a policy nor people can decide, and the message says so', () => {
    expect(judge({ name: 'ask', kind: 'ApprovalGate' }, [])).toEqual({
      state: 'Failed',
      reason: 'InvalidStep',
      message:
        'there is no policyRef, and people can decide only about a step whose name is a label value of at most 60 characters',
      isFinal: true,
    });
  });
});

describe('SignalWait', () => {
  const { matches, judge } = kindOf('SignalWait', 'Gate');
  const bySignal = { name: 'wait', kind: 'SignalWait', signalRef: { name: 'go' } } as Step;
  const byDelivery = { name: 'wait', kind: 'SignalWait', with: { deliveryId: 'd-7' } } as unknown as Step;
  const delivery = (spec: object, at?: string) => object('SignalDelivery', 'd', { spec }, at);

  test('for a signal opens for a delivery as new as the run or newer, and for no older one', () => {
    const spec = { signalRef: { name: 'go' } };
    expect(matches(bySignal, delivery(spec, '2026-01-01T12:00:00Z'), run)).toBe(true);
    expect(matches(bySignal, delivery(spec, '2026-01-01T12:00:01Z'), run)).toBe(true);
    expect(matches(bySignal, delivery(spec, '2026-01-01T11:59:59Z'), run)).toBe(false);
    expect(matches(bySignal, delivery({ signalRef: { name: 'stop' } }), run)).toBe(false);
    expect(matches(bySignal, delivery({}), run)).toBe(false);
  });

  test('for a deliveryId opens for that delivery whenever it was created, and for no other', () => {
    expect(matches(byDelivery, delivery({ deliveryId: 'd-7' }, '2020-01-01T00:00:00Z'), run)).toBe(true);
    expect(matches(byDelivery, delivery({ deliveryId: 'd-8' }), run)).toBe(false);
  });

  test('for both opens for either', () => {
    const both = { ...bySignal, deliveryId: 'd-7' } as Step;
    expect(matches(both, delivery({ deliveryId: 'd-7' }, '2020-01-01T00:00:00Z'), run)).toBe(true);
    expect(matches(both, delivery({ signalRef: { name: 'go' }, deliveryId: 'd-8' }), run)).toBe(true);
  });

  test('waits, and succeeds with the first match, which the message names', () => {
    const byId = 'the SignalDelivery with deliveryId "d-7"';
    const ofSignal = 'a SignalDelivery of signal "go", created after the run';
    for (const [step, wanted] of [
      [bySignal, ofSignal],
      [byDelivery, byId],
      [{ ...bySignal, deliveryId: 'd-7' } as Step, `${byId}, or ${ofSignal}`],
    ] as const)
      expect(judge(step, [])).toEqual({
        state: 'Running',
        wait: { reason: 'SignalPending', message: `waits for ${wanted}` },
      });
    expect(judge(bySignal, [delivery({})])).toEqual({ state: 'Succeeded', message: 'signal delivery d arrived' });
  });
});

test.each(['Checkpoint', 'MemoryOp'])('%s succeeds at once, and the message says so', (name) => {
  expect(kindOf(name, 'Immediate').message).toMatch(/only marks|does not execute/);
});
