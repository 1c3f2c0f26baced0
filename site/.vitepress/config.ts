import { readFileSync } from 'node:fs';
import { env } from 'node:process';
import { defineConfig } from 'vitepress';
import { createAnchorCheck, toAnchor } from '../anchors.ts';
import { breakCode, findImages, keepCodeAsText, linkToSource } from '../markdown.ts';
import { readSidebar } from '../sidebar.ts';
import { describeVersion } from '../version.ts';

/** Where the files of the repository can be read, for example at a tag. Without it, links to them are plain text. */
const source = env['SITE_SOURCE'];
const { version } = JSON.parse(readFileSync('../package.json', 'utf8')) as { readonly version: string };
/** That of the local page. */
const icon = `data:image/svg+xml;base64,${readFileSync('../src/ui/page/icon.svg', 'base64')}`;
const anchors = createAnchorCheck();

// Of the pages in docs, none is changed for the site. The build fails if a link between them leads to no page or heading.
export default defineConfig({
  title: 'Orchestration Gate',
  description: 'Rejects Orchestrations that can never run, and runs the others exactly as their graph says.',
  head: [['link', { rel: 'icon', href: icon }]],
  srcDir: 'docs',
  outDir: '../dist/site',
  cacheDir: '../dist/.vitepress',
  rewrites: { 'README.md': 'index.md' },
  markdown: {
    anchor: { slugify: toAnchor },
    config: (markdown) => {
      keepCodeAsText(markdown);
      breakCode(markdown);
      findImages(markdown);
      linkToSource(markdown, source);
    },
  },
  // The pages are found through a link in this package, so that they find its dependencies.
  vite: { resolve: { preserveSymlinks: true } },
  // Otherwise the space between two links that stand on a line each is lost.
  vue: { template: { compilerOptions: { whitespace: 'preserve' } } },
  transformHtml: (html, _, { page }) => anchors.read(page.replace(/\.md$/, '.html'), html),
  buildEnd: () => {
    const lost = anchors.findLost();
    if (lost.length > 0) throw new Error(lost.join('\n'));
  },
  themeConfig: {
    logo: icon,
    nav: [describeVersion(version, source)],
    search: { provider: 'local' },
    outline: [2, 3],
    sidebar: readSidebar('docs'),
  },
});
