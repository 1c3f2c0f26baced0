import { readExisting } from '../cluster/failure.ts';
import { clusterFlags, timeoutFlag } from '../cluster/flags.ts';
import { readRun } from '../cluster/run.ts';
import { forEachName, severalRuns } from '../cluster/run-operand.ts';
import { watchRun } from '../cluster/watch-run.ts';
import { defineCommand } from '../command.ts';

/** Shows runs until they end. The exit code follows from how they ended. */
export const watch = defineCommand({
  verb: 'watch',
  details:
    'On a terminal it shows all steps and updates them in place. Elsewhere it prints a line for each change. If the API server is away, it waits and then continues. It shows several runs one after the other; --timeout limits the whole time.',
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
