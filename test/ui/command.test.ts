import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quoteForShell } from '../../src/objects/shell.ts';
import { describeCommand } from '../../src/ui/command.ts';

const ref = { apiVersion: 'tools.proompteng.ai/v1alpha1', kind: 'ToolRun', name: 'run-a-x1', namespace: 'ci' };

test('shows the command that describes a child', () => {
  expect(describeCommand(ref, { flags: ['--context', 'prod'] })).toBe(
    'kubectl describe --context prod --namespace ci -- toolrun.v1alpha1.tools.proompteng.ai run-a-x1',
  );
  expect(describeCommand({ ...ref, apiVersion: 'v1', kind: 'Pod' }, { flags: [] })).toBe(
    'kubectl describe --namespace ci -- pod run-a-x1',
  );
});

test('quotes any words so that a shell reads the same words', () => {
  const word = fc.string({ unit: fc.constantFrom(...Array.from(`abc'"$\`\\;&|<>(){}[]*?!#~ -=é漢`)), maxLength: 12 });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (words) => {
      const script = `printf '%s\\0' ${words.map(quoteForShell).join(' ')}`;
      const said = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
      expect(said.split('\0').slice(0, -1)).toEqual(words);
    }),
    { numRuns: 60 },
  );
});

test('shows no line break and no escape sequence, because a terminal interprets them', () => {
  expect(quoteForShell('a\nrm -rf ~\r\u001b[2J\u202e')).toBe(`'a?rm -rf ~??[2J?'`);
});

test('never passes a name as a flag', () => {
  const line = describeCommand({ ...ref, name: '--token=$(id)' }, { flags: [] });
  expect(line.endsWith(` -- toolrun.v1alpha1.tools.proompteng.ai '--token=$(id)'`)).toBe(true);
});
