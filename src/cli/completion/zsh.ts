import type { Completion } from '../flags.ts';
import { type FlagWords, quoteWord, type VerbWords } from './words.ts';

/** Writes a script for a file `_orchestration-gate` in a folder of fpath, and for `source`. */
export function writeZsh(verbs: readonly VerbWords[]): string {
  return `#compdef orchestration-gate

_orchestration-gate() {
  if ((CURRENT == 2)); then
    local -a verbs
    verbs=(
${verbs.map(({ name, summary }) => `      ${quote(`${name}:${summary}`)}\n`).join('')}    )
    _describe command verbs
    return
  fi
  shift words
  ((CURRENT--))
  case $words[1] in
${verbs.map(describeVerb).join('')}  esac
}

if [[ $funcstack[1] == _orchestration-gate ]]; then
  _orchestration-gate "$@"
else
  compdef _orchestration-gate orchestration-gate
fi
`;
}

function describeVerb({ name, flags, operand }: VerbWords): string {
  const operands = operand === undefined ? [] : [quote(`*:argument:${actionOf(operand)}`)];
  const specs = [...flags.flatMap(describeFlag), ...operands];
  if (specs.length === 0) return `    ${name}) ;;\n`;
  return `    ${name})\n      _arguments ${specs.join(' \\\n        ')} ;;\n`;
}

/**
 * Returns a spec for each spelling of a flag. The spellings exclude each other, unless the flag can be given several
 * times.
 */
function describeFlag({ name, letter, help, value, completion, isList }: FlagWords): string[] {
  const spellings = [...(letter === undefined ? [] : [`-${letter}`]), `--${name}`];
  const before = isList ? '*' : `(${spellings.join(' ')})`;
  const argument = value === undefined ? '' : `:${escapeSpec(value)}:${actionOf(completion)}`;
  return spellings.map((spelling) => {
    const sign = value === undefined ? '' : spelling.startsWith('--') ? '=' : '+';
    return quote(`${before}${spelling}${sign}[${escapeSpec(help)}]${argument}`);
  });
}

function actionOf(completion: Completion | undefined): string {
  if (completion === undefined) return ' ';
  if (completion === 'file') return '_files';
  return completion === 'folder' ? '_files -/' : `(${completion.join(' ')})`;
}

function escapeSpec(text: string): string {
  return text.replace(/[\\[\]:]/g, (sign) => `\\${sign}`);
}

function quote(text: string): string {
  return quoteWord(text, `'\\''`);
}
