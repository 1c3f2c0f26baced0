import { describe, expect, test } from 'vitest';
import { createAnchorCheck } from '../site/anchors.ts';
import { describeVersion } from '../site/version.ts';

describe('the site', () => {
  test('is not built if a link leads to a heading that its page does not have', () => {
    const anchors = createAnchorCheck();
    anchors.read('index.html', '<a href="/guide/a.html#steps">a</a> <a href="https://example.com/#elsewhere">b</a>');
    anchors.read('guide/a.html', '<h2 id="steps">a</h2> <a href="#top">b</a> <a href="../index.html#gone">c</a>');
    expect(anchors.findLost()).toEqual([
      '/guide/a.html refers to /guide/a.html#top, and that page has no such heading',
      '/guide/a.html refers to /index.html#gone, and that page has no such heading',
    ]);
  });

  test('names its version, and leads to the others where their files can be read', () => {
    expect(describeVersion('1.2.3', undefined)).toEqual({ text: 'Version 1.2.3', link: '/' });
    expect(describeVersion('1.2.3', 'https://example.com/owner/name/blob/v1.2.3/')).toEqual({
      text: 'Version 1.2.3',
      items: [
        { text: 'Changelog', link: 'https://example.com/owner/name/blob/v1.2.3/CHANGELOG.md' },
        { text: 'Other versions', link: 'https://example.com/owner/name/tags' },
      ],
    });
  });
});
