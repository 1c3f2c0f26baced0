import { createHash } from 'node:crypto';
import { displayObject } from '../../dag/display.ts';
import { nameRun, requestRun } from '../cluster/create-run.ts';
import { clusterFlags, timeoutFlag } from '../cluster/flags.ts';
import { findRepeatedKeys, parameterFlag } from '../cluster/parameters.ts';
import { isIdleTemplate } from '../cluster/run.ts';
import { nameOf } from '../cluster/run-operand.ts';
import { watchRun } from '../cluster/watch-run.ts';
import { defineCommand, oneOperand } from '../command.ts';
import { anyText, objectName, toggle } from '../flags.ts';

/** Creates a run, once however often it is asked for, and waits for its end if that is asked for too. */
export const run = defineCommand({
  verb: 'run',
  details:
    'With a delivery id (or a name) it is safe to repeat: the same again is the same run, and something else under it is refused. If you stop waiting, the run continues.',
  operands: oneOperand('ORCHESTRATION', nameOf('Orchestration'), 'an Orchestration'),
  flags: {
    parameters: parameterFlag('a parameter, handed to every step'),
    deliveryId: {
      flag: 'delivery-id',
      kind: anyText('ID'),
      help: 'the event that asks for this run; it determines the name of the run (default: a new UUID)',
    },
    name: { flag: 'name', kind: objectName, help: 'the name of the run (default: a unique one)' },
    waits: { flag: 'wait', kind: toggle, help: 'show the run until it ends, as watch does' },
    timeoutMs: timeoutFlag,
    ...clusterFlags,
  },
  exitCodes: {
    0: 'the run exists, and with --wait has succeeded',
    1: 'it failed or was cancelled',
    2: 'it could not be created, or its end was not seen',
  },
  examples: ['run release -p version=1.4.2 --delivery-id push-42', 'run release --wait --timeout 30m'],
  check: ({ parameters }) => findRepeatedKeys(parameters),
  run: ({ parameters, deliveryId: given, name, waits, timeoutMs, ...choice }, orchestration, ports) =>
    ports.withCluster(choice, async (cluster) => {
      // The agents chart's history stores only runs that have one.
      const deliveryId = given ?? ports.newUuid();
      const suffix = given === undefined ? deliveryId.slice(0, 8) : hashDelivery(orchestration, given);
      const {
        run: created,
        isNew,
        warnings,
      } = await requestRun(cluster, {
        name: name ?? nameRun(orchestration, suffix),
        isNamed: name !== undefined && given === undefined,
        orchestration,
        parameters: Object.fromEntries(parameters),
        deliveryId,
      });
      for (const warning of warnings) ports.screen.warn(`run: warning: ${warning}\n`);
      const subject = displayObject('OrchestrationRun', created.namespace, created.name);
      const phase = isIdleTemplate(created) ? 'a template, which never runs' : (created.status.phase ?? 'Pending');
      ports.screen.write(isNew ? `${subject} created\n` : `${subject} is there already: ${phase}\n`);
      return waits ? watchRun(cluster, created, ports, timeoutMs) : { exitCode: 0, stdout: '', stderr: '' };
    }),
});

/** The first delivery of an id and every later one give the same 80 bits. */
function hashDelivery(orchestration: string, deliveryId: string): string {
  const hash = createHash('sha256').update(JSON.stringify([orchestration, deliveryId]));
  return hash.digest('hex').slice(0, 20);
}
