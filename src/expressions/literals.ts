import { ParseError, parse } from '@marcbachmann/cel-js';
import { type Mistake, mistakeAt } from './mistake.ts';
import type { Token } from './tokens.ts';

/** Reads a string literal with its quotes and escapes. */
export function decodeString({ text, offset, end }: Token): string | Mistake {
  if (/^["'][^\\]*$/.test(text) && !/^("""|''')/.test(text)) return text.slice(1, -1);
  try {
    const { args } = parse(text).ast;
    if (typeof args === 'string') return args;
    return mistakeAt(offset, end, 'this is not a string');
  } catch (error) {
    const range = error instanceof ParseError ? error.range : undefined;
    const message = 'this escape is not valid in a string: write \\\\ for a backslash';
    return mistakeAt(offset + (range?.start ?? 0), range ? offset + range.end : end, message);
  }
}
