import { isRecord } from './decode.ts';
import type { StepKind } from './kinds/kind.ts';
import type { Step } from './schema.ts';

/**
 * Returns the name that a step gives in a reference field. It reads every form that the controller of the agents chart
 * reads: `step.toolRef.name`, `step.toolRef` and `step.with.toolRef`. The last is a name or the JSON text `{"name":
 * "…"}`. Undefined if there is no name in any form.
 */
export function readReference(step: Step, field: string): string | undefined {
  return nameIn(step[field]) ?? nameIn(parameterOf(step, field));
}

/**
 * Returns the object that a step gives in `field`, in the step itself or in its `with`: an object, or the JSON text of
 * one.
 */
export function readObject(step: Step, field: string): Readonly<Record<string, unknown>> | undefined {
  return objectIn(step[field]) ?? objectIn(parameterOf(step, field));
}

/**
 * Returns true if `field`, in the step or in its `with`, is an object or text that starts like a JSON object. It parses
 * nothing.
 */
export function mentionsObject(step: Step, field: string): boolean {
  return beginsObject(step[field]) || beginsObject(parameterOf(step, field));
}

/** The requirements of a step kind, and the fields that it reads. */
export type Needing = Pick<StepKind, 'needs' | 'fields'>;

/** Returns the lists in `kind.needs` of which the step gives no field. */
export function listLacking(step: Step, kind: Needing | undefined): readonly (readonly string[])[] {
  return kind?.needs.filter((wanted) => !givesAny(step, wanted, kind)) ?? [];
}

/** Returns true if `listLacking` is not empty. It allocates no list, because it runs for every step. */
export function isLacking(step: Step, kind: Needing | undefined): boolean {
  for (const wanted of kind?.needs ?? []) if (!givesAny(step, wanted, kind)) return true;
  return false;
}

/** Returns true if a step gives one of these fields, in any form. The check of the child finds invalid JSON text. */
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

/** Reads a field of a step, from the step itself or from its `with`. */
export type StepReader = (step: Step, field: string) => unknown;

/** Returns true if a field is read from the step's `with` because the step itself does not give it. */
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
 * The maximum length of a JSON text that is parsed. It is enough for every reference and prompt: the API server limits
 * all annotations of an object to the same size. A longer text is not parsed, because its values can take 40 times its
 * size.
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
