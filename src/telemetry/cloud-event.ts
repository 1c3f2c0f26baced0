import { findCondition } from '../orchestration/conditions.ts';
import { isRunFinal, isRunning } from '../orchestration/run-status.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { stepReasons } from '../orchestration/vocabulary/step-reasons.ts';
import type { ReportedRun } from './reported-run.ts';

/** The types of events about a run. These names are part of the API. */
export const CloudEventType = {
  Started: 'ai.proompteng.orchestration.run.started',
  /** A step begins to wait for a person. */
  Waiting: 'ai.proompteng.orchestration.run.waiting',
  Ended: 'ai.proompteng.orchestration.run.ended',
} as const;

/** An event in the JSON format of CloudEvents 1.0. */
export interface CloudEvent {
  readonly specversion: '1.0';
  /** The same fact has the same id, no matter which engine sends it, or how often. */
  readonly id: string;
  readonly source: string;
  readonly type: (typeof CloudEventType)[keyof typeof CloudEventType];
  /** The name of the step that waits. */
  readonly subject?: string;
  /** When it happened, RFC 3339 in UTC. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: object;
}

/** Reasons of a step that waits for a person. */
const FOR_PEOPLE: ReadonlySet<string> = new Set(
  Object.entries(stepReasons).flatMap(([reason, meaning]) => ('event' in meaning ? [reason] : [])),
);

/**
 * Returns all events that the present state of a run shows, in order: that it started, the steps that wait for a person
 * now, and that it ended. Pure. Linear.
 */
export function eventsOf(run: ReportedRun): readonly CloudEvent[] {
  const { status, uid } = run;
  const { runId, startedAt, finishedAt, stepStatuses } = status;
  const events: CloudEvent[] = [];
  const add = (type: CloudEvent['type'], time: string, id: readonly string[], more: Partial<CloudEvent> = {}) =>
    events.push({
      specversion: '1.0',
      id: [uid, ...id].join('/'),
      source: `/apis/${API_VERSION}/namespaces/${run.namespace}/orchestrationruns/${run.name}`,
      type,
      time,
      datacontenttype: 'application/json',
      data: describeRun(run),
      ...more,
    });
  if (runId !== undefined && startedAt !== undefined) add(CloudEventType.Started, startedAt, ['started']);
  if (isRunFinal(status)) {
    if (finishedAt !== undefined) add(CloudEventType.Ended, finishedAt, ['ended'], { data: describeEnd(run) });
    return events;
  }
  for (const step of stepStatuses) {
    const { name, kind, attempt, reason = '', message = '', startedAt: time } = step;
    if (!isRunning(step) || !FOR_PEOPLE.has(reason) || time === undefined) continue;
    const data = { ...describeRun(run), step: { name, kind, attempt, reason, message } };
    add(CloudEventType.Waiting, time, ['waiting', name, String(attempt), reason], { subject: name, data });
  }
  return events;
}

/** The data of a run that never changes, so that a repeated event is the same. */
function describeRun({ namespace, name, uid, orchestration, deliveryId, status: { startedAt } }: ReportedRun) {
  return {
    ...{ namespace, name, uid, orchestration },
    ...(deliveryId !== undefined && { deliveryId }),
    ...(startedAt !== undefined && { startedAt }),
  };
}

function describeEnd(run: ReportedRun): object {
  const { phase, finishedAt, conditions } = run.status;
  const { reason, message } = findCondition(conditions, ConditionType.Ready) ?? {};
  return { ...describeRun(run), finishedAt, phase, reason, message };
}
