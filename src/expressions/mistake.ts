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

/** The same mistake, seen from a text in which the first one starts at `by`. */
export function shiftMistake({ span, message }: Mistake, by: number): Mistake {
  return { span: { offset: span.offset + by, length: span.length }, message };
}
