import { displayObject } from '../../dag/display.ts';
import { type Command, defineCommand, type Outcome, oneOperand } from '../command.ts';
import { objectName } from '../flags.ts';
import { readExisting } from './failure.ts';
import { clusterFlags } from './flags.ts';
import { hasEnded, type Run, readRun } from './run.ts';

/** A request to a run, made by an annotation. */
interface Wish {
  readonly verb: string;
  readonly details: string;
  readonly annotation: string;
  readonly value: 'true' | null;
  /** Whether it has been made already. */
  readonly isMade: (run: Run) => boolean;
  /** What to say of the run: the first time, and again. */
  readonly done: string;
  readonly again: string;
  /** The phase that a run has which ended as wished. */
  readonly wishedEnd?: string;
}

/** A command that annotates a run: twice is the same as once. */
export function annotatingCommand(wish: Wish): Command {
  const { verb, details, annotation, value } = wish;
  return defineCommand({
    verb,
    details: `${details} You can repeat it: twice is the same as once.`,
    operands: oneOperand('RUN', objectName, 'an OrchestrationRun'),
    flags: clusterFlags,
    exitCodes: { 0: 'requested, now or before', 1: 'the run had ended otherwise before', 2: 'could not be requested' },
    examples: [`${verb} release-42 -n ci`],
    run: (choice, name, { withCluster }) =>
      withCluster(choice, async (cluster) => {
        const run = readRun(await readExisting(cluster, 'OrchestrationRun', name));
        if (hasEnded(run)) return describeEnd(wish, run);
        if (wish.isMade(run)) return describe(run, wish.again);
        await cluster.annotate(name, { [annotation]: value });
        return describe(run, run.isCancelled ? `${wish.done}, and is being cancelled` : wish.done);
      }),
  });
}

function describe({ namespace, name }: Run, what: string): Outcome {
  return { exitCode: 0, stdout: `${displayObject('OrchestrationRun', namespace, name)} ${what}\n`, stderr: '' };
}

/** Too late, unless it has ended as wished. */
function describeEnd({ wishedEnd }: Wish, run: Run): Outcome {
  const { phase } = run.status;
  return { ...describe(run, `has ended already: ${phase}`), exitCode: phase === wishedEnd ? 0 : 1 };
}
