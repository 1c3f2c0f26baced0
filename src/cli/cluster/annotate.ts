import { displayObject } from '../../dag/display.ts';
import { Annotation } from '../../orchestration/vocabulary/metadata.ts';
import { type Command, defineCommand, type Outcome } from '../command.ts';
import type { Flags, Values } from '../flags.ts';
import { readExisting } from './failure.ts';
import { clusterFlags } from './flags.ts';
import type { Cluster } from './port.ts';
import { hasEnded, type Run, readRun } from './run.ts';
import { forEachName, severalRuns } from './run-operand.ts';

/** A request to a run, made by an annotation. */
export interface Wish {
  readonly annotation: string;
  readonly value: string | null;
  /** Whether it has been made already. */
  readonly isMade: (run: Run) => boolean;
  /** What to say about the run: `done` if the request is made now, `again` if it was made before. */
  readonly done: string;
  readonly again: string;
  /** The phase of a run that ended as requested. */
  readonly wishedEnd?: string;
}

interface Annotating<F extends Flags> {
  readonly verb: string;
  readonly details: string;
  /** Flags in addition to those of every command that uses a cluster. */
  readonly flags?: F;
  readonly examples?: readonly string[];
  readonly wish: (choice: Values<F>) => Wish;
}

/** Defines a command that annotates a run. To run it twice has the same effect as to run it once. */
export function annotatingCommand<const F extends Flags>(command: Annotating<F>): Command {
  const { verb, details, flags, examples = [] } = command;
  return defineCommand({
    verb,
    details: `${details} You can repeat the command safely.`,
    operands: severalRuns,
    flags: { ...clusterFlags, ...flags },
    exitCodes: {
      0: 'requested, now or before',
      1: 'the run had already ended in another way',
      2: 'could not be requested',
    },
    examples: [`${verb} release-42 -n ci`, ...examples],
    run: (choice, names, { withCluster, screen }) => {
      const wish = command.wish(choice as Values<F>);
      return withCluster(choice, (cluster) =>
        forEachName(verb, names, screen, (name) => makeWish(cluster, name, wish)),
      );
    },
  });
}

/**
 * Makes a request to a run, unless it was made before. Writes a sentence. The exit code is 1 if the run has ended in
 * another way.
 */
export async function makeWish(cluster: Cluster, name: string, wish: Wish): Promise<Outcome> {
  const run = readRun(await readExisting(cluster, 'OrchestrationRun', name));
  if (hasEnded(run)) return describeEnd(wish, run);
  if (wish.isMade(run)) return describe(run, wish.again);
  await cluster.annotate(name, { [wish.annotation]: wish.value });
  const isOther = wish.annotation !== Annotation.Cancel && run.isCancelled;
  return describe(run, isOther ? `${wish.done}, and is being cancelled` : wish.done);
}

function describe({ namespace, name }: Run, what: string): Outcome {
  return { exitCode: 0, stdout: `${displayObject('OrchestrationRun', namespace, name)} ${what}\n`, stderr: '' };
}

/** The request comes too late, which is a failure unless the run has ended as requested. */
function describeEnd({ wishedEnd }: Wish, run: Run): Outcome {
  const { phase } = run.status;
  return { ...describe(run, `has already ended: ${phase}`), exitCode: phase === wishedEnd ? 0 : 1 };
}
