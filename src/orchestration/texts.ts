import { asRecord } from './decode.ts';
import { readWhole } from './durations.ts';
import type { Step } from './schema.ts';

/** A list of texts: a list, JSON text of one, or words with commas or spaces between, in the step or in its `with`. */
export function readTexts(step: Step, field: string): readonly string[] {
  const value = step[field] ?? asRecord(step['with'])[field];
  if (Array.isArray(value)) return value.filter(isText);
  if (!isText(value)) return [];
  if (!value.trimStart().startsWith('[')) return value.split(/[\s,]+/).filter(isText);
  const parsed = parseJson(value);
  return Array.isArray(parsed) ? parsed.filter(isText) : [];
}

/** A whole number of 0 or more, or the text of one, in the step or in its `with`. */
export function readSeconds(step: Step, field: string): number | undefined {
  const value = step[field] ?? asRecord(step['with'])[field];
  return readWhole(isText(value) ? Number(value) : value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
