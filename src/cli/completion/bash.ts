import type { Completion } from '../flags.ts';
import type { FlagWords, VerbWords } from './words.ts';

/** Writes a script for bash 3.2 and newer, because macOS has 3.2. */
export function writeBash(verbs: readonly VerbWords[]): string {
  return `# bash completion of orchestration-gate

_orchestration_gate_offer() {
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "$@")
}

_orchestration_gate_offer_paths() {
  compopt -o filenames 2>/dev/null
  _orchestration_gate_offer "$@"
}

_orchestration_gate() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  # To bash the sign of --output=json is a word of its own.
  [[ $current == = ]] && current=
  [[ $previous == = ]] && previous=\${COMP_WORDS[COMP_CWORD-2]}
  if ((COMP_CWORD == 1)); then
    ${offer(verbs.map(({ name }) => name))}
    return
  fi
  case "\${COMP_WORDS[1]} $previous" in
${verbs.flatMap(describeValues).join('')}  esac
  case "\${COMP_WORDS[1]}" in
${verbs.map(describeRest).join('')}  esac
}

complete -F _orchestration_gate orchestration-gate
`;
}

/** After a flag that takes a value, completes only the value. */
function describeValues({ name: verb, flags }: VerbWords): string[] {
  return flags
    .filter(({ value }) => value !== undefined)
    .map((flag) => {
      const patterns = spellings(flag).map((spelling) => `"${verb} ${spelling}"`);
      return `    ${patterns.join(' | ')})\n      ${offer(flag.completion)}\n      return ;;\n`;
    });
}

function describeRest({ name, flags, operand }: VerbWords): string {
  const names = offer(flags.flatMap((flag) => [`--${flag.name}`]));
  if (operand === undefined) return `    ${name}) ${names} ;;\n`;
  return `    ${name}) if [[ $current == -* ]]; then ${names}; else ${offer(operand)}; fi ;;\n`;
}

function spellings({ name, letter, alias }: FlagWords): string[] {
  return [`--${name}`, ...(letter === undefined ? [] : [`-${letter}`]), ...(alias === undefined ? [] : [`--${alias}`])];
}

function offer(completion: Completion | undefined): string {
  if (completion === undefined || completion.length === 0) return ':';
  if (completion === 'file') return '_orchestration_gate_offer_paths -f -- "$current"';
  if (completion === 'folder') return '_orchestration_gate_offer_paths -d -- "$current"';
  return `_orchestration_gate_offer -W '${completion.join(' ')}' -- "$current"`;
}
