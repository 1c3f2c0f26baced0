import { describe, expect, test } from 'vitest';
import { compileExpression, createScope, evaluate } from '../../src/expressions/expression.ts';
import { createTestScope, evaluateText, findMistakes, values } from '../support/expressions.ts';

describe('an expression reads', () => {
  test.each([
    ['steps.build.outputs.image', 'app:1'],
    ['steps.build-web.outputs.image', 'web:1'],
    ['steps["build-web"].outputs["image"]', 'web:1'],
    ["steps['build-web'] . outputs\n. image", 'web:1'],
    ['steps.build.outputs["with-dash"]', 'dashed'],
    ['steps.größe.outputs.image', 'unicode'],
    ['steps.v1.2.outputs.image', 'dotted'],
    ['steps.a"b]c.outputs.image', 'quoted'],
    ['steps["a\\"b]c"].outputs.image', 'quoted'],
    ['steps.true.outputs.image', 'keyword'],
    ['steps.skipped.phase + steps.skipped.reason', 'SkippedConditionFalse'],
    ['steps.build.attempt-1', 1n],
    ['"steps.build-web.outputs.image"', 'steps.build-web.outputs.image'],
    ['parameters.environment + parameters["a-b"]', 'productiondash'],
    ['run.orchestration + "/" + run.name', 'release/release-7'],
    ['child.status.n * 2', 6n],
    ['child.status.ratio * 2.0', 3],
    ['child.status.list[1]["k-z"]', 1n],
    ['child.steps.build-web.outputs.digest', 'sha256:0'],
    ['child.constructor', 'own'],
  ])('%s', (text, value) => {
    expect(evaluateText(text)).toBe(value);
  });
});

describe('an expression computes', () => {
  test.each([
    ['has(steps.build.outputs.image)', true],
    ['has(steps["build-web"].outputs.image)', true],
    ['has(steps.build.outputs.none)', false],
    ['has(steps.build.outputs.empty)', true],
    ['has(steps.skipped.outputs.image)', false],
    ['has(parameters.none) || has(run.deliveryId)', false],
    ['has(child.status.list[0].name) && !has(child.status.list[7].name)', true],
    ['parameters.environment.matches("^prod")', true],
    ['"dev" in ["dev", "test"]', true],
    ['child.status.list.exists(entry, has(entry.name) && entry.name == "y")', true],
    ['child.status.list.all(entry, "k-z" in entry)', false],
    ['child.status.list.exists_one(entry, entry.name == "x")', true],
    ['size(child.status.list.filter(entry, entry.name == "x")) == 1', true],
    ['int(steps.build.outputs.count) > 3 && double("1.5") < 2.0', true],
    ['false && steps.skipped.outputs.image == ""', false],
    ['steps.skipped.outputs.image == "" || true', true],
    ['"A".lowerAscii() == "a" && " x ".trim() == "x" && "ab".contains("b")', true],
  ])('%s', (text, value) => {
    expect(evaluateText(text, 'Boolean')).toBe(value);
  });

  test('64-bit integers without losing digits', () => {
    expect(evaluateText('9007199254740992 + 1')).toBe(9007199254740993n);
    expect(evaluateText('-9223372036854775808')).toBe(-9223372036854775808n);
  });

  test('numbers of the child beyond 2^53 as the doubles that JSON made of them', () => {
    expect(evaluateText('child.status.big')).toBe(9007199254740992);
  });
});

describe('a mistake names its place and a fix:', () => {
  test.each([
    ['paramters.a', 'paramters: no variable is named "paramters": did you mean "parameters"?'],
    ['run.nam', 'nam: run has no field "nam": did you mean "name"?'],
    ['run.x', 'x: run has no field "x": the fields of run are name, namespace, uid, orchestration and deliveryId'],
    ['steps.build.phse', 'phse: a step has no field "phse": did you mean "phase"?'],
    ['steps.build', 'build: read one field: the fields of a step are phase, reason, attempt and outputs'],
    ['steps', 'steps: read one step, as in steps.build.outputs.image'],
    ['size(parameters)', 'parameters: read one parameter, as in parameters.image'],
    ['steps.build.outputs', 'outputs: read one output, as in steps.build.outputs.image'],
    [
      'steps[run.name].phase',
      'run: steps[…] takes a string literal, because what a step reads must be known before the run',
    ],
    [
      'steps.build.outputs[run.name]',
      'run: steps[…] takes a string literal, because what a step reads must be known before the run',
    ],
    ['parameters.a-b', 'b: no variable is named "b": write a name with dashes in brackets, as in parameters["a-b"]'],
    ['"abc', '": the string that starts here does not end on its line'],
    ['run.name + €', '€: the character € has no meaning here'],
    ['run.name // x', '/: an expression holds no comments'],
    ['b"x"', 'b"x": bytes are not supported: write a string without b before it'],
    ['1u', '1: 1u is not a valid number'],
    ['99999999999999999999', '99999999999999999999: an integer has at most 64 bits: write a decimal point to round it'],
    ['"\\q"', '\\q: "\\\\q" is not a valid escape in a string: write \\\\ for a backslash'],
    ['1 +', ': the expression ends too early'],
    ['(1', ': the expression ends too early: ) is missing'],
    ['run.name run.uid', 'run.uid: "run.uid" has no meaning here'],
    ['sze("a")', 'sze: no function is named "sze": did you mean "size"?'],
    ['contains("a", "b")', 'contains: call contains() on a value, as in value.contains(…)'],
    ['run.name.int()', 'int: write the value into the brackets of int(), as in int(value)'],
    ['run.name.split("")', 'split: no function is named "split"'],
    ['[1].map(x, x)', 'map: map() is not supported: use the list as it is, or filter it'],
    ['[1].all(x, [1].exists(y, y == x))', 'exists: exists() cannot stand inside another'],
    ['[1].filter(run, true)', 'filter: filter() takes a new name for the entries and a condition'],
    ['[x].filter(x, true)', 'x: "x" is known only in the condition that names it'],
    ['has("a")', 'has: has() takes one field, as in has(steps.build.outputs.image)'],
    ['run.name + 1', 'run.name + 1: there is no string + int'],
    ['run.name.foo', 'foo: there is no field to read, and this is string'],
    ['true ? 1 : "x"', 'true ? 1 : "x": both results of ? : must have the same type'],
    ['run.name.matches(run.uid)', 'matches: matches() takes a pattern as a string literal'],
    ['run.name.matches("(")', '"(": not a valid RE2 pattern: missing closing )'],
    ['run.name.matches("(?=a)")', '"(?=a)": not a valid RE2 pattern: invalid or unsupported Perl syntax'],
    ['{"__proto__": 1}', '"__proto__": no key of a map can be named "__proto__"'],
    ['{run.name: 1}', 'run: the keys of a map are string literals'],
    ['[[[[1]]]]', '[: more than 3 lists and maps within each other'],
    ['null', 'null: null cannot be written as text'],
    ['_s0', '_s0: no variable is named "_s0"'],
    ['_in("1")', '_in: no function is named "_in"'],
    ['', ': the expression is empty'],
  ])('%j', (text, mistake) => {
    expect(findMistakes(text)[0]).toContain(mistake);
  });

  test('a condition that is a string', () => {
    expect(findMistakes('steps.build-web.outputs.image', 'Boolean')).toEqual([
      'steps.build-web.outputs.image: a condition is true or false, and this is string',
    ]);
  });

  test('all unknown names at once', () => {
    expect(findMistakes('rnu.name + paramters.a + size2(run.nam)')).toHaveLength(4);
  });

  test('child where no child is', () => {
    const compiled = compileExpression('child.x', createScope({ variables: ['run'], steps: [] }), 'String');
    expect(compiled).toEqual({
      mistakes: [{ span: { offset: 0, length: 5 }, message: 'only outputs can read child' }],
    });
  });
});

describe('an expression is denied before it is parsed if', () => {
  test.each([
    ['it has 1,025 characters', `"${'x'.repeat(1023)}"`, 'at most 1024'],
    ['it has 1,000 brackets', `${'('.repeat(500)}1${')'.repeat(500)}`, 'more than 32 brackets'],
    ['it has 1,000 signs', '!'.repeat(1000), 'the expression ends too early'],
    ['it has 500 operators', `1${'+1'.repeat(500)}`, 'more than 250 parts'],
    ['it reads 65 values', Array(65).fill('run.uid').join('+'), 'at most 64 values'],
    ['it has 17 patterns', Array(17).fill('"a".matches("a")').join('||'), 'at most 16 patterns'],
    ['a pattern is large', '"a".matches("((a{10}){10}){10}")', 'but at most 500 are allowed'],
  ])('%s', (_, text, message) => {
    expect(findMistakes(text, 'Boolean')[0]).toContain(message);
  });

  test('all expressions of a scope are large together', () => {
    const scope = createTestScope();
    const text = `"${'x'.repeat(1000)}"`;
    const compiled = Array.from({ length: 140 }, () => compileExpression(text, scope, 'String'));
    expect('expression' in (compiled[0] ?? {})).toBe(true);
    expect(compiled.at(-1)).toMatchObject({ mistakes: [{ message: expect.stringContaining('131072') }] });
  });
});

describe('readings', () => {
  const readingsOf = (text: string) => {
    const compiled = compileExpression(text, createTestScope(), 'String');
    return 'expression' in compiled ? compiled.expression.readings : compiled.mistakes;
  };

  test('are listed with their places, also of undeclared steps', () => {
    expect(readingsOf('steps.nope-x.outputs.image + parameters["p"] + run.uid + steps.build.reason')).toEqual([
      { type: 'Output', step: 'nope-x', output: 'image', isTested: false, span: { offset: 0, length: 26 } },
      { type: 'Parameter', name: 'p', span: { offset: 29, length: 15 } },
      { type: 'Run', field: 'uid', span: { offset: 47, length: 7 } },
      { type: 'Step', step: 'build', field: 'reason', span: { offset: 57, length: 18 } },
    ]);
  });

  test('are tested if has() tests the same output anywhere in the expression', () => {
    const text = 'has(steps.build.outputs.a) ? steps["build"].outputs["a"] : steps.build.outputs.b';
    expect(readingsOf(text)).toMatchObject([{ isTested: true }, { isTested: true }, { isTested: false }]);
  });
});

describe('an evaluation', () => {
  test.each([
    [
      'steps.skipped.outputs.image',
      'Absent: the step "skipped" did not succeed (Skipped, ConditionFalse), so it has no output "image"',
    ],
    [
      '!has(steps.skipped.outputs.image) ? steps.skipped.outputs.image : ""',
      'Error: the step "skipped" did not succeed',
    ],
    ['has(steps.skipped.outputs.image) ? steps.skipped.outputs.image : "none"', 'none'],
    ['steps.build.outputs.none', 'Error: the step "build" has no output "none"'],
    ['steps.other.phase', 'Error: "other" is not an ancestor that has ended'],
    ['parameters.none', 'Error: the run has no parameter "none"'],
    ['parameters.constructor', 'Error: the run has no parameter "constructor"'],
    ['child.status.none.x', 'Error: the child has no status.none.x'],
    ['child.status.list[0].constructor', 'Error: the child has no status.list[0].constructor'],
    ['child.__proto__', 'Error: the child has no __proto__'],
    ['child.status.list.filter(x, x.constructor == 1)', 'Error: there is no "constructor"'],
    ['1 / 0', 'Error: "1 / 0" divides by zero'],
    ['1.0 / 0.0', 'Error: the result is not a finite number'],
    ['9223372036854775807 + 1', 'Error: "9223372036854775807 + 1" does not fit into an integer of 64 bits'],
    ['int("")', 'Error: "int(\\"\\")": the value cannot be converted to int'],
    ['int("9223372036854775808")', 'Error: "int(\\"9223372036854775808\\")" does not fit into an integer of 64 bits'],
    ['child.status.n + "a"', 'Error: "child.status.n + \\"a\\"": there is no int + string'],
    ['child.status.none', 'Error: the result is null'],
  ])('of %s', (text, value) => {
    expect(String(evaluateText(text))).toContain(value);
  });

  test('fails where a condition is neither true nor false', () => {
    expect(evaluateText('child.status.n', 'Boolean')).toBe('Error: the result is neither true nor false');
  });

  const withChild = (child: unknown) => ({ ...values, child });

  test('fails for values and results larger than 64 KiB', () => {
    const large = withChild({ text: 'x'.repeat(60_000), larger: 'x'.repeat(70_000) });
    expect(evaluateText('child.larger', 'String', large)).toBe(
      'Error: child.larger is larger than 64 KiB, or nested too deep',
    );
    expect(evaluateText('child.text + child.text', 'String', large)).toBe('Error: the result is larger than 64 KiB');
  });

  test('fails for a loop that reads a large value again and again', () => {
    const list = Array.from({ length: 900 }, (_, index) => `${index}`);
    expect(evaluateText('child.list.all(x, x in child.list)', 'Boolean', withChild({ list }))).toBe(
      'Error: the expression reads too many or too large values: a loop reads its values again in each pass, so read fewer of them in the loop',
    );
    expect(evaluateText('child.list.exists(x, x == "899")', 'Boolean', withChild({ list }))).toBe(true);
  });

  test('fails for JSON that is nested deeper than 32 levels', () => {
    expect(evaluateText('child', 'String', withChild(JSON.parse('['.repeat(5000) + ']'.repeat(5000))))).toContain(
      'too deep',
    );
  });

  test('never throws, not even if the values do', () => {
    const compiled = compileExpression('steps.build.phase', createTestScope(), 'String');
    if ('mistakes' in compiled) throw new Error('does not compile');
    const steps = () => {
      throw new RangeError('broken');
    };
    expect(evaluate(compiled.expression, { ...values, steps })).toEqual({
      type: 'Error',
      message: 'the expression cannot be evaluated',
    });
  });
});
