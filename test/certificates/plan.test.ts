import { describe, expect, test } from 'vitest';
import type { Authorities, Authority } from '../../src/certificates/authorities.ts';
import {
  type Observation,
  type ObservedConfiguration,
  type ObservedLeaf,
  type Plan,
  planCertificates,
} from '../../src/certificates/plan.ts';
import { DAY_MS, settings } from './world.ts';

const now = new Date('2026-03-01T00:00:00Z');
const old = authority('old', -30, 60);
const next = authority('next', 0, 90);
const steady: Authorities = { trusted: [old], signing: old };
const publishing: Authorities = { trusted: [old, next], signing: old, next };

describe('the plan', () => {
  test('has no steps while everything is as it should be', () => {
    expect(plan({})).toEqual({ steps: [] });
  });

  test('says what to do if the Secret does not exist, and changes nothing', () => {
    expect(plan({ secret: undefined })).toEqual({
      steps: [],
      held: { why: 'the Secret does not exist: install the chart again', isFault: true },
    });
  });

  test('starts over in an empty Secret, and keeps trusting what is trusted while its leaves may be valid', () => {
    const { steps } = plan({ secret: { version: '1', content: { problem: 'is empty' } } });
    expect(steps).toEqual([
      {
        type: 'BeginRotation',
        trusted: [{ ...old, leavesUntil: inDays(33) }],
        signing: undefined,
        why: 'the Secret is empty',
      },
    ]);
  });

  test('does not start over while it cannot read what is trusted', () => {
    const secret = { version: '1', content: { problem: 'is broken: x' } };
    expect(plan({ secret, unseen: ['validating/b'] })).toMatchObject({
      steps: [],
      held: { isFault: true, why: expect.stringContaining('validating/b') },
    });
  });

  test('publishes if the trusted certificates or their order differ, and continues with the other steps', () => {
    const wrong = configuration('b', [next, old]);
    const { steps } = plan({
      authorities: publishing,
      configurations: [configuration('a', [old, next]), wrong],
      leaf: undefined,
    });
    expect(steps).toMatchObject([
      { type: 'Publish', configuration: wrong, bundle: [old, next] },
      { type: 'IssueLeaf', authority: old },
    ]);
  });

  test('ignores a configuration that does not exist', () => {
    expect(typesOf(plan({ configurations: [], leaf: undefined }))).toEqual(['IssueLeaf']);
  });
});

describe('the authority', () => {
  test('is replaced at two thirds of its lifetime', () => {
    expect(typesOf(plan({ authorities: { trusted: [aged(59)], signing: aged(59) } }))).not.toContain('BeginRotation');
    const signing = aged(61);
    expect(plan({ authorities: { trusted: [signing], signing } }).steps).toContainEqual({
      type: 'BeginRotation',
      trusted: [signing],
      signing,
      why: expect.stringMatching(/^the signing authority was due for renewal at 2026/),
    });
  });

  test('is replaced if it is not valid yet, because a clock was set back', () => {
    const signing = authority('early', 5, 95);
    expect(typesOf(plan({ authorities: { trusted: [signing], signing } }))).toContain('BeginRotation');
  });

  test.each([
    ['not before a minute has passed', 59_999, []],
    ['after a minute', 60_000, ['Promote']],
  ])('signs %s of trust everywhere', (_, nextTrustedForMs, types) => {
    expect(typesOf(plan({ authorities: publishing, nextTrustedForMs }))).toEqual(types);
  });

  test('does not sign while a configuration does not trust it or cannot be read', () => {
    const asked = { authorities: publishing, nextTrustedForMs: 1e9 };
    expect(typesOf(plan({ ...asked, configurations: [configuration('a', [old])] }))).toEqual(['Publish']);
    expect(typesOf(plan({ ...asked, unseen: ['b'] }))).toEqual([]);
  });

  test('signs at once on first start, because no leaf can be valid', () => {
    const { steps } = plan({ authorities: { trusted: [next], next }, leaf: undefined });
    const promoted = { ...next, leavesUntil: inDays(33) };
    expect(steps).toEqual([{ type: 'Promote', authorities: { trusted: [promoted], signing: promoted } }]);
  });

  test('signs at once if the Secret was lost and no gate serves, neither this one nor another behind the Service', () => {
    const begun = { authorities: { trusted: [old, next], next }, leaf: undefined, isAnyGateReady: false };
    expect(typesOf(plan(begun))).toEqual(['Promote']);
    expect(typesOf(plan({ ...begun, isAnyGateReady: true }))).toEqual([]);
    expect(typesOf(plan({ ...begun, leaf: leafOf(old) }))).toEqual([]);
    expect(typesOf(plan({ ...begun, leaf: { ...leafOf(old), issuerPem: undefined } }))).toEqual(['Promote']);
    expect(typesOf(plan({ ...begun, configurations: [configuration('a', [old])] }))).toEqual(['Publish']);
  });

  test('is trusted until five minutes after the last leaf that it may have signed expires', () => {
    const gone = (leavesUntil: Date) => ({ ...authority('gone', -80, 10), leavesUntil });
    const drop = (leavesUntil: Date) => plan({ authorities: { trusted: [gone(leavesUntil), old], signing: old } });
    expect(typesOf(drop(new Date(now.getTime() - 5 * 60_000)))).toEqual([]);
    expect(drop(new Date(now.getTime() - 5 * 60_000 - 1)).steps).toEqual([{ type: 'Drop', authorities: steady }]);
  });
});

describe('the leaf', () => {
  test.each<[string, Partial<ObservedLeaf> | undefined, RegExp]>([
    ['missing', undefined, /no leaf that it can serve/],
    ['due', { notBefore: inDays(-21), notAfter: inDays(9) }, /was due for renewal/],
    ['expired', { notBefore: inDays(-31), notAfter: inDays(-1) }, /expired at/],
    ['not valid yet', { notBefore: inDays(1) }, /a clock was set/],
    ['lacking a name', { coversNames: false }, /lacks some of the names/],
    ['signed by an unknown authority', { issuerPem: undefined }, /another authority/],
  ])('is issued again if it is %s', (_, difference, why) => {
    const { steps } = plan({ leaf: difference && { ...leafOf(old), ...difference } });
    expect(steps).toEqual([
      { type: 'IssueLeaf', authority: old, lifetimeMs: 30 * DAY_MS, why: expect.stringMatching(why) },
    ]);
  });

  test('is issued only after the Secret says that its authority is trusted for long enough', () => {
    const signing = { ...old, leavesUntil: inDays(29) };
    expect(plan({ authorities: { trusted: [signing], signing }, leaf: undefined }).steps).toEqual([
      { type: 'Extend', authorities: { trusted: [old], signing: old } },
    ]);
  });

  test('never outlives its authority', () => {
    const signing = { ...authority('ending', -70, 20), leavesUntil: inDays(20) };
    const authorities = { trusted: [signing, next], signing, next };
    expect(plan({ authorities, leaf: undefined }).steps).toMatchObject([
      { type: 'IssueLeaf', lifetimeMs: 20 * DAY_MS },
    ]);
  });

  test('moves to the new authority only when every configuration trusts that, as long as it can be served', () => {
    const authorities = { trusted: [old, next], signing: { ...next, leavesUntil: inDays(33) } };
    const moved = (leaf: ObservedLeaf, unseen: readonly string[]) => plan({ authorities, leaf, unseen });
    expect(moved(leafOf(old), ['b'])).toMatchObject({ steps: [], held: { isFault: true } });
    expect(typesOf(moved(leafOf(old), []))).toEqual(['IssueLeaf']);
    expect(typesOf(moved({ ...leafOf(old), notAfter: inDays(-1) }, ['b']))).toEqual(['IssueLeaf']);
  });

  test('waits for the first authority to be published', () => {
    const authorities = { trusted: [old, next], next };
    expect(plan({ authorities, leaf: undefined })).toMatchObject({ steps: [], held: { isFault: false } });
  });
});

/**
 * An authority that is valid from and until these days from now. Its `leavesUntil` is the one that a plan sets for a
 * leaf that is issued now.
 */
function authority(name: string, from: number, until: number): Authority {
  return {
    certificatePem: name,
    privateKeyPem: `key of ${name}`,
    notBefore: inDays(from),
    notAfter: inDays(until),
    leavesUntil: inDays(Math.min(33, until)),
  };
}

function aged(days: number): Authority {
  return authority('aged', -days, 90 - days);
}

function leafOf({ certificatePem }: Authority): ObservedLeaf {
  return {
    certificatePem: 'leaf',
    issuerPem: certificatePem,
    coversNames: true,
    notBefore: inDays(-1),
    notAfter: inDays(29),
  };
}

function configuration(name: string, trusted: readonly Authority[]): ObservedConfiguration {
  return { name, version: '1', writers: [], webhooks: [{ name: 'webhook', trusted }] };
}

function inDays(days: number): Date {
  return new Date(now.getTime() + days * DAY_MS);
}

/** The plan in a steady cluster with these differences. */
function plan({ authorities = steady, ...rest }: Partial<Observation> & { authorities?: Authorities }): Plan {
  const { trusted, signing } = authorities;
  return planCertificates(
    {
      now,
      secret: { version: '1', content: authorities },
      configurations: [configuration('a', trusted)],
      unseen: [],
      leaf: leafOf(signing ?? old),
      nextTrustedForMs: 0,
      isAnyGateReady: true,
      ...rest,
    },
    settings,
  );
}

function typesOf({ steps }: Plan): readonly string[] {
  return steps.map(({ type }) => type);
}
