import { findCondition } from '../../orchestration/conditions.ts';
import { ConditionType } from '../../orchestration/vocabulary/conditions.ts';
import type { Outcome } from '../command.ts';
import { writeJson } from '../format/escape.ts';
import { CLUSTER_USAGE, runOnCluster } from './command.ts';
import { drawRun, paintLine } from './drawing.ts';
import { readExisting } from './failure.ts';
import type { ClusterPorts } from './port.ts';
import { type Run, readRun } from './run.ts';

const command = {
  verb: 'status',
  operand: 'a run',
  flags: { output: ['text', 'json'] },
  usage: `usage: orchestration-gate status RUN [-n NAMESPACE] [-o text|json]

Shows where an OrchestrationRun stands now, step by step: phase, attempt, time taken, and why.

  -o, --output     text (the default) or json
${CLUSTER_USAGE}
Exit code: 0 shown, whatever the run's outcome; 2 could not be shown.
`,
} as const;

/** Shows a run once. */
export async function status(args: readonly string[], ports: ClusterPorts): Promise<Outcome> {
  const { screen, clock } = ports;
  return runOnCluster(command, args, ports, async (cluster, name, { output }) => {
    const run = readRun(await readExisting(cluster, 'OrchestrationRun', name));
    const lines = drawRun(run, clock.now()).map((line) => `${paintLine(line, screen.isColored)}\n`);
    return { exitCode: 0, stdout: output === 'json' ? writeJson(summarise(run)) : lines.join(''), stderr: '' };
  });
}

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
