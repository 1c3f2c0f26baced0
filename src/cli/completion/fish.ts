import type { Completion } from '../flags.ts';
import { type FlagWords, quoteWord, type VerbWords } from './words.ts';

const COMPLETE = 'complete -c orchestration-gate';

export function writeFish(verbs: readonly VerbWords[]): string {
  return `# fish completion of orchestration-gate

function __orchestration_gate_has_no_verb
    test (count (commandline -opc)) -eq 1
end

function __orchestration_gate_verb_is
    set -l words (commandline -opc)
    test (count $words) -gt 1; and test $words[2] = $argv[1]
end

${COMPLETE} -f
${verbs.map(describeVerb).join('')}`;
}

function describeVerb({ name, summary, flags, operand }: VerbWords): string {
  const isVerb = `${COMPLETE} -n '__orchestration_gate_verb_is ${name}'`;
  return [
    `${COMPLETE} -n __orchestration_gate_has_no_verb -a ${name} -d ${quote(summary)}\n`,
    ...(operand === undefined ? [] : [`${isVerb} ${describeOperand(operand)}\n`]),
    ...flags.map((flag) => `${isVerb} ${describeFlag(flag)}\n`),
  ].join('');
}

function describeOperand(operand: Completion): string {
  return operand === 'file' ? '-F' : `-a ${quote(wordsOf(operand))}`;
}

function describeFlag({ name, letter, help, value, completion }: FlagWords): string {
  return [
    `-l ${name}`,
    ...(letter === undefined ? [] : [`-s ${letter}`]),
    ...(value === undefined ? [] : [describeValue(completion)]),
    `-d ${quote(help)}`,
  ].join(' ');
}

function describeValue(completion: Completion | undefined): string {
  if (completion === undefined) return '-x';
  return completion === 'file' ? '-r -F' : `-x -a ${quote(wordsOf(completion))}`;
}

function wordsOf(completion: Exclude<Completion, 'file'>): string {
  return typeof completion === 'string' ? '(__fish_complete_directories)' : completion.join(' ');
}

function quote(text: string): string {
  return quoteWord(text.replaceAll('\\', '\\\\'), `\\'`);
}
