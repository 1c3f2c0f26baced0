import { checkParameters, suggestParameters } from '../../orchestration/declared-parameters.ts';
import { createOnce, nameRun, newRunFlags, readParameters, writeRun } from '../cluster/create-run.ts';
import { clusterFlags } from '../cluster/flags.ts';
import { findRepeatedKeys, parameterFlag } from '../cluster/parameters.ts';
import { nameOf } from '../cluster/run-operand.ts';
import { showCreated } from '../cluster/show-created.ts';
import { defineCommand, oneOperand } from '../command.ts';

/**
 * Creates a run, and waits for its end if that is asked for. With a delivery id or a name, it creates only one run
 * however often it is repeated.
 */
export const run = defineCommand({
  verb: 'run',
  details:
    'With --delivery-id or --name you can repeat the command: it starts no second run, and fails if the run that exists is a different one. If you stop waiting, the run continues.',
  operands: oneOperand('ORCHESTRATION', nameOf('Orchestration'), 'an Orchestration'),
  flags: {
    parameters: parameterFlag('a parameter of the run'),
    ...newRunFlags,
    ...clusterFlags,
  },
  exitCodes: {
    0: 'the run exists, and with --wait has succeeded',
    1: 'it failed or was cancelled',
    2: 'it could not be created, or its end was not seen',
  },
  examples: ['run release -p version=1.4.2 --delivery-id push-42', 'run release --wait --timeout 30m'],
  check: ({ parameters }) => findRepeatedKeys(parameters),
  run: ({ parameters, deliveryId: given, name, waits, timeoutMs, output, ...choice }, orchestration, ports) =>
    ports.withCluster(choice, async (cluster) => {
      const declared = await readParameters(cluster, orchestration);
      const pairs = Object.fromEntries(parameters);
      // Every run gets a delivery id, because the agents chart's history stores only runs that have one.
      const deliveryId = given ?? ports.newUuid();
      const wanted = writeRun({
        name: name ?? nameRun(orchestration, deliveryId, given),
        namespace: cluster.namespace,
        ...{ orchestration, parameters: pairs, deliveryId },
      });
      const isNamed = name !== undefined && given === undefined;
      const created = await createOnce(cluster, wanted, isNamed, checkParameters(declared, pairs));
      for (const warning of suggestParameters(declared, pairs)) ports.screen.warn(`run: warning: ${warning}\n`);
      return showCreated(cluster, { ...created, output, waits, timeoutMs }, ports);
    }),
});
