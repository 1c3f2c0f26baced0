import type { StoredObject } from '../objects/object.ts';
import { asRecord } from '../orchestration/decode.ts';
import { isStepFinal, type RunStatus, type StepStatus } from '../orchestration/run-status.ts';

/** What etcd takes for one object by default (--max-request-bytes). */
const LARGEST_OBJECT = 1.5 * 1024 * 1024;
/** For managedFields, which the API server adds, and for the request around the object. */
const RESERVE = 64 * 1024;
/** Every write stores all of a status again, so that a large one is written short even where there is room. */
const MOST_BYTES = 1_000_000;
/** Of a step in the shortest form, and of the run around its steps. */
const LONGEST_ENTRY = 256;
const LONGEST_FRAME = 8 * 1024;

/** How a step is written, from all that there is to say to what its run cannot go on without. */
const FORMS: readonly ((step: StepStatus, index: number) => object | undefined)[] = [
  writeWhole,
  (step) => writeWhole(withoutMessage(step)),
  (step) => (step.storedPhase === undefined ? writeShort(step) : writeWhole(step)),
  // The last resort: even names do not fit. What is Pending has nothing to say.
  (step, index) => {
    if (step.storedPhase !== undefined) return writeWhole(step);
    const { name: _, kind: __, ...short } = writeShort(step);
    return step.phase === 'Pending' ? undefined : { index, ...short };
  },
];

/** Bytes that the status of a run may take, beside its spec and metadata, which `measureBeside` measures. */
export function roomForStatus(bytesBeside: number): number {
  return Math.min(MOST_BYTES, LARGEST_OBJECT - RESERVE - bytesBeside);
}

/** Whether a run of so many steps can be brought to its end within that room, whatever becomes of it. */
export function canFit(steps: number, mostBytes: number): boolean {
  return steps * LONGEST_ENTRY + LONGEST_FRAME <= mostBytes;
}

/** Bytes of an object without its status. Keys count twice, since managedFields names each. */
export function measureBeside({ metadata, spec }: StoredObject): number {
  const { parameters } = asRecord(spec);
  const keys = [...Object.keys(asRecord(parameters)), ...Object.keys(metadata.annotations ?? {})];
  return countBytes({ metadata, spec }) + countBytes(keys.map((key) => `f:${key}:{}`));
}

/**
 * The status as it is stored: whole where it fits, else the messages go first, then times and the references of children,
 * of which uids stay where they are still asked for, and at last names. Names of children are derived, never read back, so
 * that nothing is lost that is needed to go on, to end the run or to delete a child. The same status gives the same result.
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

/** A phase that this build does not know is written back as it was. */
function writeWhole({ storedPhase, ...step }: StepStatus): object {
  return storedPhase === undefined ? step : { ...step, phase: storedPhase };
}

function withoutMessage({ message: _, ...step }: StepStatus): StepStatus {
  return step;
}

function writeShort({ name, kind, phase, reason, attempt, ignored, ...step }: StepStatus) {
  const { startedAt, nextRetryAt, resourceRef } = step;
  const isOver = isStepFinal({ name, kind, phase, attempt });
  return {
    name,
    kind,
    phase,
    ...(reason !== undefined && { reason }),
    attempt,
    ...(ignored === true && { ignored }),
    ...(!isOver && startedAt !== undefined && { startedAt }),
    ...(!isOver && nextRetryAt !== undefined && { nextRetryAt }),
    ...(!isOver && resourceRef?.uid !== undefined && { uid: resourceRef.uid }),
  };
}

/** At most three bytes a character (UTF-8 of what JSON does not escape), and mostly one. */
function countBytes(value: object): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

/** Within it, what ends together is written together. */
export const SMALLEST_WINDOW_MS = 200;

/**
 * How long after a write of this status the next one waits, in milliseconds: every write stores all of it again, so large
 * ones come at 200 KB/s at most.
 */
export function writeWindowMs(status: RunStatus): number {
  const bytes = JSON.stringify(status).length;
  return bytes <= 32 * 1024 ? SMALLEST_WINDOW_MS : Math.max(SMALLEST_WINDOW_MS, bytes / 200);
}
