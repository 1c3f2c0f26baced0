import { isRecord } from './decode.ts';
import type { StepKind } from './kinds/kind.ts';
import type { Step } from './schema.ts';

/**
 * What a step refers to under `field`, in any spelling the agents chart's controller reads: `step.toolRef.name`,
 * `step.toolRef`, `step.with.toolRef`, the last as a name or as JSON text `{"name": "…"}`. Undefined where none names anything.
 */
export function readReference(step: Step, field: string): string | undefined {
  return nameIn(step[field]) ?? nameIn(parameterOf(step, field));
}

/** What a step gives whole under `field`: an object, or JSON text of one, in the step or in its `with`. */
export function readObject(step: Step, field: string): Readonly<Record<string, unknown>> | undefined {
  return objectIn(step[field]) ?? objectIn(parameterOf(step, field));
}

/** Whether a step has under `field`, itself or in its `with`, an object or text that begins as JSON text of one: without parsing it. */
export function mentionsObject(step: Step, field: string): boolean {
  return beginsObject(step[field]) || beginsObject(parameterOf(step, field));
}

/** What a step kind needs, and the fields that it reads. */
export type Needing = Pick<StepKind, 'needs' | 'fields'>;

/** The lists of which a step needs one field and gives none. */
export function listLacking(step: Step, kind: Needing | undefined): readonly (readonly string[])[] {
  return kind?.needs.filter((wanted) => !givesAny(step, wanted, kind)) ?? [];
}

/** Whether there are such lists. It makes none, since it is asked of every step. */
export function isLacking(step: Step, kind: Needing | undefined): boolean {
  for (const wanted of kind?.needs ?? []) if (!givesAny(step, wanted, kind)) return true;
  return false;
}

/** Whether a step gives one of these fields, in any spelling. Whether JSON text of an object is sound is asked of its child. */
function givesAny(step: Step, wanted: readonly string[], kind: Needing | undefined): boolean {
  for (const field of wanted) {
    const isObject = kind?.fields[field]?.isObject === true;
    if (isObject ? mentionsObject(step, field) : readReference(step, field) !== undefined) return true;
  }
  return false;
}

function beginsObject(value: unknown): boolean {
  return isRecord(value) || (typeof value === 'string' && /^\s*\{/.test(value));
}

/** Reads a field of a step, wherever the step gives it. */
export type StepReader = (step: Step, field: string) => unknown;

/** Whether a field is read from the step's `with`, since the step itself does not give it. */
export function isReadFromWith(step: Step, field: string, read: StepReader | undefined): boolean {
  return read !== undefined && read({ ...step, with: {} }, field) === undefined && read(step, field) !== undefined;
}

function objectIn(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const parsed = typeof value === 'string' ? parseJson(value) : value;
  return isRecord(parsed) ? parsed : undefined;
}

function nameIn(value: unknown): string | undefined {
  if (isRecord(value)) return nonEmpty(value['name']);
  const text = nonEmpty(value);
  if (!text?.trimStart().startsWith('{')) return text;
  const parsed = parseJson(text);
  return isRecord(parsed) ? nonEmpty(parsed['name']) : text;
}

function parameterOf(step: Step, field: string): unknown {
  const parameters = step['with'];
  return isRecord(parameters) && Object.hasOwn(parameters, field) ? parameters[field] : undefined;
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/**
 * Text as long as this holds any reference, and any prompt: the API server takes no more as a whole annotation. What is
 * longer is not parsed, since the values in a text can take forty times its size.
 */
const LONGEST_JSON = 256 * 1024;

function parseJson(text: string): unknown {
  if (text.length > LONGEST_JSON) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
