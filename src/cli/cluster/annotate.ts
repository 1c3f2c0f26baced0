import { displayObject } from '../../dag/display.ts';
import { Annotation } from '../../orchestration/vocabulary/metadata.ts';
import { type Command, defineCommand, type Outcome, oneOperand } from '../command.ts';
import { type Flags, objectName, type Values } from '../flags.ts';
import { readExisting } from './failure.ts';
import { clusterFlags } from './flags.ts';
import type { Cluster } from './port.ts';
import { hasEnded, type Run, readRun } from './run.ts';

/** A request to a run, made by an annotation. */
export interface Wish {
  readonly annotation: string;
  readonly value: string | null;
  /** Whether it has been made already. */
  readonly isMade: (run: Run) => boolean;
  /** What to say of the run: the first time, and again. */
  readonly done: string;
  readonly again: string;
  /** The phase that a run has which ended as wished. */
  readonly wishedEnd?: string;
}

interface Annotating<F extends Flags> {
  readonly verb: string;
  readonly details: string;
  /** Beside those of every command that asks a cluster. */
  readonly flags?: F;
  readonly examples?: readonly string[];
  readonly wish: (choice: Values<F>) => Wish;
}

/** A command that annotates a run: twice is the same as once. */
export function annotatingCommand<const F extends Flags>(command: Annotating<F>): Command {
  const { verb, details, flags, examples = [] } = command;
  return defineCommand({
    verb,
    details: `${details} You can repeat it: twice is the same as once.`,
    operands: oneOperand('RUN', objectName, 'an OrchestrationRun'),
    flags: { ...clusterFlags, ...flags },
    exitCodes: { 0: 'requested, now or before', 1: 'the run had ended otherwise before', 2: 'could not be requested' },
    examples: [`${verb} release-42 -n ci`, ...examples],
    run: (choice, name, { withCluster }) =>
      withCluster(choice, async (cluster): Promise<Outcome> => {
        const { isMade, sentence } = await makeWish(cluster, name, command.wish(choice as Values<F>));
        return { exitCode: isMade ? 0 : 1, stdout: `${sentence}\n`, stderr: '' };
      }),
  });
}

/** Makes a request, unless it was made before. Returns whether the run does as wished, and a sentence on it. */
export async function makeWish(
  cluster: Cluster,
  name: string,
  wish: Wish,
): Promise<{ readonly isMade: boolean; readonly sentence: string }> {
  const run = readRun(await readExisting(cluster, 'OrchestrationRun', name));
  const describe = (what: string, isMade = true) => ({
    isMade,
    sentence: `${displayObject('OrchestrationRun', run.namespace, run.name)} ${what}`,
  });
  // Too late, unless it has ended as wished.
  if (hasEnded(run)) return describe(`has ended already: ${run.status.phase}`, run.status.phase === wish.wishedEnd);
  if (wish.isMade(run)) return describe(wish.again);
  await cluster.annotate(name, { [wish.annotation]: wish.value });
  const isOther = wish.annotation !== Annotation.Cancel && run.isCancelled;
  return describe(isOther ? `${wish.done}, and is being cancelled` : wish.done);
}
