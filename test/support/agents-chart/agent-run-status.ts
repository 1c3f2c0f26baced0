import { condition, withConditions } from './conditions.ts';
import type { Stored } from './kinds.ts';

/** Why the agents controller will not carry out an AgentRun at all. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/** What carries out an AgentRun. */
export interface RuntimeRef {
  readonly type: 'job';
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
}

const now = () => new Date().toISOString();

function statusOf({ metadata, status = {} }: Stored, phase: string, changes: Parameters<typeof withConditions>[1]) {
  return { observedGeneration: metadata.generation, phase, conditions: withConditions(status.conditions, changes) };
}

/** Every write sets the start to the current time: the controller does not keep the earlier one. */
export function running(agentRun: Stored, runtimeRef: RuntimeRef): object {
  const conditions = [
    condition('Warning', false, 'NoWarning'),
    condition('Accepted', true, 'Submitted'),
    condition('InProgress', true, 'Running'),
    condition('ArtifactsLimited', false, 'WithinLimits'),
    condition('Ready', false, 'InProgress'),
    condition('Progressing', true, 'InProgress'),
    condition('Degraded', false, 'Healthy'),
    condition('Blocked', false, 'Unblocked'),
  ];
  return { ...statusOf(agentRun, 'Running', conditions), runtimeRef, startedAt: now() };
}

export function succeeded(agentRun: Stored): object {
  const conditions = [
    condition('Ready', true, 'Completed'),
    condition('Progressing', false, 'Completed'),
    condition('Succeeded', true, 'Completed'),
  ];
  return { ...statusOf(agentRun, 'Succeeded', conditions), ...carried(agentRun), finishedAt: now() };
}

/** The Job failed; the cause is at the top level and in the conditions. */
export function failed(agentRun: Stored, { reason, message }: Refusal): object {
  const conditions = [
    condition('Ready', false, reason),
    condition('Progressing', false, reason),
    condition('Degraded', true, reason, message),
    condition('Failed', true, reason, message),
  ];
  return { ...statusOf(agentRun, 'Failed', conditions), ...carried(agentRun), reason, message, finishedAt: now() };
}

/** Nothing was started: the cause is in two conditions only, the message of Ready is empty, and there is no end. */
export function refused(agentRun: Stored, { reason, message }: Refusal): object {
  const conditions = [
    condition('InvalidSpec', true, reason, message),
    condition('Ready', false, reason),
    condition('Progressing', false, reason),
    condition('Degraded', true, reason, message),
  ];
  return statusOf(agentRun, 'Failed', conditions);
}

/** There is no room for it now. */
export function blocked(agentRun: Stored, reason: string): object {
  const conditions = [
    condition('Blocked', true, reason, `${reason}: waiting for room`),
    condition('Ready', false, 'Pending'),
    condition('Progressing', false, 'Pending'),
  ];
  return statusOf(agentRun, 'Pending', conditions);
}

/** The fields about the start that the earlier status has. */
function carried({ status: { runtimeRef, startedAt } = {} }: Stored): object {
  return { ...(runtimeRef && { runtimeRef }), ...(startedAt && { startedAt }) };
}

const PARAMETERS = { count: 100, bytes: 2048 };

/** Why the controller always refuses an AgentRun with such parameters. */
export function judgeParameters({ spec }: Stored): Refusal | undefined {
  const parameters = Object.entries<string>(spec.parameters ?? {});
  const large = parameters.find(([, value]) => Buffer.byteLength(value) > PARAMETERS.bytes);
  if (large !== undefined) {
    const message = `parameter ${large[0]} exceeds ${PARAMETERS.bytes} bytes`;
    return { reason: 'ParameterValueTooLarge', message };
  }
  if (parameters.length <= PARAMETERS.count) return undefined;
  return { reason: 'TooManyParameters', message: `more than ${PARAMETERS.count} parameters` };
}
