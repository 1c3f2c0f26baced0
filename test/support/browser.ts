import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

/** Where Debian's package puts it; `make chromium` installs that. */
const CHROMIUM = '/usr/bin/chromium';

export async function hasChromium(): Promise<boolean> {
  return access(CHROMIUM).then(
    () => true,
    () => false,
  );
}

/** A real browser without a window, with a fresh profile of its own. */
export interface Browser extends AsyncDisposable {
  readonly context: BrowserContext;
  /** A page, and everything it complained of: exceptions, errors on the console, violations of its policy. */
  readonly open: (url: string) => Promise<{ readonly page: Page; readonly complaints: string[] }>;
}

export interface BrowserOptions {
  readonly colorScheme?: 'light' | 'dark';
  readonly viewport?: { readonly width: number; readonly height: number };
}

/** Starts Chromium: 1 s. It sends no network request but for the pages that it is told to open. */
export async function startBrowser(options: BrowserOptions = {}): Promise<Browser> {
  const { colorScheme = 'light', viewport = { width: 1280, height: 800 } } = options;
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    colorScheme,
    viewport,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync'],
    ],
  });
  return {
    context,
    async open(url) {
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
      page.on('console', (message) => {
        // Chromium reports each violation of a content security policy as an error on the console.
        if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
      });
      await page.goto(url);
      return { page, complaints };
    },
    async [Symbol.asyncDispose]() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
