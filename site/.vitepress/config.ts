import { env } from 'node:process';
import { defineConfig } from 'vitepress';
import { findImages, keepCodeAsText, linkToSource } from '../markdown.ts';
import { readSidebar } from '../sidebar.ts';

/** Where the files of the repository can be read, for example at a tag. Without it, links to them are plain text. */
const source = env['SITE_SOURCE'];

// Of the pages in docs, none is changed for the site. The build fails if a link between them leads nowhere.
export default defineConfig({
  title: 'Orchestration Gate',
  description: 'Refuses Orchestrations that can never run, and runs the others exactly as their graph says.',
  srcDir: 'docs',
  outDir: '../dist/site',
  cacheDir: '../dist/.vitepress',
  rewrites: { 'README.md': 'index.md' },
  markdown: {
    config: (markdown) => {
      keepCodeAsText(markdown);
      findImages(markdown);
      linkToSource(markdown, source);
    },
  },
  // The pages are found through a link in this package, so that they find its dependencies.
  vite: { resolve: { preserveSymlinks: true } },
  // Otherwise the space between two links that stand on a line each is lost.
  vue: { template: { compilerOptions: { whitespace: 'preserve' } } },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    sidebar: readSidebar('docs'),
  },
});
