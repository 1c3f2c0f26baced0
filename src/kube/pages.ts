/** Chooses the page size of a list, so that no page is large or slow whatever the size of the objects. */
export interface Pages {
  /** How many items to request next. */
  readonly limit: () => number;
  /** Reports a received page. The next page can be larger or must be smaller. */
  readonly grow: (page: { readonly items: number; readonly bytes: number; readonly durationMs: number }) => void;
  /** Reports a page that failed or was too large. Returns false if the page already had one item. */
  readonly shrink: () => boolean;
}

/** Small for objects of ordinary size. */
const FIRST_ITEMS = 20;
const MOST_GROWTH = 4;
/** A parsed page takes several times as much memory. */
const WANTED_BYTES = 2 * 1024 * 1024;
/**
 * The largest page to accept. It is more than the largest object (3 MiB with its managed fields) and small compared
 * with the heap.
 */
export const MOST_PAGE_BYTES = 8 * 1024 * 1024;
/** Well below the 10 s after which a read fails. */
const WANTED_MS = 2_000;

/** Starts with a small page, which shows how large the objects are. `most` is the upper limit of items. */
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
