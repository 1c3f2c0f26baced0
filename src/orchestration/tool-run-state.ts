import { asRecord, isRecord } from './decode.ts';
import { decodeOutputs, type Outputs } from './outputs.ts';
import type { Stored } from './vocabulary/meaning.ts';
import { Annotation } from './vocabulary/metadata.ts';
import type { ToolRunReason } from './vocabulary/tool-run-reasons.ts';

/** How a ToolRun ended. */
export interface ToolRunOutcome {
  readonly phase: 'Succeeded' | 'Failed';
  readonly reason: Stored<ToolRunReason>;
  readonly message: string;
  readonly finishedAt: string;
}

/** The state of a ToolRun that this project executes. Times are RFC 3339 in UTC. */
export interface ToolRunState {
  /**
   * Its Job. Without a uid it is an intent, and the Job may or may not exist. Absent if the ToolRun ended without a
   * Job.
   */
  readonly job?: { readonly name: string; readonly uid?: string };
  readonly startedAt: string;
  readonly outcome?: ToolRunOutcome;
  /** The outputs that a ToolRun that succeeded hands to later steps. Absent if there are none. */
  readonly outputs?: Outputs | typeof UNKNOWN;
}

/** The outputs of a ToolRun if its termination message was not seen. */
export const UNKNOWN = 'Unknown';

interface Metadata {
  readonly uid: string;
  readonly annotations?: unknown;
}

/**
 * Returns the state of a ToolRun. Undefined if it has none, or none that can be decoded. The state holds the uid of its
 * ToolRun, so a copy of the object, or one that is restored from a backup, counts as new even with the annotation.
 */
export function readToolRunState({ uid, annotations }: Metadata): ToolRunState | undefined {
  const { of, job, startedAt, outcome, outputs: stored } = parse(asRecord(annotations)[Annotation.ToolRunState]);
  if (of !== uid || !isTime(startedAt)) return undefined;
  if ((job !== undefined && !isJob(job)) || (outcome !== undefined && !isOutcome(outcome))) return undefined;
  const outputs = stored === UNKNOWN ? UNKNOWN : decodeOutputs(stored);
  return {
    startedAt,
    ...(isJob(job) && { job }),
    ...(isOutcome(outcome) && { outcome }),
    ...(outputs !== undefined && { outputs }),
  };
}

/** Returns the value of the annotation. */
export function writeToolRunState({ uid }: Metadata, { job, startedAt, outcome, outputs }: ToolRunState): string {
  return JSON.stringify({ of: uid, job, startedAt, outcome, outputs });
}

/** Returns the reliable status of a ToolRun: its state or, if it has none, the stored status. */
export function statusOfToolRun({
  metadata,
  status,
}: {
  readonly metadata: Metadata;
  readonly status?: unknown;
}): Readonly<Record<string, unknown>> {
  const state = readToolRunState(metadata);
  if (state === undefined) return asRecord(status);
  const { startedAt, outcome, outputs } = state;
  return { phase: 'Running', startedAt, ...outcome, ...(typeof outputs === 'object' && { outputs }) };
}

function parse(text: unknown): Readonly<Record<string, unknown>> {
  if (typeof text !== 'string') return {};
  try {
    return asRecord(JSON.parse(text));
  } catch {
    return {};
  }
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}

function isJob(value: unknown): value is NonNullable<ToolRunState['job']> {
  return isRecord(value) && typeof value['name'] === 'string' && ['string', 'undefined'].includes(typeof value['uid']);
}

function isOutcome(value: unknown): value is ToolRunOutcome {
  const { phase, reason, message, finishedAt } = asRecord(value);
  const isText = [reason, message].every((text) => typeof text === 'string');
  return (phase === 'Succeeded' || phase === 'Failed') && isText && isTime(finishedAt);
}
