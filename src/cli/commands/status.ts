import { findCondition } from '../../orchestration/conditions.ts';
import { ConditionType } from '../../orchestration/vocabulary/conditions.ts';
import { drawRunAndAttempts, paintLine } from '../cluster/drawing.ts';
import { readExisting } from '../cluster/failure.ts';
import { clusterFlags } from '../cluster/flags.ts';
import { type Run, readRun } from '../cluster/run.ts';
import { defineCommand, oneOperand } from '../command.ts';
import { objectName, outputFlag } from '../flags.ts';
import { writeJson } from '../format/escape.ts';

/** Shows a run once. */
export const status = defineCommand({
  verb: 'status',
  details:
    'Of each step it shows the phase, the attempt, the time taken, the names of its outputs and the reason, and below it ' +
    'the last attempts that failed and were followed by another. -o json has the values of outputs.',
  operands: oneOperand('RUN', objectName, 'an OrchestrationRun'),
  flags: { output: outputFlag(['text', 'json'], 'the format'), ...clusterFlags },
  exitCodes: { 0: 'shown, whatever the outcome of the run', 2: 'could not be shown' },
  examples: ['status release-42 -n ci', 'status release-42 -o json'],
  run: ({ output, ...choice }, name, { withCluster, screen, clock }) =>
    withCluster(choice, async (cluster) => {
      const run = readRun(await readExisting(cluster, 'OrchestrationRun', name));
      const lines = drawRunAndAttempts(run, clock.now()).map((line) => `${paintLine(line, screen.isColored)}\n`);
      return { exitCode: 0, stdout: output === 'json' ? writeJson(summarise(run)) : lines.join(''), stderr: '' };
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
