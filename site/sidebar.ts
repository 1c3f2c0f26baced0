import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DefaultTheme } from 'vitepress';

/**
 * Reads the groups of pages from the list in README.md of a folder. Only the group of the page that is read is open. Throws if a page of the folder is not in the list.
 */
export function readSidebar(folder: string): DefaultTheme.SidebarItem[] {
  const list = readFileSync(join(folder, 'README.md'), 'utf8');
  const groups = list.split(/^## /m).slice(1);
  const sidebar = groups.map((group) => ({
    text: group.slice(0, group.indexOf('\n')),
    collapsed: true,
    items: [...group.matchAll(/^- \[(.+)\]\((.+)\.md\)$/gm)].map(([, text = '', page]) => ({ text, link: `/${page}` })),
  }));
  const listed = new Set(sidebar.flatMap(({ items }) => items.map(({ link }) => `${link.slice(1)}.md`)));
  const forgotten = globSync('**/*.md', { cwd: folder }).filter((page) => page !== 'README.md' && !listed.has(page));
  if (forgotten.length > 0) throw new Error(`${folder}/README.md does not list ${forgotten.join(', ')}: add them`);
  return sidebar;
}
