import { describe, expect, test } from 'vitest';
import {
  type Approval,
  addDecisions,
  decodeApprovals,
  isAdmitted,
  isDecidable,
  nextDecisionKey,
  readCreators,
  readDecisions,
  writeDecision,
} from '../../src/orchestration/approvals.ts';
import { judgeOrchestration } from '../../src/orchestration/judge.ts';
import { orchestration } from '../support/reviews.ts';

const KEY = 'approval.orchestration.proompteng.ai/';
const CREATED_BY = 'orchestration.proompteng.ai/created-by';

describe('an annotation of a run', () => {
  const read = (annotations: Record<string, string>) =>
    Object.fromEntries(
      readDecisions(Object.fromEntries(Object.entries(annotations).map(([key, value]) => [KEY + key, value]))),
    );

  test('decides about the step before its last dot, in the order of numbers', () => {
    expect(
      read({ 'ask.10': 'denied by bob', 'ask.9': 'approved by ann', 'ask.1.2': 'approved by system:admin' }),
    ).toEqual({
      ask: {
        decisions: [
          { user: 'ann', decision: 'Approved' },
          { user: 'bob', decision: 'Denied' },
        ],
        malformed: [],
      },
      'ask.1': { decisions: [{ user: 'system:admin', decision: 'Approved' }], malformed: [] },
    });
  });

  test('has a comment below the user, of at most 256 characters', () => {
    const comment = `all green\n\nexcept ${'x'.repeat(300)}`;
    const { ask } = read({ 'ask.1': writeDecision({ user: 'Ann Lee', decision: 'Denied', comment }) });
    expect(ask?.decisions).toEqual([{ user: 'Ann Lee', decision: 'Denied', comment: `${comment.slice(0, 255)}…` }]);
  });

  test.each([
    '',
    'yes',
    'Approved by ann',
    'approved by ',
    'approved by\nann',
    'approved by a\tb',
    `denied by ${'x'.repeat(257)}`,
  ])('with the value %j decides nothing, and is reported as malformed', (value) => {
    expect(read({ 'ask.1': value })).toEqual({ ask: { decisions: [], malformed: ['ask.1'] } });
  });

  test.each(['ask', 'ask.0', 'ask.01', 'ask.x', '.1'])(
    'with the key %j decides about no step of a valid name',
    (key) => {
      const found = read({ [key]: 'approved by ann' });
      expect(
        Object.entries(found).filter(([step, { decisions }]) => isDecidable(step) && decisions.length > 0),
      ).toEqual([]);
    },
  );

  test('of the next decision has the first number that is free', () => {
    expect(nextDecisionKey('ask', { [`${KEY}ask.1`]: '', [`${KEY}ask.3`]: '', [`${KEY}other.2`]: '' })).toBe(
      `${KEY}ask.2`,
    );
  });
});

describe('of the decisions about a step', () => {
  const approved = (user: string) => ({ user, decision: 'Approved' }) as const;
  const denied = (user: string) => ({ user, decision: 'Denied' }) as const;
  const add = (recorded: readonly Approval[], decisions: Parameters<typeof addDecisions>[1]) =>
    addDecisions(recorded, decisions, (user) => user !== 'creator', 'now').map(
      ({ user, decision, at }) => `${user} ${decision} ${at}`,
    );
  const before = { ...approved('ann'), at: 'before' };

  test('a user counts once, and can deny after an approval', () => {
    expect(add([before], [approved('ann'), approved('bob'), approved('bob')])).toEqual([
      'ann Approved before',
      'bob Approved now',
    ]);
    expect(add([before], [approved('ann'), denied('ann')])).toEqual(['ann Approved before', 'ann Denied now']);
  });

  test('those of users who are not admitted are left out', () => {
    expect(add([], [approved('creator'), denied('creator'), approved('ann')])).toEqual(['ann Approved now']);
  });

  test('those that are recorded stay, also without their annotations', () => {
    expect(add([before], [])).toEqual(['ann Approved before']);
  });

  test('16 approvals and one denial are recorded, however many there are', () => {
    const crowd = Array.from({ length: 40 }, (_, n) => approved(`user-${n}`));
    const all = add([before], [...crowd, denied('eve'), denied('mallory')]);
    expect([all.length, all[1]]).toEqual([17, 'eve Denied now']);
  });

  test('what is malformed in a status counts as absent', () => {
    expect(decodeApprovals([before, null, { ...before, user: 7 }, { ...before, decision: 'toString' }])).toEqual([
      before,
    ]);
    expect(decodeApprovals('x')).toBeUndefined();
    expect(decodeApprovals(Array(99).fill(before))).toHaveLength(17);
  });
});

describe('the creators of a run', () => {
  const owner = { apiVersion: '', kind: 'OrchestrationRun', name: 'outer', uid: 'o', controller: true };
  const runOf = (user?: string, ownerReferences: (typeof owner)[] = []) => ({
    metadata: { name: 'r', ownerReferences, annotations: user === undefined ? {} : { [CREATED_BY]: user } },
  });

  test('are those of the run and of all that own it, so that a forged owner rids nobody of a decision', () => {
    expect([...readCreators([runOf('ann')])]).toEqual(['ann']);
    expect([...readCreators([runOf(undefined, [owner]), runOf('ann')])]).toEqual(['ann']);
    expect([...readCreators([runOf('mallory', [owner]), runOf('ann')])]).toEqual(['mallory', 'ann']);
  });

  test.each([
    ['the outermost run does not say', [runOf('inner', [owner]), runOf()]],
    ['the owner is gone', [runOf('inner', [owner])]],
  ])('are unknown if %s, and notCreator then admits nobody', (_, lineage) => {
    const creators = readCreators(lineage);
    expect([...creators]).toEqual([]);
    expect(isAdmitted('ann', { notCreator: true }, creators)).toBe(false);
    expect(isAdmitted('ann', { notCreator: false }, creators)).toBe(true);
  });
});

describe('the gate', () => {
  const long = 'a'.repeat(61);
  const judge = (step: object) => {
    const { denials, warnings } = judgeOrchestration(orchestration([{ name: 'ask', kind: 'ApprovalGate', ...step }]));
    return [...denials, ...warnings].map(
      ({ severity, code, field, message }) => `${severity} ${code} ${field}: ${message}`,
    );
  };

  test.each<[object, string[]]>([
    [{}, []],
    [{ approvers: { count: 16, notCreator: true } }, []],
    [{ name: 'a'.repeat(60), approvers: {} }, []],
    [{ name: long, policyRef: 'board' }, []],
    [
      { name: long },
      [
        `deny NobodyCanApprove spec.steps[0].name: nobody can approve "${long}": shorten it to at most 60 letters, digits, "-", "_" or ".", or give a policyRef`,
      ],
    ],
    [{ approvers: { count: 0 } }, ['deny InvalidField spec.steps[0].approvers.count: is 0, and must be from 1 to 16']],
    [
      { approvers: { count: 17 } },
      ['deny InvalidField spec.steps[0].approvers.count: is 17, and must be from 1 to 16'],
    ],
    [
      { approvers: { count: '2', notCreator: 'yes' } },
      [
        'deny InvalidField spec.steps[0].approvers.count: is the string "2", not an integer',
        'deny InvalidField spec.steps[0].approvers.notCreator: is the string "yes", not a boolean',
      ],
    ],
    [{ approvers: 2 }, ['deny InvalidField spec.steps[0].approvers: is the number 2, not an object']],
    [
      { approvers: { cuont: 2, notcreator: true } },
      [
        'warn UnknownField spec.steps[0].approvers.cuont: the API server stores this field, but it has no effect; did you mean count? Without it, one approval opens the gate',
        'warn UnknownField spec.steps[0].approvers.notcreator: the API server stores this field, but it has no effect; did you mean notCreator? Without it, the user who created the run can approve it',
      ],
    ],
    [
      { aprovers: { count: 2 } },
      [
        'warn UnknownField spec.steps[0].aprovers: the API server stores this field, but it has no effect; did you mean approvers? Without it, one approval opens the gate, even if the user who created the run gives it',
      ],
    ],
    [
      { kind: 'Checkpoint', approvers: { count: 2 } },
      [
        'deny InvalidField spec.steps[0].approvers: Checkpoint steps do not wait for approval: put an ApprovalGate step before this one',
      ],
    ],
  ])('says of %j what is wrong and how to mend it', (step, problems) => {
    expect(judge(step)).toEqual(problems);
  });
});
