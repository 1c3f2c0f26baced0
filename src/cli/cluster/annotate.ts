import { displayObject } from '../../dag/display.ts';
import { Annotation } from '../../orchestration/vocabulary/metadata.ts';
import type { Outcome } from '../command.ts';
import { CLUSTER_USAGE, runOnCluster } from './command.ts';
import { readExisting } from './failure.ts';
import type { ClusterPorts } from './port.ts';
import { hasEnded, type Run, readRun } from './run.ts';

/** A word to a run, said by an annotation. */
interface Wish {
  readonly verb: string;
  readonly about: string;
  readonly annotation: string;
  readonly value: 'true' | null;
  /** Whether the run has been told already. */
  readonly isTold: (run: Run) => boolean;
  /** What to say of the run once it has been told; the first time, and again. */
  readonly done: string;
  readonly again: string;
}

const wishes = {
  cancel: {
    verb: 'cancel',
    about: 'Ends an OrchestrationRun: what runs is deleted, nothing new starts. There is no way back.',
    annotation: Annotation.Cancel,
    value: 'true',
    isTold: ({ isCancelled }) => isCancelled,
    done: 'is being cancelled',
    again: 'is being cancelled already',
  },
  suspend: {
    verb: 'suspend',
    about: 'Holds an OrchestrationRun: what runs may end, nothing new starts, until it is resumed.',
    annotation: Annotation.Suspend,
    value: 'true',
    isTold: ({ isSuspended }) => isSuspended,
    done: 'is suspended: what runs may end, nothing new starts',
    again: 'is suspended already',
  },
  resume: {
    verb: 'resume',
    about: 'Lets a suspended OrchestrationRun go on.',
    annotation: Annotation.Suspend,
    value: null,
    isTold: ({ isSuspended }) => !isSuspended,
    done: 'goes on',
    again: 'is not suspended',
  },
} as const satisfies Record<string, Wish>;

/** `cancel`, `suspend` and `resume`: saying it twice is the same as once. */
export async function annotate(
  wished: keyof typeof wishes,
  args: readonly string[],
  ports: Pick<ClusterPorts, 'connect'>,
): Promise<Outcome> {
  const wish: Wish = wishes[wished];
  const command = { verb: wish.verb, operand: 'a run', flags: {}, usage: describeUsage(wish) };
  return runOnCluster(command, args, ports, async (cluster, name) => {
    const run = readRun(await readExisting(cluster, 'OrchestrationRun', name));
    if (hasEnded(run)) return tellEnd(wish, run);
    if (wish.isTold(run)) return tell(run, wish.again);
    await cluster.annotate(name, { [wish.annotation]: wish.value });
    return tell(run, run.isCancelled ? `${wish.done}, and is being cancelled` : wish.done);
  });
}

function tell({ namespace, name }: Run, what: string): Outcome {
  return { exitCode: 0, stdout: `${displayObject('OrchestrationRun', namespace, name)} ${what}\n`, stderr: '' };
}

/** Too late, unless it has ended as wished. */
function tellEnd({ verb }: Wish, run: Run): Outcome {
  const said = tell(run, `has ended already: ${run.status.phase}`);
  return { ...said, exitCode: verb === 'cancel' && run.status.phase === 'Cancelled' ? 0 : 1 };
}

function describeUsage({ verb, about }: Wish): string {
  return `usage: orchestration-gate ${verb} RUN [-n NAMESPACE]

${about}

${CLUSTER_USAGE}
Exit code: 0 it was told, or had been; 1 it has ended otherwise before; 2 it could not be told.
`;
}
