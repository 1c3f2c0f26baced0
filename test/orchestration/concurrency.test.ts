import { describe, expect, test } from 'vitest';
import { readConcurrency } from '../../src/orchestration/concurrency.ts';
import { judgeOrchestration } from '../../src/orchestration/judge.ts';
import { checkpoint, orchestration } from '../support/reviews.ts';

function verdictOn(concurrency: unknown, parameters?: unknown): string[] {
  const policies = { concurrency, ...(parameters !== undefined && { parameters }) };
  const { denials, warnings } = judgeOrchestration(orchestration([checkpoint('a')], { spec: { policies } }));
  return [...denials, ...warnings].map(
    ({ code, field, message }) => `${code} ${field.replace(/^spec\.policies\.concurrency\.?/, '')}: ${message}`,
  );
}

describe('policies.concurrency', () => {
  test.each([
    [undefined],
    [null],
    [{}],
    [{ max: 1, group: '"deploy to " + parameters.env', whenFull: 'Queue' }],
    [{ max: 500, group: 'run.namespace + run.orchestration', whenFull: 'Replace' }],
    [{ whenFull: 'Fail', color: 'red' }],
  ])('of %j is accepted', (concurrency) => {
    expect(verdictOn(concurrency)).toEqual([]);
  });

  test.each([
    [true, 'InvalidField : is the boolean true, not an object'],
    [{ max: 0 }, 'InvalidField max: is 0, and must be at least 1'],
    [{ max: '1' }, 'InvalidField max: is the string "1", not an integer'],
    [{ max: 501 }, 'InvalidField max: is 501, and must be at most 500'],
    [{ whenFull: 'queue' }, 'InvalidField whenFull: is "queue", not one of Queue, Fail, Replace'],
    [{ group: '' }, 'InvalidField group: is empty'],
    [{ group: ['a'] }, 'InvalidField group: is a list, not a string'],
    [{ group: 'deploy' }, /^InvalidExpression group: no variable is named "deploy"/],
    [{ group: 'steps.a.phase' }, /^InvalidExpression group: steps cannot be read here/],
    [{ limit: 2 }, /^UnknownField limit: .*did you mean max\? Without it, one run of the group works at a time/],
    [{ cancelInProgress: true }, /^UnknownField cancelInProgress: .*did you mean whenFull\?/],
  ])('of %j has one problem', (concurrency, problem) => {
    expect(verdictOn(concurrency)).toEqual([problem instanceof RegExp ? expect.stringMatching(problem) : problem]);
  });

  test('that reads a parameter which is not declared is denied, with a suggestion', () => {
    expect(verdictOn({ group: 'parameters.enviroment' }, { environment: {} })).toEqual([
      'UnknownReference group: policies.parameters does not declare "enviroment"; did you mean "environment"? (at character 1)',
    ]);
  });

  test.each(['mutex', 'semaphore', 'synchronization', 'concurrencyPolicy', 'concurency'])('is meant by %s', (field) => {
    const policies = { [field]: {} };
    const { warnings } = judgeOrchestration(orchestration([checkpoint('a')], { spec: { policies } }));
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining('did you mean concurrency?')]);
  });

  test('with malformed values, as no gate lets them through, still locks', () => {
    const malformed = { max: 'many', group: 7, whenFull: 'Sometimes' };
    expect(readConcurrency({ policies: { concurrency: malformed } })).toEqual({ max: 1, whenFull: 'Queue' });
    expect(readConcurrency({ policies: { concurrency: true } })).toEqual({ max: 1, whenFull: 'Queue' });
  });
});
