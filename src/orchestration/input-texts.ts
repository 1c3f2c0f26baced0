import { isRecord } from './decode.ts';
import type { StepKind } from './kinds/kind.ts';
import type { Path } from './problem.ts';
import type { Step } from './schema.ts';

/** A text of a step in which placeholders stand for values, and its place in the step. */
export interface InputText {
  readonly path: Path;
  readonly text: string;
  /** The text is read as JSON, so it must be JSON before the values are put in. */
  readonly isJson: boolean;
}

/** The maximum depth of a field that is searched. The gate reports deeper ones (NestedTooDeep). */
const MOST_LEVELS = 500;

/**
 * Lists the texts of a step that may hold placeholders: the values of `with`, and the strings in the fields that become
 * part of its child. A field that is static has none, in the step or in `with`: the graph, and which objects a step
 * uses, never depend on values.
 */
export function* listInputTexts(step: Step, kind: StepKind | undefined): Generator<InputText> {
  if (kind?.type !== 'Child') return;
  for (const [name, text] of Object.entries(step.with ?? {})) {
    const field = Object.hasOwn(kind.fields, name) ? kind.fields[name] : undefined;
    if (field?.isStatic !== true) yield { path: ['with', name], text, isJson: field !== undefined };
  }
  for (const [name, { isStatic }] of Object.entries(kind.fields)) {
    const value = step[name];
    if (isStatic === true || value === undefined) continue;
    if (typeof value === 'string') yield { path: [name], text: value, isJson: true };
    else yield* listStrings(value, [name], MOST_LEVELS);
  }
}

function* listStrings(value: unknown, path: Path, levels: number): Generator<InputText> {
  if (typeof value === 'string') yield { path, text: value, isJson: false };
  if (typeof value !== 'object' || value === null || levels === 0) return;
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
  for (const [key, inside] of entries) yield* listStrings(inside, [...path, key], levels - 1);
}

/** Returns a copy of a step with other texts at these places. */
export function replaceTexts(step: Step, texts: readonly { readonly path: Path; readonly text: string }[]): Step {
  return texts.reduce((copy, { path, text }) => replaceAt(copy, path, text) as Step, step);
}

function replaceAt(value: unknown, [key, ...rest]: Path, text: string): unknown {
  if (key === undefined) return text;
  if (Array.isArray(value)) return value.with(Number(key), replaceAt(value[Number(key)], rest, text));
  return isRecord(value) ? { ...value, [key]: replaceAt(value[key], rest, text) } : value;
}
