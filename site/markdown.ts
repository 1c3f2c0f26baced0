import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';

/** The repository, from the folder of this package. */
const ROOT = '..';
const DOCS = 'docs';

/**
 * Has links that leave `docs` lead to the files at `source`, a URL. Without a URL, they become text that names the file.
 * Throws if a file does not exist.
 */
export function linkToSource(markdown: MarkdownRenderer, source: string | undefined): void {
  markdown.core.ruler.push('source-links', ({ tokens, env }) => {
    const page = posix.join(DOCS, (env as { relativePath: string }).relativePath);
    for (const inline of tokens) {
      let isText = false;
      for (const token of inline.children ?? []) {
        if (token.type === 'link_open') isText = rewrite(token, page, source);
        else if (token.type === 'link_close' && isText) token.tag = 'span';
      }
    }
  });
}

/** Keeps the site's generator from reading braces in code as variables of its own. */
export function keepCodeAsText(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('code-as-text', ({ tokens }) => {
    for (const { children } of tokens)
      for (const token of children ?? []) if (token.type === 'code_inline') token.attrSet('v-pre', '');
  });
}

/** Lets code in a text break between its words, such as a long key in a narrow column of a table. */
export function breakCode({ renderer: { rules } }: MarkdownRenderer): void {
  const write = rules.code_inline;
  rules.code_inline = (...args) => write?.(...args).replace(/(?<=\w[./:=])(?=\w)/g, '<wbr>') ?? '';
}

/** Has the site's generator find the images of HTML in a page as files beside the page. */
export function findImages(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('images', ({ tokens }) => {
    for (const token of tokens.flatMap((one) => [one, ...(one.children ?? [])]))
      if (token.type.startsWith('html_'))
        token.content = token.content.replace(/\b(src|srcset)="(?![./]|\w+:)/g, '$1="./');
  });
}

/** A token of markdown-it, as far as a link needs it. */
interface Link {
  tag: string;
  attrs: [string, string][] | null;
  attrGet: (name: string) => string | null;
  attrSet: (name: string, value: string) => void;
}

/** Rewrites one link. Returns true if it is text now. */
function rewrite(link: Link, page: string, source: string | undefined): boolean {
  const href = link.attrGet('href') ?? '';
  if (!href.startsWith('.')) return false;
  const [path = '', ...fragment] = posix.join(posix.dirname(page), href).split('#');
  if (path.startsWith(`${DOCS}/`)) return false;
  if (!existsSync(posix.join(ROOT, path))) throw new Error(`${page} refers to ${path}, which does not exist`);
  if (source !== undefined) {
    link.attrSet('href', [`${source.replace(/\/$/, '')}/${path}`, ...fragment].join('#'));
    return false;
  }
  link.tag = 'span';
  link.attrs = [['title', path]];
  return true;
}
