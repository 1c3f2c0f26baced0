import type { StoredObject } from '../objects/object.ts';
import { asRecord } from '../orchestration/decode.ts';
import { countOutputBytes, MOST_RUN_BYTES, MOST_STEP_BYTES, type Outputs } from '../orchestration/outputs.ts';
import { isStepFinal, type RunStatus, type StepStatus } from '../orchestration/run-status.ts';

/** The limit of etcd for one object by default, in bytes (--max-request-bytes). */
const LARGEST_OBJECT = 1.5 * 1024 * 1024;
/** Bytes reserved for managedFields, which the API server adds, and for the request around the object. */
const RESERVE = 64 * 1024;
/** Every write stores the whole status again, so a status above this size is shortened even if there is room for it. */
const MOST_BYTES = 1_000_000;
/** Most bytes of a step in its shortest form without outputs, and of the run around its steps. */
const LONGEST_ENTRY = 256;
const LONGEST_FRAME = 8 * 1024;
/** Bytes around the outputs of a step. */
const OUTPUTS_KEY = 12;

/** The forms in which a step is written, from the complete one to the least that its run needs. */
const FORMS: readonly ((step: StepStatus, index: number) => object | undefined)[] = [
  writeWhole,
  (step) => writeWhole(withoutAttempts(step)),
  (step) => writeWhole(withoutMessage(step)),
  (step) => (step.storedPhase === undefined ? writeShort(step) : writeWhole(withoutAttempts(step))),
  // If even names do not fit, Pending steps are left out if they have nothing to record. An inherited step keeps its
  // reason, but not the name of the run that carried it out, because decisions need only the reason.
  (step, index) => {
    if (step.storedPhase !== undefined) return writeWhole(withoutAttempts(step));
    const { name: _, kind: __, inheritedFrom: ___, ...short } = writeShort(step);
    return step.phase === 'Pending' && short.resumeFrom === undefined ? undefined : { index, ...short };
  },
];

/** How many bytes the status of a run may take in addition to its spec and metadata, which `measureBeside` measures. */
export function roomForStatus(bytesBeside: number): number {
  return Math.min(MOST_BYTES, LARGEST_OBJECT - RESERVE - bytesBeside);
}

/** Whether a run of this many steps can reach its end with a status of that size, whatever happens to it. */
export function canFit(steps: number, mostBytes: number): boolean {
  return steps * LONGEST_ENTRY + LONGEST_FRAME <= mostBytes;
}

/**
 * Returns a function that reserves room for the outputs of one more step. If there is none, the function returns a
 * sentence with the sizes. Outputs are never dropped from a status, so their room is what is left if every step is in
 * its shortest form. `statuses` is read at the first call.
 */
export function createOutputRoom(
  statuses: readonly StepStatus[],
  mostBytes: number,
): (outputs: Outputs) => string | undefined {
  const shortest = statuses.length * (LONGEST_ENTRY + OUTPUTS_KEY) + LONGEST_FRAME;
  const most = Math.max(0, Math.min(MOST_RUN_BYTES, mostBytes - shortest));
  let taken: number | undefined;
  return (outputs) => {
    const bytes = countOutputBytes(outputs);
    if (bytes > MOST_STEP_BYTES)
      return `the outputs take ${bytes} bytes as JSON, and those of one step may take ${MOST_STEP_BYTES}`;
    taken ??= countOutputs(statuses);
    if (taken + bytes > most)
      return `the outputs take ${bytes} bytes as JSON, and ${taken} of the ${most} that those of a run may take are used`;
    taken += bytes;
    return undefined;
  };
}

/** Bytes of the outputs of these steps. */
export function countOutputs(statuses: readonly StepStatus[]): number {
  return statuses.reduce((sum, { outputs }) => sum + (outputs ? countOutputBytes(outputs) + OUTPUTS_KEY : 0), 0);
}

/** What `measureBeside` returned before parts of the object were dropped. */
export const BYTES_BESIDE = 'bytesBeside';

/** Bytes of an object without its status. Keys count twice, because managedFields repeats each of them. */
export function measureBeside({ metadata, spec, [BYTES_BESIDE]: measured }: StoredObject): number {
  if (typeof measured === 'number') return measured;
  const { parameters } = asRecord(spec);
  const keys = [...Object.keys(asRecord(parameters)), ...Object.keys(metadata.annotations ?? {})];
  return countBytes({ metadata, spec }) + countBytes(keys.map((key) => `f:${key}:{}`));
}

/**
 * Returns the most complete form of a status that fits. Previous attempts are dropped first, then messages, then times
 * and the references of children, and names last. Outputs stay. The uids of children stay as long as they are needed.
 * The names of children are derived and never read back, so a run never loses what it needs to continue, to end, or to
 * delete a child. The same status gives the same result.
 */
export function fitStatus(status: RunStatus, mostBytes = MOST_BYTES): RunStatus {
  let fitted = status;
  for (const write of FORMS) {
    const stepStatuses = status.stepStatuses.flatMap((step, index) => write(step, index) ?? []) as StepStatus[];
    fitted = { ...status, stepStatuses };
    if (countBytes(fitted) <= mostBytes) break;
  }
  return fitted;
}

/** A phase that this version does not know is written back unchanged. */
function writeWhole({ storedPhase, ...step }: StepStatus): object {
  return storedPhase === undefined ? step : { ...step, phase: storedPhase };
}

function withoutAttempts({ previousAttempts: _, ...step }: StepStatus): StepStatus {
  return step;
}

function withoutMessage({ message: _, ...step }: StepStatus): StepStatus {
  return withoutAttempts(step);
}

function writeShort({ name, kind, phase, reason, attempt, ignored, outputs, ...step }: StepStatus) {
  const { startedAt, nextRetryAt, resourceRef, inheritedFrom, resumeFrom, approvals } = step;
  const isOver = isStepFinal({ name, kind, phase, attempt });
  return {
    name,
    kind,
    phase,
    ...(reason !== undefined && { reason }),
    attempt,
    ...(ignored === true && { ignored }),
    ...(outputs !== undefined && { outputs }),
    ...(inheritedFrom !== undefined && { inheritedFrom }),
    ...(!isOver && attempt <= 1 && phase !== 'Retrying' && resumeFrom !== undefined && { resumeFrom }),
    ...(!isOver && approvals !== undefined && { approvals: approvals.map(({ comment: _, ...approval }) => approval) }),
    ...(!isOver && startedAt !== undefined && { startedAt }),
    ...(!isOver && nextRetryAt !== undefined && { nextRetryAt }),
    ...(!isOver && resourceRef?.uid !== undefined && { uid: resourceRef.uid }),
  };
}

/** The bytes of a value as JSON in UTF-8. Most characters take one byte, and a UTF-16 unit takes three at most. */
function countBytes(value: object): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

/** Steps that end within this time are written together. */
export const SMALLEST_WINDOW_MS = 200;

/**
 * How long the next write waits after a write of this status, in milliseconds. Every write stores the whole status
 * again, so large statuses are written at 200 KB/s at most.
 */
export function writeWindowMs(status: RunStatus): number {
  const bytes = JSON.stringify(status).length;
  return bytes <= 32 * 1024 ? SMALLEST_WINDOW_MS : Math.max(SMALLEST_WINDOW_MS, bytes / 200);
}
