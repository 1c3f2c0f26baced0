import { type Command, defineCommand } from '../command.ts';
import { anyText } from '../flags.ts';
import { decide, type Wanted } from './decide.ts';
import { clusterFlags } from './flags.ts';
import { runAndStep } from './run-operand.ts';

/** A command that decides about a step that waits for people. */
export function decidingCommand(verb: Wanted['verb'], details: string): Command {
  return defineCommand({
    verb,
    details: `${details} If only one step waits, you can leave out STEP. The decision is stored under the user name that the API server knows you by.`,
    operands: runAndStep('a step, or leave it out'),
    flags: {
      comment: {
        flag: 'comment',
        kind: anyText(),
        help: 'the reason, stored in the run; at most 256 characters are kept',
      },
      ...clusterFlags,
    },
    exitCodes: { 0: 'decided, now or before', 1: 'the run had ended before', 2: 'could not be decided' },
    examples: [`${verb} release-42 -n ci`, `${verb} release-42 go-live --comment "seen on staging"`],
    run: ({ comment, ...choice }, wanted, { withCluster }) =>
      withCluster(choice, (cluster) => decide(cluster, { verb, comment, ...wanted })),
  });
}
