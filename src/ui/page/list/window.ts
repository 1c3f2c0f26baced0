/** The rows of a list that are in the document: from `first` up to, but not including, `last`. */
export interface Window {
  readonly first: number;
  readonly last: number;
}

/** Rows around the visible ones, so that a scroll shows no gap. */
const SPARE = 8;

/** Returns the rows of a list of `count` that are visible, and some around them. Lengths are in pixels. */
export function windowOf(count: number, row: number, view: { readonly top: number; readonly height: number }): Window {
  const first = Math.max(0, Math.min(count, Math.floor(view.top / row)) - SPARE);
  return { first, last: Math.min(count, Math.ceil((view.top + view.height) / row) + SPARE) };
}

/** Returns the nearest position to scroll to that makes a row visible. */
export function scrollTo(at: number, row: number, view: { readonly top: number; readonly height: number }): number {
  if (at * row < view.top) return at * row;
  return Math.max(view.top, (at + 1) * row - view.height);
}
