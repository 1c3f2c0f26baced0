// `make screenshots`: plays every scene on a real control plane and writes docs/images, in light and dark.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startBrowser } from '../test/support/browser.ts';
import { resolveBinaries } from '../test/support/controlplane/binaries.ts';
import { startControlPlane } from '../test/support/controlplane/controlplane.ts';
import { readSettings } from '../test/support/controlplane/settings.ts';
import { resolveTools } from '../test/support/controlplane/tools.ts';
import { installCrds } from '../test/support/gate.ts';
import { startReconciler } from '../test/support/reconciler.ts';
import { playNamespace } from '../test/support/stand-in.ts';
import { startUi } from '../test/support/ui.ts';
import { scenes } from './screenshots/scenes.ts';

const images = join(import.meta.dirname, '../docs/images');
const namespace = 'ci';
/** How long the page may take to draw the last message. */
const SETTLE_MS = 1_500;

const settings = readSettings(process.env);
await using ends = new AsyncDisposableStack();
const cluster = await startControlPlane({
  binaries: await resolveBinaries(settings, console.log),
  tools: await resolveTools(settings),
  environment: settings.environment,
});
ends.defer(cluster.stop);
await installCrds(cluster, 'agents');
await cluster.kubectl(['create', 'namespace', namespace]);
const reconciler = await startReconciler(cluster, { ownNamespace: namespace });
ends.defer(reconciler.stop);
const play = playNamespace(cluster.address, namespace);
for (const scene of scenes) {
  console.log(`playing ${scene.name}`);
  await scene.play(play);
}
const ui = await startUi({ kubeconfig: cluster.kubeconfig, namespace });
ends.defer(ui.stop);
await mkdir(images, { recursive: true });
for (const colorScheme of ['light', 'dark'] as const) {
  await using browser = await startBrowser({ colorScheme });
  const { page } = await browser.open(ui.url);
  for (const { name, route, step, size = { width: 1280, height: 800 } } of scenes) {
    await page.setViewportSize(size);
    await page.goto(new URL(route, ui.url).href);
    await page.waitForSelector('g.card');
    await delay(SETTLE_MS);
    if (step !== undefined) await page.locator(`g.card rect[aria-label^="${step}:"]`).click();
    await delay(SETTLE_MS);
    const file = join(images, `ui-${name}-${colorScheme}.png`);
    await page.screenshot({ path: file });
    console.log(file);
  }
}
