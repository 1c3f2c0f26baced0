import { describe, expect, test } from 'vitest';
import { describeCommand } from '../../src/cli/help.ts';
import { loadCommands } from './commands/all.ts';

const commands = await loadCommands();

/** These commands have more settings than a screen has lines. */
const LONG = ['reconcile', 'engine', 'plan'];

describe.each(commands)('the help of $verb', (command) => {
  const text = describeCommand(command, 'Do something');
  const lines = text.split('\n');

  test('fits a screen', () => {
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
    if (!LONG.includes(command.verb)) expect(lines.length - 1).toBeLessThanOrEqual(24);
  });

  const joined = text.replace(/\n +/g, ' ').replace(/ +/g, ' ');

  test.each(Object.values(command.flags))('has --$flag, with its default and its variables', (row) => {
    const { flag, letter, kind, fallback, variables = [] } = row;
    const short = letter === undefined ? '' : `-${letter}, `;
    if (flag !== undefined) expect(joined).toContain(` ${short}--${flag} ${kind.placeholder}`.trimEnd());
    if (fallback !== undefined) expect(joined).toContain(`(default: ${fallback})`);
    for (const variable of variables) expect(joined).toContain(variable);
  });

  test('has the exit codes, and the examples', () => {
    for (const [code, meaning] of Object.entries(command.exitCodes)) expect(joined).toContain(`${code} ${meaning}`);
    for (const example of command.examples) expect(text).toContain(`\n  orchestration-gate ${example}\n`);
  });

  test('has names and letters that mean one thing each', () => {
    const names = Object.values(command.flags).flatMap(({ flag, letter, alias }) => [flag, letter, alias]);
    const given = names.filter((name) => name !== undefined);
    expect(new Set(given).size).toBe(given.length);
    expect(given.filter((name) => ['help', 'h', 'version', 'v'].includes(name))).toEqual([]);
  });

  test('has defaults that it would accept', () => {
    for (const { kind, fallback } of Object.values(command.flags))
      if (fallback !== undefined) expect(kind.read(fallback)).not.toBeUndefined();
  });
});

test('a letter means the same flag for every command, and so does a flag', () => {
  const meanings = new Map<string, Set<string>>();
  for (const { flags } of commands) {
    for (const { letter, flag = '' } of Object.values(flags)) {
      if (letter !== undefined) meanings.set(letter, (meanings.get(letter) ?? new Set()).add(flag));
    }
  }
  expect([...meanings].map(([letter, names]) => [letter, [...names]])).toEqual(
    expect.arrayContaining([
      ['n', ['namespace']],
      ['o', ['output']],
      ['p', ['parameter']],
    ]),
  );
  expect([...meanings.values()].every(({ size }) => size === 1)).toBe(true);
});
