import { displayText } from '../../dag/display.ts';
import type { KubeObject } from '../../objects/object.ts';
import { findCondition, listConditions } from '../../orchestration/conditions.ts';
import { asRecord } from '../../orchestration/decode.ts';
import { isRunning, isStepFinal } from '../../orchestration/run-status.ts';
import { ConditionType } from '../../orchestration/vocabulary/conditions.ts';
import { formatElapsed } from './elapsed.ts';
import type { ClusterKind } from './port.ts';
import { isIdleTemplate, readRun } from './run.ts';

/** What a list shows about an object. Texts are as they are stored. Times are in milliseconds since 1970. */
export interface ListRow {
  readonly namespace: string;
  readonly name: string;
  readonly createdMs: number;
  /**
   * For a run, `Pending` if its status has no phase, and `Template` if it is a template that never runs. For an
   * Orchestration, empty if its status has no phase.
   */
  readonly phase: string;
  /** Of a run: the Orchestration that it runs. */
  readonly orchestration?: string;
  /**
   * For a run, `2/5` (ended steps, all steps), or empty before it has steps. For an Orchestration, the number of steps.
   */
  readonly steps: string;
  readonly startedMs?: number;
  readonly finishedMs?: number;
  /** Why it is in this phase. If a running step of a run has a message, the reason of that step. */
  readonly reason: string;
  readonly message: string;
}

/** Reads an object for a list. Malformed fields count as absent. Linear in its steps. */
export function readRow(kind: ClusterKind, object: KubeObject): ListRow {
  const { namespace = '', name, creationTimestamp = '' } = object.metadata;
  const place = { namespace, name, createdMs: Date.parse(creationTimestamp) };
  return { ...place, ...(kind === 'OrchestrationRun' ? readRunRow(object) : readOrchestrationRow(object)) };
}

function readRunRow(object: KubeObject): Omit<ListRow, 'namespace' | 'name' | 'createdMs'> {
  const run = readRun(object);
  const { phase, startedAt, finishedAt, conditions, stepStatuses } = run.status;
  const ready = findCondition(conditions, ConditionType.Ready) ?? conditions[0];
  const waiting = stepStatuses.find((step) => isRunning(step) && step.message !== undefined);
  const why = waiting === undefined ? ready : { ...waiting, message: `${waiting.name}: ${waiting.message}` };
  return {
    phase: isIdleTemplate(run) ? 'Template' : (phase ?? 'Pending'),
    orchestration: run.spec.orchestrationRef.name,
    steps: stepStatuses.length === 0 ? '' : `${stepStatuses.filter(isStepFinal).length}/${stepStatuses.length}`,
    ...(startedAt !== undefined && { startedMs: Date.parse(startedAt) }),
    ...(finishedAt !== undefined && { finishedMs: Date.parse(finishedAt) }),
    reason: why?.reason ?? '',
    message: why?.message ?? '',
  };
}

function readOrchestrationRow({ spec, status }: KubeObject): Omit<ListRow, 'namespace' | 'name' | 'createdMs'> {
  const { phase } = asRecord(status);
  const { steps } = asRecord(spec);
  const { reason, message } = findCondition(listConditions(status), ConditionType.Ready) ?? {};
  return {
    phase: textOf(phase),
    steps: String(Array.isArray(steps) ? steps.length : 0),
    reason: textOf(reason),
    message: textOf(message),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** What a table shows in addition to the columns that it always has. */
export interface ListColumns {
  readonly kind: ClusterKind;
  readonly isEverywhere: boolean;
  readonly isWide: boolean;
}

/** The columns of a list. */
export function headList({ kind, isEverywhere, isWide }: ListColumns): readonly string[] {
  return [
    ...(isEverywhere ? ['NAMESPACE'] : []),
    'NAME',
    ...(kind === 'OrchestrationRun'
      ? ['ORCHESTRATION', 'PHASE', 'STEPS', 'DURATION', 'AGE']
      : ['PHASE', 'STEPS', 'AGE']),
    ...(isWide ? ['REASON', 'MESSAGE'] : []),
  ];
}

/** The cells of a row, printable. */
export function writeRow(row: ListRow, nowMs: number, { kind, isEverywhere, isWide }: ListColumns): readonly string[] {
  const { namespace, name, createdMs, phase, orchestration = '', steps, reason, message } = row;
  const age = Number.isNaN(createdMs) ? '' : formatElapsed(nowMs - createdMs);
  const cells = [
    ...(isEverywhere ? [namespace] : []),
    name,
    ...(kind === 'OrchestrationRun' ? [orchestration, phase, steps, durationOf(row, nowMs), age] : [phase, steps, age]),
    ...(isWide ? [reason, message] : []),
  ];
  return cells.map((cell) => (cell === '' ? '-' : displayText(cell)));
}

function durationOf({ startedMs, finishedMs }: ListRow, nowMs: number): string {
  return startedMs === undefined ? '' : formatElapsed((finishedMs ?? nowMs) - startedMs);
}

/** Newest first. */
export function compareRows(one: ListRow, other: ListRow): number {
  if (one.createdMs !== other.createdMs) return other.createdMs > one.createdMs ? 1 : -1;
  return `${one.namespace}/${one.name}` < `${other.namespace}/${other.name}` ? -1 : 1;
}
