import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Browser, hasChromium, startBrowser } from '../support/browser.ts';
import { drawSteps, showRun, viewRun, viewStep } from '../support/page-script.ts';
import { type PlayedPage, playPage } from '../support/played-page.ts';
import { layered } from '../support/stand-in.ts';

interface View {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

describe.skipIf(!(await hasChromium()))('the graph in a browser (make chromium installs one)', () => {
  let stage: PlayedPage;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  let whole: View;

  beforeAll(async () => {
    const steps = layered(60, 50);
    const views = steps.map((_, at) => viewStep(at, at < 30 ? 'Succeeded' : 'Pending'));
    const run = { kind: 'OrchestrationRun', name: 'fleet', orchestration: 'fleet', createdAt: 0 } as const;
    stage = await playPage({
      entries: [run],
      objects: { 'OrchestrationRun/fleet': showRun(viewRun('fleet'), drawSteps(steps), views) },
    });
    browser = await startBrowser();
    ({ page, complaints } = await browser.open('about:blank'));
    const devtools = await browser.context.newCDPSession(page);
    await devtools.send('Emulation.setTouchEmulationEnabled', { enabled: true, maxTouchPoints: 2 });
    await page.goto(stage.url);
    await page.locator('g.card').first().waitFor({ state: 'attached' });
    whole = await readView();
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await page.keyboard.press('Escape');
    await page.keyboard.press('0');
    await expect.poll(readView).toEqual(whole);
    return () => expect(complaints.splice(0)).toEqual([]);
  });

  async function readView(): Promise<View> {
    const transform = await page.locator('.canvas > g').getAttribute('transform');
    const [x = Number.NaN, y = Number.NaN, scale = Number.NaN] = (transform?.match(/-?[\d.]+/g) ?? []).map(Number);
    return { x, y, scale };
  }

  /** The position of the viewport in the browser, and a point in it without a card. */
  async function findBlank() {
    const { x, y } = (await page.locator('.canvas').boundingBox()) ?? { x: 0, y: 0 };
    return { left: x, top: y, at: [x + 8, y + 8] as const };
  }

  test('zooms in on the wheel and on a double click, and keeps the point under the pointer', async () => {
    const { left, top, at } = await findBlank();
    const grow = [() => page.mouse.wheel(0, -200), () => page.mouse.dblclick(...at)];
    for (const act of grow) {
      await page.keyboard.press('0');
      await expect.poll(readView).toEqual(whole);
      await page.mouse.move(...at);
      await act();
      await expect.poll(async () => (await readView()).scale).toBeGreaterThan(whole.scale * 1.2);
      const { x, y, scale } = await readView();
      const seen = (view: View) => [(at[0] - left - view.x) / view.scale, (at[1] - top - view.y) / view.scale];
      for (const [axis, place] of seen({ x, y, scale }).entries())
        expect(place).toBeCloseTo(seen(whole)[axis] ?? 0, -1);
    }
  });

  test('pans on a drag, which chooses nothing, and on a touchpad that moves sideways', async () => {
    const card = await page.locator('g.card').nth(3).boundingBox();
    await page.mouse.move(card?.x ?? 0, (card?.y ?? 0) + 3);
    await page.mouse.down();
    await page.mouse.move((card?.x ?? 0) + 50, (card?.y ?? 0) + 23, { steps: 4 });
    await page.mouse.up();
    await expect.poll(readView).toMatchObject({ x: expect.closeTo(whole.x + 50), y: expect.closeTo(whole.y + 20) });
    expect(await page.locator('g.card.chosen').count()).toBe(0);
    await page.mouse.wheel(30, 10);
    await expect.poll(readView).toMatchObject({ x: expect.closeTo(whole.x + 20), y: expect.closeTo(whole.y + 10) });
  });

  test('pans with one finger, and zooms with two', async () => {
    const devtools = await browser.context.newCDPSession(page);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...points: readonly (readonly [number, number])[]) =>
      devtools.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
    await touch('touchStart', [500, 500]);
    for (const step of [10, 20, 30]) await touch('touchMove', [500 + step, 500]);
    await touch('touchEnd');
    await expect.poll(readView).toMatchObject({ x: expect.closeTo(whole.x + 30), scale: whole.scale });
    await touch('touchStart', [500, 500], [600, 500]);
    for (const step of [10, 30, 50]) await touch('touchMove', [500 - step, 500], [600 + step, 500]);
    await touch('touchEnd');
    await expect.poll(readView).toMatchObject({ scale: expect.closeTo(2 * whole.scale) });
  });

  test('chooses a step on a click, and on keys', async () => {
    const labelOf = () => page.locator('g.card.chosen rect').getAttribute('aria-label');
    await page.locator('g.card').nth(5).click();
    await expect.poll(labelOf).toContain('shard-0005');
    await page.keyboard.press('Escape');
    await page.locator('g.card [tabindex="0"]').focus();
    await page.keyboard.press('ArrowDown');
    await expect.poll(labelOf).toContain('shard-0006');
  });
});
