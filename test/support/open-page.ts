import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Browser } from './browser.ts';
import { type PlayedPage, playPage, type Script } from './played-page.ts';

/** A page to which a script is played. */
export interface OpenedPage extends AsyncDisposable {
  readonly page: Page;
  readonly played: PlayedPage;
  /** What the page complained of. */
  readonly complaints: string[];
  /** Goes to a place of the page, as a link does. */
  readonly go: (hash: string) => Promise<void>;
  /** Waits until the text of an element is this. */
  readonly textOf: (selector: string) => ReturnType<typeof expect.poll<Promise<string>>>;
}

export interface OpenOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
  readonly hash?: string;
}

/** Plays a script to a page, and opens it. */
export async function openPage(browser: Browser, script: Script, options: OpenOptions = {}): Promise<OpenedPage> {
  const { width = 1280, height = 800, colorScheme = 'light', hash } = options;
  const played = await playPage(script);
  const { page, complaints } = await browser.open('about:blank');
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme });
  await page.goto(played.url);
  const go = async (to: string) => {
    await page.evaluate(`location.assign(${JSON.stringify(to)})`);
  };
  if (hash !== undefined) await go(hash);
  return {
    ...{ page, played, complaints, go },
    textOf: (selector) => expect.poll(() => page.locator(selector).first().innerText(), { timeout: 60_000 }),
    async [Symbol.asyncDispose]() {
      await page.close();
      await played[Symbol.asyncDispose]();
    },
  };
}
