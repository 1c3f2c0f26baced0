/** Entries of the menu, as the generator takes them. */
interface Entry {
  readonly text: string;
  readonly link: string;
}
interface Menu {
  readonly text: string;
  readonly items: Entry[];
}

/**
 * The entry of the menu that says which version a site describes. A site is of one version: the entry leads to the
 * changelog, and to the tags of the repository, where the files of the other versions are. Both need `source`, a URL of the
 * files. Where these are kept by GitHub, it has `/blob/` in it.
 */
export function describeVersion(version: string, source: string | undefined): Entry | Menu {
  const text = `Version ${version}`;
  if (source === undefined) return { text, link: '/' };
  const changelog = { text: 'Changelog', link: `${source.replace(/\/$/, '')}/CHANGELOG.md` };
  const [repository, ...rest] = source.split('/blob/');
  const tags = rest.length === 0 ? [] : [{ text: 'Other versions', link: `${repository}/tags` }];
  return { text, items: [changelog, ...tags] };
}
