import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Entry } from '../../src/ui/page/protocol.ts';
import { type Browser, hasChromium, startBrowser } from '../support/browser.ts';
import { type OpenedPage, type OpenOptions, openPage } from '../support/open-page.ts';
import { endedRuns, oddNames, playAll, playChain, viewStep } from '../support/page-script.ts';
import type { Script } from '../support/played-page.ts';

const NOW = Date.now();

describe.skipIf(!(await hasChromium()))('the page', () => {
  let browser: Browser;
  let opened: OpenedPage | undefined;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser[Symbol.asyncDispose]());
  afterEach(async () => {
    await opened?.[Symbol.asyncDispose]();
    opened = undefined;
  });

  async function open(options: OpenOptions = {}, script: Script = playAll(NOW, 40)): Promise<OpenedPage> {
    opened = await openPage(browser, script, options);
    return opened;
  }

  const focused = ({ page }: OpenedPage) =>
    expect.poll(
      () =>
        page.evaluate(
          'document.activeElement.id || document.activeElement.className || document.activeElement.tagName',
        ),
      { timeout: 60_000 },
    );

  test('names the Orchestration, the counts and the age of each run, and shows no rest in words', async () => {
    const { page, textOf } = await open({ hash: '#/run/release-1041' });
    await textOf('.entry:has-text("release-1040")').toMatch(
      /release-1040\s+release · Failed · 3 of 4, 1 skipped\s+10m 00s\s+1h ago/,
    );
    await textOf('.side .tab[aria-current]').toMatch(/Runs\s*46/);
    expect(await page.locator('.side').innerText()).not.toMatch(/ more/);
  });

  test('has 10,000 runs in one list, with a few of them in the document', async () => {
    const { page, textOf } = await open({ hash: '#/runs' }, { entries: endedRuns(10_000, NOW), objects: {} });
    await textOf('.side .tab[aria-current]').toMatch(/Runs\s*10,000/);
    await page.locator('#runs-0').waitFor();
    const count = async () => page.locator('.entry').count();
    expect(await count()).toBeLessThan(60);
    await page.locator('.virtual').focus();
    await page.keyboard.press('End');
    await page.locator('#runs-9999').waitFor();
    expect(await count()).toBeLessThan(60);
  });

  test('filters the list by name, phase, Orchestration, label and age, and keeps the filter in the URL', async () => {
    const { page, textOf } = await open({ hash: '#/run/release-1041' });
    await page.getByLabel('Phase', { exact: true }).selectOption('Failed');
    await page.getByLabel('Label selector').fill('team=web');
    await page.getByLabel('Orchestration', { exact: true }).selectOption('release');
    await page.getByLabel('Age', { exact: true }).selectOption('6h');
    await page.getByLabel('Filter by name').fill('102');
    await textOf('.found').toBe('1 of 46');
    await textOf('.entry .name').toBe('release-1029');
    const hash = new URL(page.url()).hash;
    expect(hash).toBe('#/run/release-1041?q=102&phase=Failed&of=release&label=team%3Dweb&age=6h');
    await page.reload();
    await textOf('.found').toBe('1 of 46');
    expect(await page.getByLabel('Phase', { exact: true }).inputValue()).toBe('Failed');
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    await expect.poll(() => page.locator('.found').count()).toBe(0);
  });

  test('folds sub-runs under their parents, and links parents and children', async () => {
    const own = await open({ hash: '#/run/release-1041' });
    const { page, textOf } = own;
    await page.locator('.entry[aria-expanded="false"]', { hasText: 'release-1041' }).waitFor();
    expect(await page.locator('.entry', { hasText: 'release-1041-deploy-1' }).count()).toBe(0);
    await page.locator('.side .virtual').focus();
    await page.keyboard.press('ArrowRight');
    await page.locator('.entry[aria-level="2"]', { hasText: 'release-1041-deploy-1' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await textOf('h1').toBe('release-1041-deploy-1');
    await page.locator('.run-facts a', { hasText: /^release-1041$/ }).click();
    await textOf('h1').toBe('release-1041');
  });

  test('has the object, its tab, the step and its tab in the URL, so back and forward lead there', async () => {
    const { page, textOf } = await open({ hash: '#/run/release-1041' });
    await page.locator('.card', { hasText: 'unit-tests' }).click();
    await textOf('#details h2').toBe('unit-tests');
    await page.locator('#details .tab', { hasText: 'Attempts' }).click();
    await textOf('.attempts').toContain('connection to the database was refused');
    expect(new URL(page.url()).hash).toBe('#/run/release-1041?step=unit-tests&view=attempts');
    await page.locator('.main > .tabs .tab', { hasText: 'Events' }).click();
    await textOf('.events').toContain('BackoffLimitExceeded');
    await page.goBack();
    await textOf('.attempts').toContain('Attempt 3 (the current one)');
    await page.goBack();
    await page.goBack();
    await expect.poll(() => page.locator('#details').count()).toBe(0);
    await page.goForward();
    await textOf('#details h2').toBe('unit-tests');
  });

  test('leads from an Event of a nested step to the step that runs it', async () => {
    const { page, textOf } = await open({ hash: '#/run/release-1041?tab=events' });
    await page.locator('.event-of button', { hasText: 'deploy-staging/push' }).click();
    await textOf('#details h2').toBe('deploy-staging');
  });

  test('leads to a step that waits for approval from any tab, and back', async () => {
    const { page, textOf } = await open({ hash: '#/run/release-1041?tab=events&step=approve' });
    await textOf('.events').toContain('BackoffLimitExceeded');
    await page.locator('.decisions button', { hasText: /^approve$/ }).click();
    await textOf('#details h2').toBe('approve');
    await page.goBack();
    await textOf('.events').toContain('BackoffLimitExceeded');
  });

  test('shows an Orchestration with its runs, their durations and how many of the last fifty have succeeded', async () => {
    const { page, textOf } = await open({ hash: '#/orchestration/release' });
    await textOf('.rate').toMatch(/^\d+ % of the last 24 succeeded · 3 cancelled · median \dm \d\ds$/);
    expect(await page.locator('.bars a').count()).toBe(29);
    await page.locator('.bars a').last().click();
    await textOf('h1').toBe('release-1041');
    await page.goBack();
    await page.locator('.main > .tabs .tab', { hasText: 'Runs' }).click();
    await page.locator('#own-0').waitFor();
    expect(await page.locator('.main .entry', { hasText: 'Failed · 10 of 11, 1 skipped' }).count()).toBeGreaterThan(0);
  });

  test('shows parameters, inputs with their values, outputs, approvals and what was inherited', async () => {
    const { page, go, textOf } = await open({ hash: '#/run/release-1041?tab=about' });
    await textOf('.about').toMatch(/version\s*Copy\s*1\.41\.0/);
    await page.getByRole('button', { name: 'Show all of it' }).click();
    await textOf('.about').toContain('the whole value');
    await go('#/run/release-1041?step=integration-tests&view=data');
    await textOf('#details').toMatch(/Inputs[\s\S]*Reads[\s\S]*build-api[\s\S]*outputs\.image\s*registry\/shop:1041/);
    await go('#/run/release-1041?step=approve');
    await textOf('.approvals').toMatch(/bob@example\.org approved.*\s*Looks good\.\s*Ship it\./);
    await go('#/run/release-1041?step=checkout');
    await textOf('#details .facts a').toBe('release-1040');
  });

  test('follows logs with their colors, finds text in them, and stops to follow when the user scrolls up', async () => {
    const { page, played, textOf } = await open({ hash: '#/run/release-1041?step=unit-tests&view=logs' });
    await textOf('.log-tools .count').toBe('62 lines');
    expect(await page.locator('.log-line .fg.bold', { hasText: 'FAIL' }).count()).toBe(1);
    const lines = page.locator('.log-lines');
    const isAtEnd = () => lines.evaluate((place) => place.scrollTop + place.clientHeight >= place.scrollHeight - 8);
    const more = (count: number) => played.sendLogs({ type: 'Lines', source: 0, lines: Array(count).fill('a line') });
    more(100);
    await textOf('.log-tools .count').toBe('162 lines');
    await expect.poll(isAtEnd).toBe(true);
    await lines.evaluate((place) => place.scrollTo(0, 0));
    await expect.poll(() => page.getByLabel('Follow').isChecked()).toBe(false);
    more(10);
    await textOf('.log-tools .count').toBe('172 lines');
    expect(await isAtEnd()).toBe(false);
    await page.getByLabel('Search the lines').fill('REFUSED');
    await textOf('.log-tools .count').toBe('1 of 172 lines');
    expect(await page.locator('.log-line mark').innerText()).toBe('refused');
    await page.getByLabel('Attempt').selectOption('1');
    await expect.poll(() => played.asked.at(-1)).toContain('attempt=1');
    played.sendLogs({ type: 'End', sentence: 'The pod is gone: its logs went with it.' });
    await textOf('.logs .note').toBe('The pod is gone: its logs went with it.');
  });

  test('filters the timeline as the graph, by phase and by search', async () => {
    const { page, textOf } = await open({ hash: '#/run/release-1041' });
    const bars = () => page.locator('#timeline [role=option]').count();
    await expect.poll(bars).toBeGreaterThan(4);
    await page.locator('[data-look=failed]').click();
    await expect.poll(bars).toBe(1);
    await textOf('#timeline .rest').toContain('are filtered out.');
    expect(await page.locator('.card.dim').count()).toBe(10);
    await page.keyboard.press('Escape');
    await page.keyboard.press('/');
    await page.keyboard.type('build');
    await expect.poll(bars).toBe(2);
  });

  test('puts what is done before what runs in the progress bar', async () => {
    const { page } = await open({ hash: '#/run/release-1041' });
    await page.locator('.part').first().waitFor();
    const looks = await page
      .locator('.part')
      .evaluateAll((all) => all.map((part) => part.className.replace('part ', '')));
    expect(looks).toEqual(['succeeded', 'ignored', 'failed', 'skipped', 'running', 'retrying', 'pending']);
  });

  test('says whether what it shows is up to date, and never says Live otherwise', async () => {
    const own = await open({ hash: '#/run/release-1041' });
    const { page, played, textOf, complaints } = own;
    await textOf('#connection').toBe('Live');
    const since = new Date(Date.now() - 65_000).toISOString();
    const sentences = ['The API server does not answer; trying again.'];
    played.send({ type: 'Connection', connection: { state: 'Unreachable', since, sentences } });
    await textOf('#connection').toBe('Cluster unreachable');
    await textOf('#troubles').toMatch(/The API server does not answer; trying again\.\s*What you see is from 1m ago\./);
    played.send({ type: 'Connection', connection: { state: 'Live' } });
    await textOf('#connection').toBe('Live');
    expect(await page.locator('#troubles').innerText()).toBe('');
    await played[Symbol.asyncDispose]();
    await textOf('#connection').toBe('Reconnecting …');
    await textOf('#troubles').toContain('is it still running?');
    complaints.splice(0);
  });

  test('shows the new state after a reconnect, without entries that are gone', async () => {
    const { page, played, textOf, complaints } = await open({ hash: '#/runs' });
    await textOf('.side .tab[aria-current]').toMatch(/Runs\s*46/);
    played.follow({ entries: endedRuns(3, NOW), objects: {} });
    played.cut();
    await textOf('.side .tab[aria-current]').toMatch(/Runs\s*3$/);
    expect(await page.locator('.entry').count()).toBe(3);
    complaints.splice(0);
  });

  test('switches the namespace, and keeps it in the URL', async () => {
    const { page, played, textOf } = await open({ hash: '#/run/release-1041' });
    await textOf('h1').toBe('release-1041');
    const field = page.getByLabel('Namespace');
    expect(await field.inputValue()).toBe('ci');
    await field.focus();
    await expect.poll(() => page.locator('#namespaces option').count()).toBe(3);
    await field.fill('staging');
    await field.press('Enter');
    await expect.poll(() => played.asked.at(-1)).toBe('/api/events?namespace=staging');
    await expect.poll(() => new URL(page.url()).hash).toContain('namespace=staging');
    await expect.poll(() => page.locator('.entry').count()).toBeGreaterThan(3);
  });

  test('keeps a 1,000-step chain legible at each scale: no heading is wider than its wave, or large beside its steps', async () => {
    const script = { entries: [], objects: { 'OrchestrationRun/chain': playChain(1_000) } };
    const { page, textOf } = await open({ hash: '#/run/chain?step=step-300' }, script);
    await textOf('#details h2').toBe('step-300');
    const measure = async () => {
      const headings = await page
        .locator('.heading')
        .evaluateAll((all) =>
          all.map((one) => one.getBoundingClientRect()).map(({ width, height }) => ({ width, height })),
        );
      const [band] = await page
        .locator('.band')
        .evaluateAll((all) => all.slice(0, 1).map((one) => one.getBoundingClientRect().width));
      return {
        most: Math.max(...headings.map(({ width }) => width)),
        height: Math.max(...headings.map(({ height }) => height)),
        band: band ?? 0,
      };
    };
    const near = await measure();
    expect(near.most).toBeLessThan(near.band);
    expect(near.height).toBeLessThan(24);
    await page.keyboard.press('Escape');
    await page.keyboard.press('0');
    await expect.poll(async () => (await measure()).band).toBeLessThan(near.band / 2);
    const far = await measure();
    expect(far.most).toBeLessThan(far.band);
  });

  test('shows names of any script and length as they are, isolated, and nothing of them as markup', async () => {
    const { page, textOf } = await open({ hash: `#/run/odd-${'n'.repeat(240)}` });
    await page.locator('.card').nth(4).waitFor({ state: 'attached' });
    for (const [at, name] of oddNames.entries()) {
      await page.locator('.card').nth(at).locator('rect').dispatchEvent('click');
      await textOf('#details h2').toBe(name.replace('\u202e', '\\u202e'));
    }
    expect(await page.locator('#details h2 bdi').count()).toBe(1);
    expect(await page.locator('main img').count()).toBe(0);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    const title = await page.locator('.entry', { hasText: 'odd-' }).getAttribute('title');
    expect(title).toContain('n'.repeat(240));
  });

  describe('on a phone, and at 200 %', () => {
    test.each([
      [390, 844],
      [640, 400],
    ])('%d by %d pixels, shows the list or the object, and the step below the graph', async (width, height) => {
      const { page, textOf } = await open({ width, height, hash: '#/runs' });
      await page.locator('.entry').first().waitFor();
      expect(await page.locator('#summary').count()).toBe(0);
      await page.locator('.entry', { hasText: 'release-1041' }).first().click();
      await textOf('h1').toBe('release-1041');
      expect(await page.locator('.side').isVisible()).toBe(false);
      const size = await page
        .locator('.card .first', { hasText: 'checkout' })
        .evaluate((text) => text.getBoundingClientRect().height);
      expect(size).toBeGreaterThan(9);
      await page.locator('.card rect').first().dispatchEvent('click');
      await textOf('#details h2').toBe('checkout');
      const [graph, details] = await Promise.all(
        ['#graph', '#details'].map((place) => page.locator(place).boundingBox()),
      );
      expect(details?.y).toBeGreaterThanOrEqual((graph?.y ?? 0) + (graph?.height ?? 0) - 1);
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      await page.locator('.back').click();
      await page.locator('.entry').first().waitFor();
    });

    test('the times above the timeline are apart from one another', async () => {
      const { page, played } = await open({ width: 390, height: 844, hash: '#/run/release-1041' });
      await page.locator('.tick').first().waitFor();
      const startedAt = new Date(Date.now() - 58 * 60_000).toISOString();
      played.send({ type: 'Steps', changed: [viewStep(0, 'Running', { startedAt })] });
      const label = () => page.locator('.tick').nth(1).innerText();
      await expect.poll(label).toMatch(/^[1-5]0m$/);
      const places = await page.locator('.tick').evaluateAll((all) => all.map((one) => one.getBoundingClientRect()));
      const gaps = places.slice(1).map(({ left }, at) => left - (places[at]?.right ?? 0));
      expect(Math.min(...gaps)).toBeGreaterThan(4);
    });
  });

  describe('without a mouse', () => {
    test('skips to the object, has one stop for the list, and gives the focus back', async () => {
      const own = await open({ hash: '#/run/release-1041' });
      const { page, textOf } = own;
      await page.locator('.card').nth(10).waitFor({ state: 'attached' });
      await page.keyboard.press('Tab');
      await focused(own).toBe('skip');
      await page.keyboard.press('Enter');
      await focused(own).toBe('main');
      const stops = await page.evaluate(
        `[...document.querySelectorAll('.side a, .side button, .side [tabindex]')].filter((one) => one.tabIndex >= 0 && one.closest('.virtual')).length`,
      );
      expect(stops).toBe(1);
      await page.locator('.card [tabindex="0"]').focus();
      await page.keyboard.press('Enter');
      await textOf('#details h2').toBe('checkout');
      await page.locator('#details .close').focus();
      await page.keyboard.press('Enter');
      await expect.poll(() => page.locator('#details').count()).toBe(0);
      await expect
        .poll(() => page.evaluate('document.activeElement.getAttribute("aria-label")'))
        .toContain('checkout: Succeeded');
    });

    test('moves in the list by arrows, pages and ends, and tells screen readers the active row', async () => {
      const { page, textOf } = await open({ hash: '#/run/release-1041' });
      const active = () =>
        page.evaluate(
          `document.getElementById(document.querySelector('.virtual').getAttribute('aria-activedescendant'))?.querySelector('.name').textContent`,
        );
      await page.locator('.side .virtual').focus();
      await expect.poll(active).toBe('release-1041');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowDown');
      await expect.poll(active).toBe('release-1040');
      await page.keyboard.press('Enter');
      await textOf('h1').toBe('release-1040');
      await page.keyboard.press('End');
      await expect.poll(active).toBe('release-1000');
      await page.keyboard.press('Home');
      await expect.poll(active).toBe('release-1041');
    });
  });

  test('tells screen readers how the selected run changes', async () => {
    const { page, played } = await open({ hash: '#/run/release-1041' });
    const status = page.locator('.page > [role=status]');
    const heard = () => status.innerText();
    await expect.poll(heard, { timeout: 60_000 }).toContain('release-1041: Running, 11 steps: 4 succeeded');
    expect(await heard()).toContain('1 step waits for approval.');
    played.send({ type: 'Steps', changed: [viewStep(9, 'Succeeded')] });
    await expect.poll(heard, { timeout: 60_000 }).toContain('5 succeeded');
  });

  test('moves nothing if the user prefers so', async () => {
    const { page } = await open({ hash: '#/run/release-1041' });
    const animations = () => page.evaluate('document.getAnimations().length');
    await expect.poll(animations).toBeGreaterThan(0);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await expect.poll(animations).toBe(0);
  });

  describe('an action', () => {
    test('is asked for in a dialog that says what will happen, and done only if the user confirms it', async () => {
      const own = await open({ hash: '#/run/release-1041' });
      const { page, played, textOf } = own;
      const ask = `document.querySelector('[data-verb=cancel]').click()`;
      await page.locator('[data-verb=cancel]').focus();
      expect(await page.evaluate(`Promise.resolve(${ask}).then(() => document.querySelector('dialog').open)`)).toBe(
        true,
      );
      await textOf('dialog').toContain('This cannot be undone.');
      await page.keyboard.press('Escape');
      await expect.poll(() => page.locator('dialog').count()).toBe(0);
      await expect.poll(() => page.evaluate('document.activeElement.dataset.verb')).toBe('cancel');
      expect(played.actions).toEqual([]);
      await page.locator('.decisions [data-verb=approve]').click();
      await page.getByLabel('Comment').fill('Fine.');
      await page.locator('dialog [type=submit]').click();
      await textOf('.notice').toContain('It is done.');
      expect(played.actions).toEqual([
        { verb: 'approve', namespace: 'ci', run: 'release-1041', step: 'approve', comment: 'Fine.' },
      ]);
    });

    test('that the server denies stays open with every reason', async () => {
      const sentences = ['bob may not approve the step.', 'Ask for the verb approve.'];
      const { page, textOf, complaints } = await open(
        { hash: '#/run/release-1041' },
        { ...playAll(NOW, 5), answer: () => ({ isDone: false, sentences }) },
      );
      await page.locator('[data-verb=suspend]').click();
      await page.locator('dialog [type=submit]').click();
      await textOf('dialog [role=alert]').toMatch(/bob may not approve the step\.\s*Ask for the verb approve\./);
      complaints.splice(0);
    });

    test('to run has a form of the declared parameters, and goes to the new run', async () => {
      const { page, played, textOf } = await open(
        { hash: '#/orchestration/release' },
        {
          ...playAll(NOW, 5),
          answer: () => ({ isDone: true, sentences: ['The run release-1040 was created.'], run: 'release-1040' }),
        },
      );
      await page.locator('[data-verb=run]').click();
      await textOf('dialog').toMatch(/version required[\s\S]*The version that is released\. It must match \^\\d\+/);
      expect(
        await page
          .getByLabel('target')
          .evaluate((select) => [...select.children].map(({ textContent }) => textContent)),
      ).toEqual(['staging', 'production']);
      await page.locator('dialog [type=submit]').click();
      await textOf('dialog .mistake:not(:empty)').toBe('A value is required.');
      await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('parameter-version');
      expect(played.actions).toEqual([]);
      await page.getByLabel('version').fill('1.2.3');
      await page.getByLabel('target').selectOption('production');
      await page.getByLabel('Other parameters').fill('trace=on');
      await page.locator('dialog [type=submit]').click();
      await textOf('h1').toBe('release-1040');
      expect(played.actions).toMatchObject([
        {
          verb: 'run',
          orchestration: 'release',
          parameters: { version: '1.2.3', target: 'production', trace: 'on' },
          deliveryId: expect.stringMatching(/^[\da-f-]{36}$/),
        },
      ]);
    });

    test('to rerun asks for steps that run again in any case', async () => {
      const { page, played, textOf } = await open({ hash: '#/run/release-1040' });
      await page.locator('[data-verb=rerun]').click();
      await page.locator('dialog select').selectOption(['checkout', 'notify']);
      await page.getByLabel('Use the current version of the Orchestration').check();
      await page.locator('dialog [type=submit]').click();
      await textOf('.notice').toContain('It is done.');
      expect(played.actions).toMatchObject([
        { verb: 'rerun', run: 'release-1040', steps: ['checkout', 'notify'], isLatest: true },
      ]);
    });

    test('has a button only if it is offered', async () => {
      const entries: Entry[] = endedRuns(1, NOW);
      const script = playAll(NOW, 5);
      const messages = script.objects['OrchestrationRun/release-1041']?.filter(({ type }) => type !== 'Actions') ?? [];
      const { page, textOf } = await open(
        { hash: '#/run/release-1041' },
        { ...script, entries, context: { isReadOnly: true }, objects: { 'OrchestrationRun/release-1041': messages } },
      );
      await textOf('.read-only').toBe('read-only');
      await page.locator('.card').nth(10).waitFor({ state: 'attached' });
      expect(await page.locator('[data-verb]').count()).toBe(0);
    });
  });

  test('violates none of the policies with which it is served, in any of its parts', async () => {
    const { page, go, complaints } = await open({ hash: '#/run/release-1041?step=unit-tests&view=logs' });
    await page.locator('.log-line').first().waitFor();
    await go('#/orchestration/release');
    await page.locator('.bars').waitFor();
    await expect(page.evaluate("document.body.insertAdjacentHTML('beforeend', '<b>')")).rejects.toThrow('TrustedHTML');
    expect(complaints.filter((complaint) => !complaint.includes('TrustedHTML'))).toEqual([]);
  });
});
