import type { FoundObject } from '../cli/files/manifest.ts';
import { codeOfMistake, findProblems } from '../cli/files/report.ts';
import type { Problem } from '../orchestration/judge.ts';
import type { Reading } from './reading.ts';
import { type Part, partOf } from './spot.ts';

/** A problem of a text, with the part of the text that it is about. */
export interface Diagnosed extends Part {
  readonly code: string;
  readonly severity: 'deny' | 'warn';
  readonly message: string;
  /** The problem and the object that has it. Undefined if the document cannot be read as an object of ours. */
  readonly of?: { readonly object: FoundObject; readonly problem: Problem<string> };
}

/**
 * The most denials and the most warnings of one object, and the most problems of one text. More do not help a person
 * who types, and suggestions are expensive.
 */
const MOST_SHOWN = 100;

/** Returns what lint says about a text: only the first problems, in the order of the text. */
export function diagnose({ manifest }: Reading, text: string): readonly Diagnosed[] {
  const lines = startsOfLines(text);
  const mistakes = manifest.mistakes.map((mistake): Diagnosed => {
    const { line, column, message } = mistake;
    const start = (lines[line - 1] ?? 0) + column - 1;
    return { code: codeOfMistake(mistake), severity: 'deny', message, ...restOfLine(text, start) };
  });
  const problems = [...findProblems(manifest.objects, MOST_SHOWN)].flatMap(([object, found]) =>
    found.slice(0, 2 * MOST_SHOWN).map((problem): Diagnosed => {
      const { code, severity, message, path, span } = problem;
      return { code, severity, message, ...partOf(object, path, span), of: { object, problem } };
    }),
  );
  return [...mistakes, ...problems].sort((left, right) => left.start - right.start).slice(0, MOST_SHOWN);
}

function startsOfLines(text: string): readonly number[] {
  return [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
}

/** Returns the rest of a line without the spaces at its end, but at least one character. */
function restOfLine(text: string, start: number): Part {
  const [rest = ''] = /^[^\r\n]*/.exec(text.slice(start, start + 200)) ?? [];
  return { start, end: start + Math.max(1, rest.trimEnd().length) };
}
