import type { KubeObject } from '../objects/object.ts';
import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import type { KubeClient, ListOptions, Page } from './client.ts';
import { KubeError } from './errors.ts';
import type { Timing } from './ports.ts';
import type { Resource } from './resources.ts';

/** Chooses the page size of a list, so that no page is large or slow, even if the objects are large. */
interface Pages {
  /** How many items to request next. */
  readonly limit: () => number;
  /** Reports a received page. The next page can be larger or must be smaller. */
  readonly grow: (page: { readonly items: number; readonly bytes: number; readonly durationMs: number }) => void;
  /** Reports a page that failed or was too large. Returns false if the page already had one item. */
  readonly shrink: () => boolean;
}

/** The limit of the first page. Such a page is small if the objects have an ordinary size. */
const FIRST_ITEMS = 20;
const MOST_GROWTH = 4;
/** A parsed page takes several times as much memory. */
const WANTED_BYTES = 2 * 1024 * 1024;
/**
 * The largest page to accept. It is more than the largest object (3 MiB with its managed fields) and small compared
 * with the heap.
 */
const MOST_PAGE_BYTES = 8 * 1024 * 1024;
/** Well below the 10 s after which a read fails. */
const WANTED_MS = 2_000;

/** Starts with a small page, which shows how large the objects are. `most` is the upper limit of items. */
function createPages(most: number): Pages {
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

/** The options of a page reader. `most` is the upper limit of items in a page. */
export interface PageReaderOptions {
  readonly client: Pick<KubeClient, 'list'>;
  readonly resource: Resource;
  readonly timing: Timing;
  readonly most: number;
}

/**
 * Creates a function that reads a page. It requests a page that is too large again at once with fewer items. After any
 * failure, the next page has fewer items too.
 */
export function createPageReader({ client, resource, timing, most }: PageReaderOptions) {
  const pages = createPages(most);
  return async function readPage(options: ListOptions): Promise<Page> {
    const startedAt = timing.now();
    try {
      const page = await client.list(resource, { ...options, limit: pages.limit(), mostBytes: MOST_PAGE_BYTES });
      pages.grow({ items: page.items.length, bytes: page.bytes, durationMs: timing.now() - startedAt });
      return page;
    } catch (error) {
      const hasShrunk = options.signal?.aborted !== true && pages.shrink();
      if (!hasShrunk || !(error instanceof KubeError) || error.reason !== KubeErrorReason.TooLarge) throw error;
      return readPage(options);
    }
  };
}

/** Yields all objects as of one version, a page at a time, so that the caller need not keep all of them. */
export async function* listPages(
  reader: PageReaderOptions,
  options: Omit<ListOptions, 'limit' | 'continue' | 'mostBytes'>,
): AsyncGenerator<readonly KubeObject[], void> {
  const readPage = createPageReader(reader);
  for (let next: { continue?: string } | undefined = {}; next !== undefined; ) {
    const page: Page = await readPage({ ...options, ...next });
    yield page.items;
    next = page.continue === undefined ? undefined : { continue: page.continue };
  }
}
