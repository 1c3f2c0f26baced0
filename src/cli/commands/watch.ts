import { readExisting } from '../cluster/failure.ts';
import { clusterFlags, timeoutFlag } from '../cluster/flags.ts';
import { readRun } from '../cluster/run.ts';
import { forEachName, severalRuns } from '../cluster/run-operand.ts';
import { watchRun } from '../cluster/watch-run.ts';
import { defineCommand } from '../command.ts';

/** Shows a run until it ends, and ends as it did. */
export const watch = defineCommand({
  verb: 'watch',
  details:
    'A terminal shows all steps, drawn anew at each change; elsewhere each change is a line. It continues after the API server was away. Several runs are shown one after the other, within one timeout.',
  operands: severalRuns,
  flags: { timeoutMs: timeoutFlag, ...clusterFlags },
  exitCodes: { 0: 'each run succeeded', 1: 'one failed or was cancelled', 2: 'an end was not seen' },
  examples: ['watch release-42 -n ci --timeout 30m'],
  run: ({ timeoutMs, ...choice }, names, ports) => {
    const startedMs = ports.clock.now();
    return ports.withCluster(choice, (cluster) =>
      forEachName('watch', names, ports.screen, async (name) => {
        const run = readRun(await readExisting(cluster, 'OrchestrationRun', name));
        return watchRun(cluster, run, ports, timeoutMs, ports.clock.now() - startedMs);
      }),
    );
  },
});
