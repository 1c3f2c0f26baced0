import { quoteForShell } from '../../objects/shell.ts';
import { CommandError } from '../cluster/failure.ts';
import { createLogFinder, type LogSource } from '../cluster/find-logs.ts';
import { clusterFlags, duration } from '../cluster/flags.ts';
import { createNotes } from '../cluster/keep-looking.ts';
import { isApiFailure, type LogChoice } from '../cluster/port.ts';
import { explainFailure, readLogs } from '../cluster/read-logs.ts';
import { runAndStep } from '../cluster/run-operand.ts';
import { defineCommand } from '../command.ts';
import { toggle, type Values, wholeNumber } from '../flags.ts';

const flags = {
  isFollowed: { flag: 'follow', letter: 'f', kind: toggle, help: 'follow what is written, until the run ends' },
  attempt: {
    flag: 'attempt',
    kind: wholeNumber(1, 1_000_000),
    help: 'an earlier attempt of STEP (default: the current one)',
  },
  tailLines: {
    flag: 'tail',
    kind: wholeNumber(0, 1_000_000_000),
    help: 'only the last lines of each log, this many',
  },
  sinceMs: { flag: 'since', kind: duration, help: 'only lines of the last 90s, 10m, 1h30m' },
  timestamps: { flag: 'timestamps', kind: toggle, help: 'begin each line with its time' },
  ...clusterFlags,
} as const;

/** Shows the logs of the pods that carry out the steps of a run. */
export const logs = defineCommand({
  verb: 'logs',
  details:
    'Without STEP, it shows the logs of all steps, one after the other or with -f at the same time, and each line names its ' +
    'step. STEP/STEP is a step of an inner run. Standard error shows the kubectl command for each log.',
  operands: runAndStep('a step'),
  flags,
  exitCodes: { 0: 'shown', 1: 'a log is lost, or STEP has none', 2: 'could not be read' },
  examples: ['logs release-42 -n ci -f', 'logs release-42 build --attempt 1 --tail 50'],
  run: async (choice, { run, step }, ports) => {
    const { screen, clock, withCluster } = ports;
    if (choice.attempt !== undefined && step === undefined)
      throw new CommandError('--attempt needs a step: name the STEP after the RUN');
    return withCluster(choice, async (cluster) => {
      const note = createNotes('logs', screen);
      const { isInteractive, isColored } = screen;
      const reading = readLogs({
        ...{ cluster, note, ports },
        look: createLogFinder(cluster, { run, step, attempt: choice.attempt }),
        choice: chooseLines(choice, clock.now()),
        style: { isInteractive, isColored },
        unnamed: step,
        describe: (source) => describeCommand(source, choice),
      });
      const { count, isComplete, hasFailed } = await reading.catch((error: unknown) => {
        throw isApiFailure(error) ? new CommandError(explainFailure(error)) : error;
      });
      const isLacking = !isComplete || (step !== undefined && count === 0);
      return { exitCode: hasFailed ? 2 : isLacking ? 1 : 0, stdout: '', stderr: '' };
    });
  },
});

/** Converts the flags to the choice of lines that the API offers. */
function chooseLines({ isFollowed, tailLines, sinceMs, timestamps }: Values<typeof flags>, nowMs: number): LogChoice {
  return {
    ...(isFollowed && { follow: true }),
    ...(timestamps && { timestamps: true }),
    ...(tailLines !== undefined && { tailLines }),
    ...(sinceMs !== undefined && { sinceTime: new Date(nowMs - sinceMs).toISOString() }),
  };
}

/** The kubectl command that shows the same log. */
function describeCommand({ namespace, pod, container }: LogSource, choice: Values<typeof flags>): string {
  const { kubeconfig, context, isFollowed, tailLines, sinceMs, timestamps } = choice;
  const words = [
    ...['kubectl', 'logs'],
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
    ...(context === undefined ? [] : ['--context', context]),
    ...['-n', namespace, pod, '-c', container],
    ...(isFollowed ? ['-f'] : []),
    ...(tailLines === undefined ? [] : [`--tail=${tailLines}`]),
    ...(sinceMs === undefined ? [] : [`--since=${Math.ceil(sinceMs / 1_000)}s`]),
    ...(timestamps ? ['--timestamps'] : []),
  ];
  return words.map(quoteForShell).join(' ');
}
