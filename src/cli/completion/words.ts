import type { CommandInfo } from '../command.ts';
import type { Completion } from '../flags.ts';

/** A verb as a shell completes it. */
export interface VerbWords {
  readonly name: string;
  readonly summary: string;
  readonly operand?: Completion;
  readonly flags: readonly FlagWords[];
}

export interface FlagWords {
  /** Without dashes. */
  readonly name: string;
  readonly letter?: string;
  readonly alias?: string;
  readonly help: string;
  /** The placeholder of the value in the help. Absent if the flag takes no value. */
  readonly value?: string;
  readonly completion?: Completion;
  readonly isList: boolean;
}

/** Lists what shells complete, from the same tables by which the command line is read. */
export function describeWords(
  verbs: readonly { readonly name: string; readonly summary: string; readonly command: CommandInfo }[],
): readonly VerbWords[] {
  return [
    ...verbs.map(({ name, summary, command: { operands, flags } }) => ({
      name,
      summary,
      ...(operands.completion && { operand: operands.completion }),
      flags: [...describeFlags(flags), HELP],
    })),
    { name: 'help', summary: 'Show how a command is used', operand: verbs.map(({ name }) => name), flags: [] },
    { name: 'version', summary: 'Show the version', flags: [] },
  ];
}

const HELP: FlagWords = { name: 'help', letter: 'h', help: 'show how the command is used', isList: false };

function describeFlags(flags: CommandInfo['flags']): FlagWords[] {
  return Object.values(flags).flatMap(({ flag: name, letter, alias, help, kind, isList = false }) => {
    if (name === undefined) return [];
    const { placeholder, completion } = kind;
    return {
      name,
      ...(letter && { letter }),
      ...(alias && { alias }),
      help,
      ...(placeholder && { value: placeholder }),
      ...(completion && { completion }),
      isList,
    };
  });
}

/** Writes one word of a shell script in single quotes. `quote` is how the shell writes a single quote inside them. */
export function quoteWord(text: string, quote: string): string {
  return `'${text.replaceAll("'", quote)}'`;
}
