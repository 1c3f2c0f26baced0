import { readExisting } from '../cluster/failure.ts';
import { clusterFlags, timeoutFlag } from '../cluster/flags.ts';
import { readRun } from '../cluster/run.ts';
import { watchRun } from '../cluster/watch-run.ts';
import { defineCommand, oneOperand } from '../command.ts';
import { objectName } from '../flags.ts';

/** Shows a run until it ends, and ends as it did. */
export const watch = defineCommand({
  verb: 'watch',
  details:
    'A terminal shows all steps, drawn anew at each change; elsewhere each change is a line. It continues after the API server was away.',
  operands: oneOperand('RUN', objectName, 'an OrchestrationRun'),
  flags: { timeoutMs: timeoutFlag, ...clusterFlags },
  exitCodes: { 0: 'the run succeeded', 1: 'it failed or was cancelled', 2: 'its end was not seen' },
  examples: ['watch release-42 -n ci --timeout 30m'],
  run: ({ timeoutMs, ...choice }, name, ports) =>
    ports.withCluster(choice, async (cluster) => {
      const run = readRun(await readExisting(cluster, 'OrchestrationRun', name));
      return watchRun(cluster, run, ports, timeoutMs);
    }),
});
