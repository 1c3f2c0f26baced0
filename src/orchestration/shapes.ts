import { quoteName } from '../dag/display.ts';
import { article, isOfType, isRecord, typeName } from './decode.ts';
import type { Path } from './problem.ts';

/** The valid values of a field, in the terms of JSON Schema. */
export interface Shape {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: Shape;
  readonly items?: Shape;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly enum?: readonly string[];
  /** The fix, in a message, if the value is required and absent. */
  readonly fix?: string;
}

/** The place of a value that does not match its shape, and the message. */
export interface Misfit {
  readonly path: Path;
  readonly describe: () => string;
}

/** Returns the first `most` values in `value` that do not match. Linear. A value that matches allocates nothing. */
export function findMisfits(shape: Shape, value: unknown, most: number): readonly Misfit[] {
  const misfits: Misfit[] = [];
  const at: (string | number)[] = [];
  const enter = (key: string | number, inside: Shape, found: unknown) => {
    at.push(key);
    visit(inside, found);
    at.pop();
  };
  const visit = (inside: Shape, found: unknown) => {
    if (misfits.length >= most) return;
    if (!isAllowed(inside, found)) misfits.push({ path: [...at], describe: () => describeMisfit(inside, found) });
    else if (Array.isArray(found)) visitItems(inside, found);
    else if (isRecord(found)) visitFields(inside, found);
  };
  const visitItems = ({ items }: Shape, list: readonly unknown[]) => {
    if (items === undefined) return;
    for (let index = 0; index < list.length && misfits.length < most; index++) enter(index, items, list[index]);
  };
  const visitFields = ({ properties, required, additionalProperties }: Shape, record: Record<string, unknown>) => {
    for (const key in properties) {
      const isAsked = record[key] !== undefined || required?.includes(key) === true;
      if (isAsked) enter(key, properties[key] as Shape, record[key]);
    }
    if (additionalProperties !== undefined) for (const key in record) enter(key, additionalProperties, record[key]);
  };
  visit(shape, value);
  return misfits;
}

function isAllowed(shape: Shape, value: unknown): boolean {
  if (!isOfType(shape.type, value)) return false;
  if (typeof value === 'number') return value >= (shape.minimum ?? -Infinity);
  if (Array.isArray(value)) return value.length <= (shape.maxItems ?? Infinity);
  if (typeof value !== 'string') return true;
  const { minLength = 0, maxLength = Infinity } = shape;
  return value.length >= minLength && isWithin(value, maxLength) && shape.enum?.includes(value) !== false;
}

/** Counts code points, as the API server does. */
function isWithin(text: string, most: number): boolean {
  return text.length <= most || countCharacters(text) <= most;
}

function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function describeMisfit(shape: Shape, value: unknown): string {
  if (value === undefined) return `is absent: ${shape.fix ?? 'it is required'}`;
  if (!isOfType(shape.type, value)) return `is ${typeName(value)}, not ${article(shape.type)}`;
  if (typeof value === 'number') return `is ${value}, and must be at least ${shape.minimum}`;
  if (Array.isArray(value)) return `has ${value.length} entries, and at most ${shape.maxItems} are allowed`;
  if (typeof value !== 'string' || value === '') return 'is empty';
  if (!isWithin(value, shape.maxLength ?? Infinity)) {
    return `has ${countCharacters(value)} characters, and at most ${shape.maxLength} are allowed`;
  }
  return `is ${quoteName(value)}, not one of ${shape.enum?.join(', ')}`;
}
