import { displayName, quoteName } from '../dag/display.ts';
import { suggestName } from '../dag/suggest.ts';
import { bounds } from './bounds.ts';
import { TOO_MUCH } from './expression.ts';
import { type Mistake, mistakeAt } from './mistake.ts';
import { variables } from './sources.ts';
import { STRING } from './tokens.ts';

const START = '${{';
const STRING_HERE = new RegExp(STRING, 'y');
/** Matches up to the first word that is neither in a string nor one of our functions or keywords. */
const FIRST_WORD = new RegExp(
  `^(?:${STRING}|` +
    String.raw`\b(?:has|size|string|int|double|bool)\s*(?=\()|\b(?:true|false|null)\b|[^A-Za-z_"'}$])*([A-Za-z_][A-Za-z0-9_]*)`,
);

/** A piece of a text: text that stays as it is, or the expression of a placeholder and its offset. */
export type Piece =
  | { readonly type: 'Text'; readonly text: string }
  | { readonly type: 'Placeholder'; readonly text: string; readonly offset: number };

export interface Pieces {
  readonly pieces: readonly Piece[];
  readonly mistakes: readonly Mistake[];
  readonly warnings: readonly Mistake[];
}

/**
 * Splits a text at its placeholders. `$${{` becomes `${{` in a piece of text. A placeholder whose first word is neither
 * a variable nor within two edits of one stays text, with a warning. Linear. `spend` returns false if there are too
 * many.
 */
export function splitText(text: string, spend: (units: number) => boolean): Pieces {
  const pieces: Piece[] = [];
  const mistakes: Mistake[] = [];
  const warnings: Mistake[] = [];
  let done = 0;
  for (let at = text.indexOf(START); at >= 0; at = text.indexOf(START, Math.max(done, at + START.length))) {
    if (!spend(0)) return { pieces, mistakes: [mistakeAt(at, at + START.length, TOO_MUCH)], warnings };
    if (at > done && text[at - 1] === '$') {
      pieces.push({ type: 'Text', text: text.slice(done, at - 1) + START });
      done = at + START.length;
      continue;
    }
    const stranger = findStranger(text, at + START.length);
    if (stranger !== undefined) {
      if (warnings.length < bounds.warnings) warnings.push(mistakeAt(at, at + START.length, stranger));
      continue;
    }
    const end = findEnd(text, at + START.length);
    if (end === undefined) {
      const message = `the placeholder has no end: write }} within ${bounds.text} characters, or $\${{ for the text itself`;
      mistakes.push(mistakeAt(at, at + START.length, message));
    } else {
      pieces.push({ type: 'Text', text: text.slice(done, at) });
      pieces.push({ type: 'Placeholder', text: text.slice(at + START.length, end), offset: at + START.length });
      done = end + 2;
    }
    if (mistakes.length + pieces.length > 2 * bounds.placeholders) {
      mistakes.push(mistakeAt(at, at + START.length, `more than ${bounds.placeholders} placeholders: split the text`));
      return { pieces, mistakes, warnings };
    }
  }
  pieces.push({ type: 'Text', text: text.slice(done) });
  return { pieces, mistakes, warnings };
}

/** Returns why a placeholder is not one of ours. Undefined if it is one. */
function findStranger(text: string, start: number): string | undefined {
  const [, word] = FIRST_WORD.exec(text.slice(start, start + bounds.firstWord)) ?? [];
  if (word !== undefined && suggestName(word, variables, 2) !== undefined) return undefined;
  const what = word === undefined ? 'it reads no variable' : `${quoteName(word)} is not a variable`;
  return `this stays text, because ${what}: write ${displayName('$${{')} if you intend that`;
}

/** Returns the offset of the first `}}` outside strings and braces. */
function findEnd(text: string, start: number): number | undefined {
  let depth = 0;
  const most = Math.min(text.length, start + bounds.text + 1);
  for (let at = start; at < most; at++) {
    const character = text[at];
    if (character === '{') depth++;
    else if (character === '}' && depth > 0) depth--;
    else if (character === '}' && text[at + 1] === '}') return at;
    else if (character === '"' || character === "'") {
      STRING_HERE.lastIndex = at;
      if (!STRING_HERE.test(text)) return undefined;
      at = STRING_HERE.lastIndex - 1;
    }
  }
  return undefined;
}
