import { bounds } from './bounds.ts';
import { type Mistake, mistakeAt, type Span } from './mistake.ts';
import type { Pattern } from './pattern.ts';
import type { Source, Variable } from './sources.ts';
import type { Token } from './tokens.ts';

/** A part of the text that the library sees as one variable. */
export interface Slot {
  readonly alias: string;
  readonly span: Span;
  /** What the variable holds: a value, whether that value exists, or a pattern. */
  readonly content:
    | { readonly type: 'Value' | 'Test'; readonly source: Source }
    | { readonly type: 'Pattern'; readonly pattern: Pattern };
}

/** Returns the compiled pattern of a literal, or what is wrong with it. */
export type FindPattern = (text: string) => Pattern | { readonly mistake: string };

/** What a scan has found so far. */
export interface Scan {
  readonly tokens: readonly Token[];
  readonly allowed: readonly Variable[];
  readonly findPattern: FindPattern;
  /** The names that macros give to the entries of a list. The library checks where each is known. */
  readonly entries: ReadonlySet<string>;
  readonly slots: Slot[];
  /** What the library sees in place of the author's text, in the order of the text. */
  readonly renamed: { readonly offset: number; readonly end: number; readonly to: string }[];
  readonly mistakes: Mistake[];
  /** Open brackets. */
  readonly frames: { readonly type: 'Group' | 'Index' | 'Macro' | 'List' | 'Map' }[];
}

export function addMistake({ mistakes }: Scan, { offset, end }: Token, message: string): void {
  mistakes.push(mistakeAt(offset, end, message));
}

export function addSlot({ slots, renamed, mistakes }: Scan, first: Token, last: Token, content: Slot['content']): void {
  if (slots.length === bounds.readings) {
    mistakes.push(mistakeAt(first.offset, last.end, `an expression reads at most ${bounds.readings} values`));
  }
  if (mistakes.length > 0) return;
  const alias = toAlias(content, slots.filter(({ content: { type } }) => type === content.type).length);
  slots.push({ alias, span: { offset: first.offset, length: last.end - first.offset }, content });
  renamed.push({ offset: first.offset, end: last.end, to: alias });
}

/**
 * Returns a name of at most four characters, or three for a pattern, which is never longer than what it replaces. The
 * letter stands for the type. No name of an author can start with an underscore.
 */
function toAlias(content: Slot['content'], index: number): string {
  if (content.type === 'Pattern') return `_p${index.toString(36)}`;
  if (content.type === 'Test') return `_b${index.toString(36)}`;
  const { source } = content;
  if (source.type === 'Child') return `_d${index.toString(36)}`;
  return `${source.type === 'Step' && source.field === 'attempt' ? '_i' : '_s'}${index.toString(36)}`;
}
