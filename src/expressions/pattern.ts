import { RE2JS, RE2JSException } from 're2js';

/** A compiled pattern. `size` is the number of its instructions: matching takes at most size × length of the text. */
export interface Pattern {
  /** Returns true if any part of the text matches. */
  readonly matches: (text: string) => boolean;
  readonly size: number;
}

/**
 * Compiles a pattern in the syntax of RE2, which has no backtracking: no lookaround and no backreferences. The mistake
 * is a clause without the pattern's place, and can contain any characters of the pattern.
 */
export function compilePattern(text: string): Pattern | { readonly mistake: string } {
  try {
    const pattern = RE2JS.compile(text);
    return { matches: (candidate) => pattern.test(candidate), size: pattern.programSize() };
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return { mistake: error.message.replace(/^error parsing regexp: /, '') };
  }
}
