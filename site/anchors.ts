/** The id of a heading, as GitHub makes it, so that the same links work there and on the site. */
export function toAnchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-');
}

/** The ids of a built page, and its links to ids, as paths from the root of the site with a fragment. */
interface BuiltPage {
  readonly ids: ReadonlySet<string>;
  readonly links: readonly URL[];
}

/** Any origin: the links of a page are only compared with other pages. */
const ORIGIN = 'https://site.invalid';

/**
 * Reads the pages of a site as they are built, and finds the links whose fragment is the id of nothing. The generator
 * itself checks only that the page of a link exists.
 */
export function createAnchorCheck() {
  const pages = new Map<string, BuiltPage>();
  return {
    /** Takes the HTML of a page. `path` is its path from the root of the site, such as `reference/rights.html`. */
    read(path: string, html: string): void {
      const values = (pattern: RegExp) => [...html.matchAll(pattern)].map(([, value = '']) => value);
      const base = new URL(path, ORIGIN);
      const links = values(/ href="([^"]*#[^"]+)"/g).map((href) => new URL(href.replaceAll('&amp;', '&'), base));
      const ids = new Set(values(/ id="([^"]+)"/g));
      pages.set(base.pathname, { ids, links: links.filter(({ origin }) => origin === ORIGIN) });
    },

    /** Returns a sentence for each link that leads to no place, when all pages have been read. */
    findLost(): readonly string[] {
      return [...pages].flatMap(([from, { links }]) =>
        links
          .filter(({ pathname, hash }) => pages.get(pathname)?.ids.has(decodeURIComponent(hash.slice(1))) !== true)
          .map(({ pathname, hash }) => `${from} refers to ${pathname}${hash}, and that page has no such heading`),
      );
    },
  };
}
