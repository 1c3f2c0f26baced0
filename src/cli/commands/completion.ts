import { defineCommand, oneOperand } from '../command.ts';
import { writeBash } from '../completion/bash.ts';
import { writeFish } from '../completion/fish.ts';
import { describeWords } from '../completion/words.ts';
import { writeZsh } from '../completion/zsh.ts';
import type { Verb } from '../dispatch.ts';
import { oneOf } from '../flags.ts';

const writers = { bash: writeBash, zsh: writeZsh, fish: writeFish } as const;

/** The script that completes the words of all verbs. */
export function completionCommand(listVerbs: () => readonly (readonly [name: string, summary: string, verb: Verb])[]) {
  return defineCommand({
    verb: 'completion',
    details:
      'SHELL is bash, zsh or fish. It completes commands, flags, values of flags and files. docs/how-to/completion.md says how to install it.',
    operands: oneOperand('SHELL', oneOf(['bash', 'zsh', 'fish']), 'bash, zsh or fish'),
    flags: {},
    exitCodes: { 0: 'printed', 2: 'could not run' },
    examples: ['completion bash > /etc/bash_completion.d/orchestration-gate'],
    run: async (_, shell) => {
      const verbs = await Promise.all(
        listVerbs().map(async ([name, summary, verb]) => ({ name, summary, command: await verb.load() })),
      );
      return { exitCode: 0, stdout: writers[shell](describeWords(verbs)), stderr: '' };
    },
  });
}
