import { asRecord, isRecord } from './decode.ts';
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

/** What is known of a ToolRun that this project carries out. Times are RFC 3339 in UTC. */
export interface ToolRunState {
  /** Its Job. Without a uid it is an intent: it may or may not have been created. Absent: it ended before there was one. */
  readonly job?: { readonly name: string; readonly uid?: string };
  readonly startedAt: string;
  readonly outcome?: ToolRunOutcome;
}

interface Metadata {
  readonly uid: string;
  readonly annotations?: unknown;
}

/**
 * The state of a ToolRun; undefined where there is none, or none that can be read. It names the ToolRun by its uid, so that
 * an object that was copied or restored from a backup, with its annotations, counts as new.
 */
export function readToolRunState({ uid, annotations }: Metadata): ToolRunState | undefined {
  const { of, job, startedAt, outcome } = parse(asRecord(annotations)[Annotation.ToolRunState]);
  if (of !== uid || !isTime(startedAt)) return undefined;
  if ((job !== undefined && !isJob(job)) || (outcome !== undefined && !isOutcome(outcome))) return undefined;
  return { startedAt, ...(isJob(job) && { job }), ...(isOutcome(outcome) && { outcome }) };
}

/** The text of the annotation. */
export function writeToolRunState({ uid }: Metadata, { job, startedAt, outcome }: ToolRunState): string {
  return JSON.stringify({ of: uid, job, startedAt, outcome });
}

/** The status of a ToolRun as far as it can be believed: its state, or, of one that has none, what is stored. */
export function statusOfToolRun({
  metadata,
  status,
}: {
  readonly metadata: Metadata;
  readonly status?: unknown;
}): Readonly<Record<string, unknown>> {
  const state = readToolRunState(metadata);
  return state === undefined ? asRecord(status) : { phase: 'Running', startedAt: state.startedAt, ...state.outcome };
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
