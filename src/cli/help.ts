import type { CommandInfo } from './command.ts';
import type { Flag } from './flags.ts';

/** The longest line, in columns. */
const WIDTH = 100;

/** Describes how a command is used, with everything that its definition says. The summary has no full stop. */
export function describeCommand(command: CommandInfo, summary: string): string {
  const { verb, details, operands, flags, exitCodes, examples } = command;
  const rows = Object.values(flags);
  const hasLetters = rows.some(({ letter }) => letter !== undefined);
  const words = ['orchestration-gate', verb, operands.placeholder, ...(rows.length > 0 ? ['[FLAGS]'] : [])];
  const codes = Object.entries(exitCodes).map(([code, meaning]) => `${code} ${meaning}`);
  const sections = [
    `usage: ${words.filter((word) => word !== '').join(' ')}\n`,
    wrap(details === undefined ? `${summary}.` : `${summary}. ${details}`, 0),
    describeTable(
      'Flags',
      rows.flatMap(hasFlag).map(({ row, flag }) => [spell(row, flag, hasLetters), describeFlag(row)]),
    ),
    describeTable('Environment, which flags override', rows.flatMap(describeVariable)),
    describeFormerNames(rows),
    wrap(`Exit codes: ${codes.join('; ')}.`, 2),
    describeExamples(examples),
  ];
  return sections.filter((section) => section !== '').join('\n');
}

/** Describes what the program can do: each verb with its summary, grouped by area. */
export function describeVerbs(
  verbs: readonly { readonly name: string; readonly summary: string; readonly area: string }[],
): string {
  const width = Math.max(...verbs.map(({ name }) => name.length));
  const areas = Map.groupBy(verbs, ({ area }) => area);
  return [
    'usage: orchestration-gate COMMAND [ARGUMENTS]\n',
    ...[...areas].map(([area, listed]) =>
      describeTable(
        area,
        listed.map(({ name, summary }) => [name.padEnd(width), summary]),
      ),
    ),
    describeTable('Help', [
      ['help COMMAND, COMMAND --help, -h', 'show how to use a command'],
      ['version, --version, -v', 'show the version'],
    ]),
  ].join('\n');
}

function hasFlag(row: Flag): { readonly row: Flag; readonly flag: string }[] {
  return row.flag === undefined ? [] : [{ row, flag: row.flag }];
}

/** Aligns the long names in one column if any flag has a letter. */
function spell({ letter, kind }: Flag, flag: string, hasLetters: boolean): string {
  const short = letter === undefined ? '    ' : `-${letter}, `;
  return `${hasLetters ? short : ''}--${flag} ${kind.placeholder}`.trimEnd();
}

function describeFlag({ help, fallback, isRequired, isList }: Flag): string {
  const note = isRequired ? ' (required)' : fallback === undefined ? '' : ` (default: ${fallback})`;
  return `${help}${isList ? '; repeatable' : ''}${note}`;
}

function describeVariable(row: Flag): [string, string][] {
  const [name] = row.variables ?? [];
  if (name === undefined) return [];
  return [[name, row.flag === undefined ? describeFlag(row) : `--${row.flag}`]];
}

function describeFormerNames(rows: readonly Flag[]): string {
  const names = rows.flatMap(({ variables = [] }) => variables.slice(1));
  return names.length === 0 ? '' : wrap(`Former names that still work: ${names.join(', ')}.`, 2);
}

function describeExamples(examples: readonly string[]): string {
  const lines = examples.map((example) => `  orchestration-gate ${example}\n`);
  return lines.length === 0 ? '' : `Examples:\n${lines.join('')}`;
}

function describeTable(title: string, rows: readonly (readonly [name: string, help: string])[]): string {
  if (rows.length === 0) return '';
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, help]) => wrap(`  ${name.padEnd(width)}  ${help}`, width + 4));
  return `${title}:\n${lines.join('')}`;
}

/** Breaks a text at spaces. Indents the lines after the first. */
function wrap(text: string, indent: number): string {
  if (text.length <= WIDTH) return `${text}\n`;
  const end = text.lastIndexOf(' ', WIDTH);
  const cut = end > indent ? end : WIDTH;
  return `${text.slice(0, cut).trimEnd()}\n${wrap(' '.repeat(indent) + text.slice(cut).trimStart(), indent)}`;
}
