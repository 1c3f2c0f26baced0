import { expect, test } from 'vitest';
import { defineCommand, noOperand } from '../../src/cli/command.ts';
import { dispatch, type Verbs } from '../../src/cli/dispatch.ts';
import { portsOf } from './run-command.ts';

const command = (verb: string) =>
  defineCommand({
    verb,
    operands: noOperand,
    flags: {},
    exitCodes: { 0: 'done' },
    examples: [verb],
    run: () => Promise.resolve({ exitCode: 0, stdout: `${verb} has run\n`, stderr: '' }),
  });

const loaded: string[] = [];
const load = (verb: string) => () => {
  loaded.push(verb);
  return Promise.resolve(command(verb));
};

const verbs: Verbs = {
  lint: { area: 'Files', summary: 'Check files', load: load('lint') },
  graph: { area: 'Files', summary: 'Draw files', load: load('graph') },
  run: { area: 'Runs', summary: 'Start a run', load: load('run') },
  engine: { load: load('engine') },
};

function say(...words: string[]) {
  loaded.length = 0;
  return dispatch(verbs, words, { ...portsOf(), readVersion: () => Promise.resolve('1.2.3') });
}

test('runs the command of the verb, and loads no other', async () => {
  expect(await say('lint')).toEqual({ exitCode: 0, stdout: 'lint has run\n', stderr: '' });
  expect(loaded).toEqual(['lint']);
  expect(await say('engine')).toMatchObject({ stdout: 'engine has run\n' });
});

test.each([['version'], ['--version'], ['-v']])('%s shows the version, and loads nothing', async (word) => {
  expect(await say(word)).toEqual({ exitCode: 0, stdout: '1.2.3\n', stderr: '' });
  expect(loaded).toEqual([]);
});

test.each([[['help']], [['--help']], [['-h']], [['help', 'help']], [['help', 'version']]])(
  '%j lists the verbs that people use, area by area, and loads nothing',
  async (words) => {
    const { exitCode, stdout, stderr } = await say(...words);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^usage: .*\n\nFiles:\n {2}lint {3}Check files\n {2}graph {2}Draw files\n\nRuns:\n {2}run {4}Start a run\n\nHelp:\n/,
    );
    expect(loaded).toEqual([]);
  },
);

test('without a word the same stands on standard error, with exit code 2', async () => {
  const { stdout } = await say('help');
  expect(await say()).toEqual({ exitCode: 2, stdout: '', stderr: stdout });
});

test.each([[['help', 'lint']], [['lint', '--help']], [['lint', '--nope', '-h']], [['--help', 'lint']]])(
  '%j shows how lint is used',
  async (words) => {
    expect(await say(...words)).toEqual({
      exitCode: 0,
      stdout:
        'usage: orchestration-gate lint\n\nCheck files.\n\nExit codes: 0 done.\n\nExamples:\n  orchestration-gate lint\n',
      stderr: '',
    });
  },
);

test.each([
  ['lnt', '"lnt" is not a command; did you mean lint?'],
  ['hlep', '"hlep" is not a command; did you mean help?'],
  ['--verison', '"--verison" is not a command; did you mean --version?'],
  ['-x', '"-x" is not a command; run orchestration-gate help for a list'],
  ['', '"" is not a command; run orchestration-gate help for a list'],
  ['constructor', '"constructor" is not a command; run orchestration-gate help for a list'],
  ['a\u001b[2J', '"a\\u001b[2J" is not a command; run orchestration-gate help for a list'],
])('%j is not a command, and loads nothing', async (word, complaint) => {
  for (const words of [[word], ['help', word], [word, '--help']])
    expect(await say(...words)).toEqual({ exitCode: 2, stdout: '', stderr: `orchestration-gate: ${complaint}\n` });
  expect(loaded).toEqual([]);
});
