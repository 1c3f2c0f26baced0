/** A place in a string: UTF-16 units. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** What is wrong at a place. The message does not name the place, and fits into a line. */
export interface Mistake {
  readonly span: Span;
  readonly message: string;
}

export function mistakeAt(offset: number, end: number, message: string): Mistake {
  return { span: { offset, length: end - offset }, message };
}

/** The same place, seen from a text in which what it was a place of starts at `offset`. */
export function shiftSpan(span: Span, offset: number): Span {
  return { offset: span.offset + offset, length: span.length };
}

/** Adds the place to a message, as people count characters: from 1. */
export function describeAt({ offset }: Span, message: string): string {
  return `${message} (at character ${offset + 1})`;
}
