import { defineCommand, noOperand } from '../command.ts';
import { type Flags, toggle } from '../flags.ts';

const flags = {
  isStdio: {
    flag: 'stdio',
    kind: toggle,
    help: 'use standard input and output, which is the only way; editors pass it',
  },
} as const satisfies Flags;

/** The language server. `serve` never returns: the process ends when the editor says so. */
export function lspCommand(serve: () => Promise<void>) {
  return defineCommand({
    verb: 'lsp',
    details:
      'It speaks the Language Server Protocol over standard input and output: problems as you type, completion, definitions, hovers and quick fixes. It asks no cluster. docs/how-to/editors.md says how to set up an editor.',
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
