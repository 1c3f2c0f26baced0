import type { KubeObject } from '../../objects/object.ts';
import { findCondition } from '../../orchestration/conditions.ts';
import { ConditionType } from '../../orchestration/vocabulary/conditions.ts';
import { drawRun, paintLine } from '../cluster/drawing.ts';
import { readExisting } from '../cluster/failure.ts';
import { clusterFlags } from '../cluster/flags.ts';
import { type Run, readRun } from '../cluster/run.ts';
import { forEachName, severalRuns } from '../cluster/run-operand.ts';
import { addDetails } from '../cluster/step-details.ts';
import { defineCommand } from '../command.ts';
import { formatData, formatList, formatName, objectOutput } from '../format/objects.ts';

/** Shows runs once. */
export const status = defineCommand({
  verb: 'status',
  details:
    'For each step it shows the phase, the attempt, the duration, the names of the outputs and the reason. Below the step it ' +
    'lists the attempts that failed and were retried, and the people who approved or denied it. -o wide adds the object that ' +
    'executes the step. -o json has the values of the outputs; for several runs, it is a List.',
  operands: severalRuns,
  flags: { output: objectOutput, ...clusterFlags },
  exitCodes: { 0: 'shown, whatever the outcome of the run', 2: 'could not be shown' },
  examples: ['status release-42 -n ci', 'status release-42 -o json'],
  run: ({ output, ...choice }, names, { withCluster, screen, clock }) =>
    withCluster(choice, async (cluster) => {
      const summaries: object[] = [];
      const show = (object: KubeObject): string => {
        const run = readRun(object);
        if (output === 'name') return formatName(object);
        if (output === 'text' || output === 'wide')
          return addDetails(drawRun(run, clock.now(), output === 'wide'), run.status, clock.now())
            .map((line) => `${paintLine(line, screen.isColored)}\n`)
            .join('');
        summaries.push(summarise(run));
        return '';
      };
      const outcome = await forEachName('status', names, screen, async (name) => {
        const stdout = show(await readExisting(cluster, 'OrchestrationRun', name));
        return { exitCode: 0, stdout, stderr: '' };
      });
      if (output !== 'json' && output !== 'yaml') return outcome;
      if (names.length > 1) return { ...outcome, stdout: await formatList(output, summaries) };
      const [only] = summaries;
      return only === undefined ? outcome : { ...outcome, stdout: await formatData(output, only) };
    }),
});

function summarise({ name, namespace, spec, isCancelled, isSuspended, isTemplate, leftTo, status: stored }: Run) {
  const { phase, startedAt, finishedAt, conditions, stepStatuses } = stored;
  const { reason, message } = findCondition(conditions, ConditionType.Ready) ?? {};
  return {
    namespace,
    name,
    orchestration: spec.orchestrationRef.name,
    deliveryId: spec.deliveryId,
    phase,
    reason,
    message,
    isCancelled,
    isSuspended,
    isTemplate,
    leftTo,
    startedAt,
    finishedAt,
    steps: stepStatuses,
  };
}
