/** How a list is asked for page by page, so that none is large or slow, whatever the objects are. */
export interface Pages {
  /** How many items to ask for next. */
  readonly limit: () => number;
  /** A page has come: the next may be larger, or must be smaller. */
  readonly grow: (page: { readonly items: number; readonly bytes: number; readonly durationMs: number }) => void;
  /** A page did not come, or was too large. False where it was of one item already. */
  readonly shrink: () => boolean;
}

/** Of an object of ordinary size, nothing much. */
const FIRST_ITEMS = 20;
const MOST_GROWTH = 4;
/** Parsed, it takes several times as much memory. */
const WANTED_BYTES = 2 * 1024 * 1024;
/** What a page must not exceed: more than the largest object, of 3 MiB with its managed fields, and small beside any heap. */
export const MOST_PAGE_BYTES = 8 * 1024 * 1024;
/** Far from the ten seconds after which a read is given up. */
const WANTED_MS = 2_000;

/** Starts small: the first page tells how large the objects are. */
export function createPages(most: number): Pages {
  let limit = Math.min(FIRST_ITEMS, most);
  return {
    limit: () => limit,
    grow({ items, bytes, durationMs }) {
      if (items === 0) return;
      const wanted = Math.min(WANTED_BYTES / (bytes / items), WANTED_MS / (durationMs / items), limit * MOST_GROWTH);
      limit = Math.max(1, Math.min(most, Math.floor(wanted)));
    },
    shrink() {
      const hadSeveral = limit > 1;
      limit = Math.max(1, Math.floor(limit / 2));
      return hadSeveral;
    },
  };
}
