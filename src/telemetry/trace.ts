import { readTraceparent, type SpanContext, spanOfAttempt, spanOfRun, TRACEPARENT } from '../objects/trace-context.ts';
import { findCondition } from '../orchestration/conditions.ts';
import type { PreviousAttempt, StepStatus } from '../orchestration/run-status.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { RunReason } from '../orchestration/vocabulary/run-reasons.ts';
import { StepReason } from '../orchestration/vocabulary/step-reasons.ts';
import type { ReportedRun } from './reported-run.ts';

/** A span of a run that has ended. Times are in milliseconds since 1970. */
export interface Span {
  readonly context: SpanContext;
  readonly parent?: SpanContext;
  readonly name: string;
  readonly isRoot: boolean;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** Why it failed. Absent if it did not. */
  readonly failure?: string;
  readonly links: readonly SpanContext[];
}

/** Our own attributes, for which OpenTelemetry has no name. */
const OWN = {
  run: 'orchestration_gate.run.name',
  deliveryId: 'orchestration_gate.run.delivery_id',
  kind: 'orchestration_gate.step.kind',
  attempt: 'orchestration_gate.step.attempt',
  reason: 'orchestration_gate.reason',
  ignored: 'orchestration_gate.step.ignored',
  inheritedFrom: 'orchestration_gate.step.inherited_from',
  child: 'orchestration_gate.step.child',
} as const;

/** The values of `cicd.pipeline.result` and `cicd.pipeline.task.run.result`. */
type Result = 'success' | 'failure' | 'timeout' | 'cancellation' | 'skip';

const RESULTS: Readonly<Record<string, Result>> = {
  Succeeded: 'success',
  Cancelled: 'cancellation',
  Skipped: 'skip',
};

const TIMEOUTS: ReadonlySet<string> = new Set([StepReason.StepTimedOut, StepReason.RunTimedOut, RunReason.RunTimedOut]);

/**
 * Returns the trace of a run that has ended: the span of the run, then one for each attempt that its status records, step
 * by step. A step that was not carried out has a span without length. Pure: the same status gives the same spans. The
 * names are those of OpenTelemetry's conventions for CI/CD where they have one. Linear.
 */
export function traceOf(run: ReportedRun): readonly Span[] {
  const { name, namespace, uid, orchestration, deliveryId, parameters, status } = run;
  const { phase = '', startedAt, finishedAt, conditions, stepStatuses } = status;
  const { reason = '', message = '' } = findCondition(conditions, ConditionType.Ready) ?? {};
  const caller = readTraceparent(parameters[TRACEPARENT]);
  const endMs = timeOf(finishedAt) ?? 0;
  const root: Span = {
    context: spanOfRun(uid),
    name: `RUN ${orchestration}`,
    isRoot: true,
    startMs: Math.min(timeOf(startedAt) ?? endMs, endMs),
    endMs,
    attributes: {
      'cicd.pipeline.action.name': 'RUN',
      'cicd.pipeline.name': orchestration,
      'cicd.pipeline.run.id': uid,
      'cicd.pipeline.result': resultOf(phase, reason),
      'k8s.namespace.name': namespace,
      [OWN.run]: name,
      [OWN.reason]: reason,
      ...(deliveryId !== undefined && { [OWN.deliveryId]: deliveryId }),
      ...(phase === 'Failed' && { 'error.type': reason }),
    },
    ...(phase === 'Failed' && { failure: message }),
    links: caller === undefined ? [] : [caller],
  };
  return [root, ...stepStatuses.flatMap((step) => spansOf(run, root, step))];
}

/** How one attempt of a step ended: an earlier attempt, or the current one. */
interface Attempt extends Partial<PreviousAttempt> {
  readonly attempt: number;
  readonly phase: string;
}

function spansOf(run: ReportedRun, root: Span, step: StepStatus): readonly Span[] {
  const { previousAttempts = [], resourceRef, ...current } = step;
  const earlier = previousAttempts.map((one) => ({ ...one, phase: 'Failed' }));
  // A step that ended while it waited for its next attempt has recorded the last one as an earlier one.
  const isRecorded = current.attempt > 0 && previousAttempts.at(-1)?.attempt === current.attempt;
  const last = { ...current, ...(resourceRef !== undefined && { child: resourceRef.name }) };
  const attempts: readonly Attempt[] = isRecorded ? earlier : [...earlier, last];
  const inner = resourceRef?.kind === 'OrchestrationRun' ? resourceRef.uid : undefined;
  return attempts.map((attempt) => ({
    ...spanOf(run, root, step, attempt),
    links: attempt === last && inner !== undefined ? [spanOfRun(inner)] : [],
  }));
}

function spanOf({ namespace, uid }: ReportedRun, root: Span, step: StepStatus, one: Attempt): Omit<Span, 'links'> {
  const { attempt, phase, reason = '', message = '', child } = one;
  const inheritedFrom = 'inheritedFrom' in step ? String(step.inheritedFrom) : undefined;
  const endMs = timeOf(one.finishedAt) ?? root.endMs;
  return {
    context: spanOfAttempt(uid, step.name, attempt),
    parent: root.context,
    name: step.name,
    isRoot: false,
    startMs: attempt === 0 ? endMs : Math.min(timeOf(one.startedAt) ?? endMs, endMs),
    endMs,
    attributes: {
      'cicd.pipeline.task.name': step.name,
      'cicd.pipeline.task.run.id': `${step.name}/${attempt}`,
      'cicd.pipeline.task.run.result': resultOf(phase, reason),
      'k8s.namespace.name': namespace,
      [OWN.kind]: step.kind,
      [OWN.attempt]: attempt,
      [OWN.reason]: reason,
      ...(child !== undefined && { [OWN.child]: child }),
      ...(step.ignored === true && phase === 'Failed' && { [OWN.ignored]: true }),
      ...(inheritedFrom !== undefined && { [OWN.inheritedFrom]: inheritedFrom }),
      ...(phase === 'Failed' && { 'error.type': reason }),
    },
    ...(phase === 'Failed' && { failure: message }),
  };
}

function resultOf(phase: string, reason: string): Result {
  return RESULTS[phase] ?? (TIMEOUTS.has(reason) ? 'timeout' : 'failure');
}

/** Undefined for a text that is not a time, because others can write a status too. */
function timeOf(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}
