import { checkParameters, readDeclared, suggestParameters } from '../../orchestration/declared-parameters.ts';
import { writeResumption } from '../../orchestration/resumption.ts';
import { createOnce, nameRun, newRunFlags, writeRun } from '../cluster/create-run.ts';
import { CommandError } from '../cluster/failure.ts';
import { clusterFlags } from '../cluster/flags.ts';
import { findRepeatedKeys, parameterFlag } from '../cluster/parameters.ts';
import { readRerun } from '../cluster/rerun.ts';
import { rerunFlags } from '../cluster/rerun-flags.ts';
import { oneRun } from '../cluster/run-operand.ts';
import { showCreated } from '../cluster/show-created.ts';
import { defineCommand } from '../command.ts';

/** Creates a run that continues a finished one. */
export const rerun = defineCommand({
  verb: 'rerun',
  details:
    'The new run does not repeat the steps that ended well (plan --rerun shows which). It takes over the parameters that you do not give.',
  operands: oneRun,
  flags: {
    ...rerunFlags,
    parameters: parameterFlag('a parameter that replaces that of the finished run'),
    ...newRunFlags,
    ...clusterFlags,
  },
  exitCodes: {
    0: 'the new run exists, and with --wait has succeeded',
    1: 'it failed or was cancelled',
    2: 'it could not be created, or its end was not seen',
  },
  examples: ['rerun release-42 --from test -p version=1.4.3 --wait'],
  check: ({ parameters }) => findRepeatedKeys(parameters),
  run: ({ from, isLatest, parameters, deliveryId: given, name, waits, timeoutMs, output, ...choice }, of, ports) =>
    ports.withCluster(choice, async (cluster) => {
      const { source, followed, mistakes, ...before } = await readRerun(cluster, of, { from, isLatest });
      const { orchestration } = source.run;
      const pairs = { ...before.parameters, ...Object.fromEntries(parameters) };
      const declared = followed === undefined ? new Map<never, never>() : readDeclared(followed);
      const violations = checkParameters(declared, pairs);
      if (mistakes.length > 0) throw new CommandError(...mistakes, ...violations);
      const deliveryId = given ?? ports.newUuid();
      const wanted = writeRun({
        name: name ?? nameRun(orchestration, deliveryId, given),
        namespace: cluster.namespace,
        ...{ orchestration, parameters: pairs, deliveryId },
        annotations: writeResumption({ run: of, steps: from, isLatest: isLatest === true }),
      });
      const isNamed = name !== undefined && given === undefined;
      const created = await createOnce(cluster, wanted, isNamed, violations);
      for (const warning of suggestParameters(declared, Object.fromEntries(parameters)))
        ports.screen.warn(`rerun: warning: ${warning}\n`);
      return showCreated(cluster, { ...created, output, waits, timeoutMs }, ports);
    }),
});
