import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Browser, hasChromium, startBrowser } from '../support/browser.ts';
import { openPage } from '../support/open-page.ts';
import { playAll } from '../support/page-script.ts';

const axe = await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

const click = (selector: string) => (page: Page) => page.locator(selector).first().click();

/** The states of the page: its hash, what shows that the page is ready, and what the user then does. */
const states: readonly (readonly [name: string, hash: string, mark: string, act?: (page: Page) => Promise<void>])[] = [
  ['a run', '#/run/release-1041', 'g.card'],
  ['a step', '#/run/release-1041?step=package', '#details'],
  ['a step that waits for approval', '#/run/release-1041?step=approve', '.approvals'],
  ['the data of a step', '#/run/release-1041?step=integration-tests&view=data', '#details .texts'],
  ['the attempts of a step', '#/run/release-1041?step=unit-tests&view=attempts', '.attempts'],
  ['the logs of a step', '#/run/release-1041?step=unit-tests&view=logs', '.log-line'],
  ['the events of a step', '#/run/release-1041?step=unit-tests&view=events', '.events li'],
  ['the details of a run', '#/run/release-1041?tab=about', '.about'],
  ['the events of a run', '#/run/release-1041?tab=events', '.events li'],
  ['steps of one phase', '#/run/release-1041', 'g.card', click('[data-look=failed]')],
  ['a failed run', '#/run/release-1040', 'g.card'],
  ['an Orchestration', '#/orchestration/release', '.bars'],
  ['the runs of an Orchestration', '#/orchestration/release?tab=runs', '#own-0'],
  ['the details of an Orchestration', '#/orchestration/release?tab=about', '.declared'],
  ['a broken Orchestration', '#/orchestration/broken', '#problems'],
  ['an object that does not exist', '#/run/nothing', '.note'],
  ['the form of a new run, with its mistakes', '#/orchestration/release', 'g.card', fillWrong],
  ['a rerun', '#/run/release-1040', 'g.card', click('[data-verb=rerun]')],
  ['an approval', '#/run/release-1041', 'g.card', click('[data-verb=approve]')],
  ['a cancellation', '#/run/release-1041', 'g.card', click('[data-verb=cancel]')],
  ['odd names', `#/run/odd-${'n'.repeat(240)}?step=%D7%91%D7%93%D7%99%D7%A7%D7%95%D7%AA`, '#details'],
];

async function fillWrong(page: Page): Promise<void> {
  await click('[data-verb=run]')(page);
  await click('dialog [type=submit]')(page);
}

async function findViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  return page.evaluate(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + ' ' + target + ': ' + failureSummary)))`);
}

const variants = (['light', 'dark'] as const).flatMap((colorScheme) =>
  [390, 1280].map((width) => ({ colorScheme, width })),
);

describe.skipIf(!(await hasChromium()))('axe finds nothing', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser[Symbol.asyncDispose]());

  test.each(variants)('in any state, $colorScheme and $width pixels wide', async ({ colorScheme, width }) => {
    await using opened = await openPage(browser, playAll(Date.now(), 40), {
      colorScheme,
      width,
      height: 844,
      hash: '#/runs',
    });
    const { page, go, complaints } = opened;
    const found: Record<string, readonly string[]> = {};
    await page.locator('.entry').first().waitFor({ state: 'attached' });
    if (width < 800) found['the list'] = await findViolations(page);
    for (const [name, hash, mark, act] of states) {
      await go('#/runs');
      await go(hash);
      await page.locator(mark).first().waitFor({ state: 'attached', timeout: 60_000 });
      await act?.(page);
      const violations = await findViolations(page);
      if (violations.length > 0) found[name] = violations;
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
    }
    expect(Object.fromEntries(Object.entries(found).filter(([, list]) => list.length > 0))).toEqual({});
    expect(complaints).toEqual([]);
  });

  test('while the cluster is unreachable, and in an empty namespace', async () => {
    const since = new Date(Date.now() - 60_000).toISOString();
    const connection = {
      state: 'Unreachable',
      since,
      sentences: ['The API server does not answer; trying again.'],
    } as const;
    await using down = await openPage(browser, {
      ...playAll(Date.now(), 5),
      connection,
      context: { isReadOnly: true },
    });
    await down.textOf('#connection').toBe('Cluster unreachable');
    expect(await findViolations(down.page)).toEqual([]);
    await using empty = await openPage(browser, { entries: [], objects: {} });
    await empty.textOf('h1').toBe('Nothing to show yet');
    expect(await findViolations(empty.page)).toEqual([]);
  });
});
