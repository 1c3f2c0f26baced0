import { ParseError, parse } from '@marcbachmann/cel-js';
import { type Mistake, mistakeAt } from './mistake.ts';
import type { Token } from './tokens.ts';

/** Reads a string literal with its quotes and escapes. */
export function decodeString({ text, offset, end }: Token): string | Mistake {
  if (/^["'][^\\]*$/.test(text) && !/^("""|''')/.test(text)) return text.slice(1, -1);
  try {
    return String(parse(text).ast.args);
  } catch (error) {
    const range = error instanceof ParseError ? error.range : undefined;
    const message = 'no such escape in a string: write \\\\ for a backslash';
    return mistakeAt(offset + (range?.start ?? 0), range ? offset + range.end : end, message);
  }
}
