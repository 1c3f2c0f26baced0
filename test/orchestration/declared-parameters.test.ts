import { describe, expect, test } from 'vitest';
import {
  checkDeclarations,
  checkParameters,
  readDeclared,
  suggestParameters,
  withDefaults,
} from '../../src/orchestration/declared-parameters.ts';
import { decodeOrchestration } from '../../src/orchestration/decode.ts';
import { judgeOrchestration } from '../../src/orchestration/judge.ts';
import { checkpoint, orchestration } from '../support/reviews.ts';

const objectWith = (parameters: unknown) => orchestration([checkpoint('a')], { spec: { policies: { parameters } } });
const decode = (parameters: unknown) => decodeOrchestration(objectWith(parameters)).orchestration;
const declare = (parameters: unknown) => readDeclared(decode(parameters));

/** One line for each problem: `code field: message`, without the path of the declarations. */
function verdictOn(parameters: unknown): string[] {
  const { denials, warnings } = judgeOrchestration(objectWith(parameters));
  return [...denials, ...warnings].map(
    ({ code, field, message }) => `${code} ${field.replace(/^spec\.policies\.parameters\.?/, '')}: ${message}`,
  );
}

describe('a declaration', () => {
  test.each([
    ['nothing', undefined],
    ['null', null],
    ['no parameter', {}],
    ['a parameter of any value', { version: {} }],
    ['every field', { env: { required: false, default: 'a', enum: ['a', 'b'], pattern: '^[ab]$', description: 'x' } }],
    ['a default that a part of matches', { version: { default: 'v1.2', pattern: '1' } }],
    ['a name that is not an identifier', { 'my.key': { required: true } }],
    ['a field that resembles none', { env: { title: 'Environment' } }],
  ])('of %s is accepted', (_, parameters) => {
    expect(verdictOn(parameters)).toEqual([]);
  });

  test.each([
    [['version'], 'InvalidField : is a list, not an object'],
    [{ version: 'v1' }, 'InvalidField version: is the string "v1", not an object'],
    [{ version: null }, 'InvalidField version: is null, not an object'],
    [{ version: { required: 'yes' } }, 'InvalidField version.required: is the string "yes", not a boolean'],
    [{ replicas: { default: 7 } }, 'InvalidField replicas.default: is the number 7, not a string'],
    [{ env: { enum: 'a,b' } }, 'InvalidField env.enum: is the string "a,b", not a list'],
    [{ env: { enum: ['a', 7] } }, 'InvalidField env.enum[1]: is the number 7, not a string'],
    [{ env: { enum: [] } }, 'InvalidField env.enum: is empty: list at least one value'],
    [{ env: { pattern: ['a'] } }, 'InvalidField env.pattern: is a list, not a string'],
    [{ env: { description: true } }, 'InvalidField env.description: is the boolean true, not a string'],
    [{ env: { pattern: '[a' } }, "InvalidField env.pattern: not a valid RE2 pattern: missing closing ]: '[a'"],
    [
      { env: { pattern: '(?!a)' } },
      "InvalidField env.pattern: not a valid RE2 pattern: invalid or unsupported Perl syntax: '(?!'",
    ],
    [
      { env: { pattern: 'a'.repeat(257) } },
      'InvalidField env.pattern: has 257 characters, and at most 256 are allowed',
    ],
    [
      { env: { default: 'prodd', enum: ['dev', 'prod'] } },
      'InvalidField env.default: is "prodd", not one of "dev", "prod"; did you mean "prod"?',
    ],
    [
      { version: { default: 'v1', pattern: '^\\d+$' } },
      'InvalidField version.default: is "v1", which does not match the pattern "^\\\\d+$"',
    ],
    [
      { version: { default: 'a'.repeat(513), pattern: 'a' } },
      'InvalidField version.default: has 513 characters, but at most 512 are allowed if the parameter has a pattern',
    ],
    [
      { env: { default: 'c', enum: ['a'], pattern: '^[ab]$' } },
      'InvalidField env.default: is "c", not one of "a"; did you mean "a"?',
    ],
    [
      { env: { requried: true } },
      'UnknownField env.requried: the API server stores this field, but it has no effect; did you mean required? Without it, a run can leave the parameter out',
    ],
    [
      { env: { regex: 'x', pattern: 'x' } },
      'UnknownField env.regex: the API server stores this field, but it has no effect, and pattern is set too: remove this one',
    ],
  ])('%j is reported at its place', (parameters, sentence) => {
    expect(verdictOn(parameters)).toEqual([sentence]);
  });

  test('has all of its mistakes reported at once, and of its value one', () => {
    expect(verdictOn({ a: { required: 1, default: 2 }, b: { enum: ['x'], pattern: '[', default: 'y' } })).toEqual([
      expect.stringContaining('a.required: '),
      expect.stringContaining('a.default: '),
      expect.stringContaining('b.pattern: '),
      expect.stringContaining('b.default: is "y", not one of "x"'),
    ]);
  });

  test('of more than 100 parameters is denied as a whole', () => {
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`p${index}`, { default: 7 }]));
    expect(verdictOn(many)).toEqual(['InvalidField : declares 101 parameters, and at most 100 are allowed']);
  });

  test('counts all problems and returns the first', () => {
    const [finding] = checkDeclarations(decode({ a: { default: 1 }, b: { default: 2 } }), 1);
    expect(finding).toMatchObject({
      count: 2,
      problems: [{ path: ['spec', 'policies', 'parameters', 'a', 'default'] }],
    });
  });

  test.each(['a{1000}'.repeat(36), '(x{0,1000}|)'.repeat(20), '((a?){30}){30}'.repeat(18)])(
    'with the pattern %s is denied before it takes long',
    (pattern) => {
      const startMs = performance.now();
      expect(verdictOn({ env: { pattern } })).toEqual([
        expect.stringContaining('parts if its repetitions are written out'),
      ]);
      expect(performance.now() - startMs).toBeLessThan(1000);
    },
  );

  test('whose patterns are too large together is denied before it takes long', () => {
    const slow = (index: number) => ({ pattern: `\\pL{450}${index}?Z`, default: 'x'.repeat(512) });
    const startMs = performance.now();
    const verdicts = verdictOn(
      Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`p${index}`, slow(index)])),
    );
    expect(performance.now() - startMs).toBeLessThan(2000);
    expect(verdicts[0]).toContain('p0.default: ');
    expect(verdicts.at(-1)).toBe(
      'InvalidField p49.pattern: is too large together with the other patterns: use smaller counts',
    );
  });
});

describe('the parameters of a run', () => {
  const declared = declare({
    version: { required: true, pattern: '^\\d+\\.\\d+$' },
    env: { default: 'dev', enum: ['dev', 'prod'] },
    region: { required: true, default: 'eu' },
    note: {},
  });

  test.each([
    ['with all that is required', { version: '1.2' }],
    ['with any value of a parameter without constraints', { version: '1.2', note: '' }],
    ['with parameters that are not declared, as a nested run has them', { version: '1.2', parent: 'x' }],
  ])('%s violate nothing', (_, given) => {
    expect(checkParameters(declared, given)).toEqual([]);
  });

  test('have all their violations reported, in the order of the declarations', () => {
    expect(checkParameters(declared, { env: 'test', verison: '1.2' })).toEqual([
      'parameter "version" is required and absent: rename "verison", which is not declared',
      'parameter "env" is "test", not one of "dev", "prod"',
    ]);
    expect(checkParameters(declared, { version: 'v1', env: 'Prod' })).toEqual([
      'parameter "version" is "v1", which does not match the pattern "^\\\\d+\\\\.\\\\d+$"',
      'parameter "env" is "Prod", not one of "dev", "prod"; did you mean "prod"?',
    ]);
    expect(checkParameters(declared, {})).toEqual(['parameter "version" is required and absent: give it a value']);
  });

  test('have a value that is too long to match reported, not matched', () => {
    expect(checkParameters(declared, { version: '1'.repeat(1_000_000) })).toEqual([
      'parameter "version" has 1000000 characters, but at most 512 are allowed if the parameter has a pattern',
    ]);
  });

  test('that nothing declares are never a violation, but a misspelt name has a suggestion', () => {
    expect(suggestParameters(declared, { evn: 'dev', parent: 'x', version: '1.2' })).toEqual([
      'parameter "evn" is not declared; did you mean "env"?',
    ]);
    expect(suggestParameters(declared, { env: 'dev', evn: 'dev' })).toEqual([]);
    expect(suggestParameters(declare(undefined), { evn: 'dev' })).toEqual([]);
  });

  test('get the defaults of those that they leave out, and keep those that they have', () => {
    expect(withDefaults(declared, { env: '', parent: 'x' })).toEqual({ env: '', parent: 'x', region: 'eu' });
    expect(withDefaults(declared, {})).toEqual({ env: 'dev', region: 'eu' });
  });

  test('are the same object if there is no default to add', () => {
    const given = { version: '1.2', env: 'dev', region: 'eu' };
    expect(withDefaults(declared, given)).toBe(given);
    expect(withDefaults(declare(undefined), given)).toBe(given);
  });

  test('can have names that every object has', () => {
    const strange = declare(JSON.parse('{"__proto__": {"default": "x"}, "constructor": {"required": true}}'));
    expect(checkParameters(strange, {})).toEqual(['parameter "constructor" is required and absent: give it a value']);
    const parameters = withDefaults(strange, { constructor: 'y' } as unknown as Record<string, string>);
    expect(Object.entries(parameters)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(Object.getPrototypeOf(parameters)).toBe(Object.prototype);
  });

  test('are not checked by a declaration that is malformed', () => {
    const malformed = declare({ version: { required: 'yes', default: 'x' }, env: { pattern: '[' } });
    expect([...malformed.keys()]).toEqual(['version', 'env']);
    expect(checkParameters(malformed, { env: 'x' })).toEqual([]);
    expect(withDefaults(malformed, {})).toEqual({});
  });
});
