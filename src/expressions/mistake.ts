/** A place in a string, in UTF-16 units. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** What is wrong at a place. The message does not name the place, and fits on a line. */
export interface Mistake {
  readonly span: Span;
  readonly message: string;
}

export function mistakeAt(offset: number, end: number, message: string): Mistake {
  return { span: { offset, length: end - offset }, message };
}

/** Returns the same place in a longer text, in which the text of the span starts at `offset`. */
export function shiftSpan(span: Span, offset: number): Span {
  return { offset: span.offset + offset, length: span.length };
}

/** Adds the place to a message. Characters are counted from 1, as people count. */
export function describeAt({ offset }: Span, message: string): string {
  return `${message} (at character ${offset + 1})`;
}
