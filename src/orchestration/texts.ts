import { asRecord } from './decode.ts';
import { readWhole } from './durations.ts';
import type { Step } from './schema.ts';

/**
 * Reads a list of strings, from the step or from its `with`: a list, the JSON text of one, or words separated by commas
 * or spaces.
 */
export function readTexts(step: Step, field: string): readonly string[] | undefined {
  const value = step[field] ?? asRecord(step['with'])[field];
  const list = isText(value) ? splitTexts(value) : value;
  const texts = Array.isArray(list) ? list.filter(isText) : [];
  return texts.length === 0 ? undefined : texts;
}

function splitTexts(text: string): unknown {
  return text.trimStart().startsWith('[') ? parseJson(text) : text.split(/[\s,]+/);
}

/** Reads an integer of 0 or more, or the text of one, from the step or from its `with`. */
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
