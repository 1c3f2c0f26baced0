import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deny, tolerate } from '../../src/admission/response.ts';
import type { Judgement, Problem } from '../../src/orchestration/judge.ts';
import { orchestration, request } from '../support/reviews.ts';

const asked = request(orchestration([]));

function problem(message: string, index = 0): Problem {
  return { code: 'MissingDependency', severity: 'deny', path: [], field: `spec.steps[${index}]`, message };
}

function problems(count: number, message = 'no'): Problem[] {
  return Array.from({ length: count }, (_, index) => problem(message, index));
}

function judgement(parts: Partial<Judgement>): Judgement {
  const { denials = [], warnings = [] } = parts;
  const counts = { deniedCount: denials.length, warnedCount: warnings.length };
  return { denials, warnings, ...counts, deniedCodes: [], warnedCodes: [], ...parts };
}

const messageOf = (parts: Partial<Judgement>) => deny(asked, judgement(parts)).status?.message ?? '';

describe('the message of a denial', () => {
  test('counts and joins', () => {
    expect(messageOf({ denials: [problem('gone')] })).toBe('1 problem: spec.steps[0]: gone');
    expect(messageOf({ denials: problems(2) })).toBe('2 problems: spec.steps[0]: no; spec.steps[1]: no');
  });

  test('is shortened between two problems, and says how many are left out', () => {
    const message = messageOf({ denials: problems(50, 'x'.repeat(200)), deniedCount: 70 });
    expect(message).toMatch(/^70 problems: (spec\.steps\[\d\]: x{200}; ){4}… and 66 more$/);
    expect(message.length).toBeLessThanOrEqual(1000);
  });

  test('counts the problems that were not listed', () => {
    expect(messageOf({ denials: problems(1), deniedCount: 3 })).toBe('3 problems: spec.steps[0]: no; … and 2 more');
  });

  test('of a single problem that is too long is shortened', () => {
    expect(messageOf({ denials: [problem('x'.repeat(2000))] })).toMatch(/^1 problem: spec\.steps\[0\]: x+…$/);
  });

  test('is readable as a JSON string inside another one', () => {
    const hostile = [problem('no step is named "biuld": did you mean "build"?'), problem('"\\u000a\\"\\\\" is long')];
    const message = messageOf({ denials: hostile });
    const nested = JSON.stringify({ error: `create failed: ${JSON.stringify({ message })}` });
    expect(nested).toContain(message);
    expect(message).toMatch(/^2 problems: spec\.steps\[0\]: no step is named 'biuld': did you mean 'build'\?; /);
  });

  test('has at most 1,000 characters, counts every problem, and splits no character', () => {
    const sentence = fc.oneof(
      fc.string({ maxLength: 400 }),
      fc.nat({ max: 1200 }).map((length) => '😀'.repeat(length)),
    );
    fc.assert(
      fc.property(fc.array(sentence, { minLength: 1, maxLength: 50 }), fc.nat({ max: 3 }), (sentences, unseen) => {
        const count = sentences.length + unseen;
        const message = messageOf({ denials: sentences.map(problem), deniedCount: count });
        expect(message.length).toBeLessThanOrEqual(1000);
        expect(message.isWellFormed()).toBe(sentences.every((text) => text.isWellFormed()));
        expect(message.startsWith(count === 1 ? '1 problem: ' : `${count} problems: `)).toBe(true);
      }),
    );
  });
});

test('the causes of a denial list 50 problems and count the rest', () => {
  const { status } = deny(asked, judgement({ denials: problems(50), deniedCount: 120 }));
  expect(status?.details?.causes).toHaveLength(51);
  expect(status?.details?.causes.at(-1)).toEqual({
    reason: 'TooManyProblems',
    field: 'spec',
    message: '… and 70 more problems',
  });
});

describe('warnings', () => {
  test('are at most ten, the last of which counts the rest', () => {
    expect(tolerate(judgement({ warnings: problems(10) })).warnings).toHaveLength(10);
    const { warnings } = tolerate(judgement({ denials: problems(5), warnings: problems(50), warnedCount: 60 }));
    expect(warnings).toHaveLength(10);
    expect(warnings?.at(-1)).toBe('… and 56 more warnings');
  });

  test('keep their end with the fix if the middle does not fit', () => {
    const [warning] = tolerate(judgement({ warnings: [problem(`${'x'.repeat(300)}: remove it`)] })).warnings ?? [];
    expect(warning).toMatch(/^spec\.steps\[0\]: x+…x+: remove it$/);
  });

  test('have at most 256 characters, and split none', () => {
    fc.assert(
      fc.property(fc.nat({ max: 300 }), (length) => {
        const { warnings } = tolerate(
          judgement({ warnings: [problem(`${'x'.repeat(length % 2)}${'😀'.repeat(length)}`)] }),
        );
        expect(warnings?.[0]?.length).toBeLessThanOrEqual(256);
        expect(warnings?.[0]?.isWellFormed()).toBe(true);
      }),
    );
  });

  test('come with a denial too, and are absent if there are none', () => {
    expect(deny(asked, judgement({ denials: problems(1), warnings: problems(2) })).warnings).toHaveLength(2);
    expect(deny(asked, judgement({ denials: problems(1) }))).not.toHaveProperty('warnings');
    expect(tolerate(judgement({}))).toEqual({ allowed: true });
  });
});
