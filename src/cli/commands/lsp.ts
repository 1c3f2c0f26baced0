import { defineCommand, noOperand } from '../command.ts';
import { type Flags, toggle } from '../flags.ts';

const flags = {
  isStdio: {
    flag: 'stdio',
    kind: toggle,
    help: 'use standard input and output; this is the default, and editors pass it',
  },
} as const satisfies Flags;

/** The language server. `serve` never returns: the process ends when the editor says so. */
export function lspCommand(serve: () => Promise<void>) {
  return defineCommand({
    verb: 'lsp',
    details:
      'Your editor starts it, and then shows problems as you type, completion, definitions, hovers and quick fixes. It needs no cluster. docs/how-to/editors.md says how to set up an editor.',
    operands: noOperand,
    flags,
    exitCodes: { 0: 'the editor ended it', 1: 'the editor went away', 2: 'could not run' },
    examples: ['lsp --stdio'],
    run: async () => {
      await serve();
      return { exitCode: 0, stdout: '', stderr: '' };
    },
  });
}
