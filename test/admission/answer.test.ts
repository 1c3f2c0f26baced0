import { describe, expect, test } from 'vitest';
import { answerReview, type Bounds } from '../../src/admission/answer.ts';
import { defaultSettings, type Settings } from '../../src/orchestration/settings.ts';
import { cycle, orchestration, orchestrationRun, request } from '../support/reviews.ts';

const asked = request(orchestration(cycle));
const inTime: Bounds = { isOverloaded: false, isPastDeadline: () => false };
const crowded: Bounds = { ...inTime, isOverloaded: true };
const failOpen: Settings = { ...defaultSettings, failurePolicy: 'Ignore' };

/** Settings that throw when a decision reads them, as a bug would. */
function faulty(settings: Settings): Settings {
  const severities = new Map();
  severities.get = () => {
    throw new Error('a bug');
  };
  return { ...settings, policy: { ...settings.policy, severities } };
}

/** A run that throws when a decision reads it. */
const faultyRun = {
  ...orchestrationRun({}),
  get spec(): never {
    throw new Error('a bug');
  },
};

/** A deadline that passes after the clock was read this many times. */
function passesAfter(reads: number): Bounds {
  let asked = 0;
  return { isOverloaded: false, isPastDeadline: () => asked++ >= reads };
}

const late = 'orchestration-gate: no decision before the deadline: try again';
const overloaded = 'orchestration-gate: too many reviews are in flight: try again';
const fault = 'orchestration-gate: the gate had an internal error; see its log';

describe.each([
  ['past its deadline before the decision', 'deadline', () => passesAfter(0), 504, 'Timeout', late],
  ['past its deadline after the decision', 'deadline', () => passesAfter(1), 504, 'Timeout', late],
  ['over the limit of reviews in flight', 'overloaded', () => crowded, 429, 'TooManyRequests', overloaded],
  ['that meets a bug', 'error', () => inTime, 500, 'InternalError', fault],
] as const)('a review %s', (_, verdict, bounds, code, reason, message) => {
  const prepare = verdict === 'error' ? faulty : (settings: Settings) => settings;

  test('is denied if the failure policy is Fail', () => {
    expect(answerReview('validate', asked, prepare(defaultSettings), bounds())).toMatchObject({
      verdict,
      response: { allowed: false, status: { code, reason, message } },
      problems: [],
    });
  });

  test.each([defaultSettings, failOpen])(
    'of a run is allowed with a warning, whatever the policy for Orchestrations',
    (settings) => {
      const run = request(verdict === 'error' ? faultyRun : orchestrationRun({}));
      expect(answerReview('validate', run, settings, bounds())).toMatchObject({
        verdict,
        response: { allowed: true, warnings: [`${message} (not judged)`] },
      });
    },
  );

  test('is allowed with a warning if the failure policy is Ignore', () => {
    expect(answerReview('validate', asked, prepare(failOpen), bounds())).toMatchObject({
      verdict,
      response: { allowed: true, warnings: [`${message} (not judged)`] },
    });
  });
});

test('the exception of a decision is returned to the caller and is not in the response', () => {
  const { fault, response } = answerReview('validate', asked, faulty(defaultSettings), inTime);
  expect(fault).toEqual(new Error('a bug'));
  expect(JSON.stringify(response)).not.toContain('a bug');
});

test.each([
  ['late', passesAfter(0)],
  ['one too many', crowded],
])('mutation allows a review that is %s unchanged, whatever the failure policy', (_, bounds) => {
  expect(answerReview('mutate', asked, defaultSettings, bounds).response).toEqual({ allowed: true });
});

test('mutation says that it did not record the creator of a run', () => {
  const run = request(orchestrationRun({}), { userInfo: { username: 'alice' } });
  expect(answerReview('mutate', run, defaultSettings, crowded).response).toEqual({
    allowed: true,
    warnings: [`${overloaded} (creator not recorded)`],
  });
});

test.each([
  ['denied', orchestration(cycle)],
  ['allowed', orchestration([{ name: 'a', kind: 'Checkpoint' }])],
])('a review in time is %s by its content', (verdict, object) => {
  expect(answerReview('validate', request(object), defaultSettings, passesAfter(2))).toMatchObject({ verdict });
});
