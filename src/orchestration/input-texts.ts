import { mayHavePlaceholders } from '../expressions/template.ts';
import { isRecord } from './decode.ts';
import type { StepKind } from './kinds/kind.ts';
import type { Path } from './problem.ts';
import { MOST_LEVELS } from './rules.ts';
import type { Step } from './schema.ts';

/** A text of a step in which placeholders stand for values, and its place in the step. */
export interface InputText {
  readonly path: Path;
  readonly text: string;
  /** The text is read as JSON, so it must be JSON before the values are put in. */
  readonly isJson: boolean;
}

/**
 * Lists the texts of a step that may hold placeholders: the values of `with`, and the strings in the fields that become
 * part of its child. A static field has none, in the step or in `with`, because the graph and the objects that a step
 * uses never depend on values. Linear. It allocates nothing for other texts.
 */
export function listInputTexts(step: Step, kind: StepKind | undefined): readonly InputText[] {
  if (kind?.type !== 'Child') return NONE;
  const { with: parameters } = step;
  let texts: InputText[] | undefined;
  for (const name in parameters) {
    const text = parameters[name] ?? '';
    if (!mayHavePlaceholders(text)) continue;
    const field = Object.hasOwn(kind.fields, name) ? kind.fields[name] : undefined;
    if (field?.isStatic === true) continue;
    texts ??= [];
    texts.push({ path: ['with', name], text, isJson: field !== undefined });
  }
  for (const name in kind.fields) {
    const value = kind.fields[name]?.isStatic === true ? undefined : step[name];
    if (value === undefined) continue;
    texts ??= [];
    walk(value, [name], texts);
  }
  return texts ?? NONE;
}

const NONE: readonly never[] = [];

/**
 * Adds the strings inside a value that may hold placeholders, down to the depth that the gate allows. `path` is the
 * place of the value, and is the same again afterwards. A string that is a whole field is read as JSON.
 */
function walk(value: unknown, path: (string | number)[], texts: InputText[]): void {
  if (typeof value === 'string') {
    if (mayHavePlaceholders(value)) texts.push({ path: [...path], text: value, isJson: path.length === 1 });
    return;
  }
  if (typeof value !== 'object' || value === null || path.length > MOST_LEVELS) return;
  for (const key in value) {
    path.push(Array.isArray(value) ? Number(key) : key);
    walk((value as Record<string, unknown>)[key], path, texts);
    path.pop();
  }
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
