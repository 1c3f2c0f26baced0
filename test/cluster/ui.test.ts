import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Browser, hasChromium, startBrowser } from '../support/browser.ts';
import { describeNeeding, sharedCluster, startOwnControlPlane, useNamespace } from '../support/controlplane/suite.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { installCrds } from '../support/gate.ts';
import { startReconciler } from '../support/reconciler.ts';
import { playNamespace, tool } from '../support/stand-in.ts';
import { startUi, type Ui } from '../support/ui.ts';

const patience = { timeout: 120_000 };
const runFile = promisify(execFile);

// A browser next to a control plane is slow if several share two cores. A test that fails does so by a condition.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

/** Waits until the label of a step's box begins with these words. */
async function expectStep(page: Page, step: string, words: string): Promise<void> {
  const card = page.locator(`g.card rect[aria-label^=${JSON.stringify(`${step}: ${words}`)}]`);
  await card.waitFor({ state: 'attached', ...patience }).catch(async () => {
    const labels = await page
      .locator('g.card rect')
      .evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));
    throw new Error(`no "${step}: ${words}" in ${JSON.stringify(labels)}`);
  });
}

const textOf = (page: Page, selector: string) => expect.poll(() => page.locator(selector).innerText(), patience);
const go = async (page: Page, route: string) => page.evaluate(`location.assign(${JSON.stringify(route)})`);

if (!(await hasChromium())) {
  const reason = 'not run: there is no /usr/bin/chromium (make chromium installs it)';
  console.log(`the page in a browser: ${reason}`);
  describe.skip(`the page in a browser (${reason})`, () => {
    it.skip('shows runs live', () => {});
  });
} else {
  describePage();
  describeWithoutCrds();
}

function describePage(): void {
  describeNeeding(['loopbackWebhooks'], 'the page in a browser', () => {
    const cluster = sharedCluster();
    const namespace = useNamespace();
    const play = playNamespace(cluster, namespace);
    const ends = new AsyncDisposableStack();
    let proxy: FaultProxy;
    let ui: Ui;
    let browser: Browser;
    let page: Page;
    let complaints: string[];

    beforeAll(async () => {
      await installCrds(cluster, 'agents');
      ends.defer((await startReconciler(cluster, { ownNamespace: namespace })).stop);
      proxy = await startFaultProxy(cluster);
      ends.defer(proxy.stop);
      ui = await startUi({ kubeconfig: await proxy.kubeconfig(), namespace });
      ends.defer(ui.stop);
      browser = ends.use(await startBrowser());
      ({ page, complaints } = await browser.open(ui.url));
    });
    afterAll(() => ends.disposeAsync());
    afterEach(() => {
      expect(complaints.splice(0)).toEqual([]);
    });

    it('waits for the first Orchestration, and shows it as soon as it is there', async () => {
      await textOf(page, 'h1').toBe('Nothing to show yet');
      await play.apply('first', { steps: [tool('a'), tool('b', ['a'])] });
      await textOf(page, 'h1').toBe('first');
      await expectStep(page, 'b', 'Ready · ToolRun');
      expect(page.url()).not.toContain('token');
    });

    it('shows a diamond as it runs: one branch fails, the other continues, and the step that waited for both is skipped', async () => {
      const steps = [tool('start'), tool('left', ['start']), tool('right', ['start']), tool('join', ['left', 'right'])];
      await play.apply('diamond', { steps });
      await play.run('diamond');
      await page.locator('#runs a.entry', { hasText: 'diamond' }).click(patience);
      await expectStep(page, 'start', 'Running');
      await page.locator('g.card rect[aria-label^="join:"]').click();
      await textOf(page, '#details').toContain('Waits for "left", "right".');
      await play.endStep('diamond', 'start', 'Succeeded');
      await expectStep(page, 'left', 'Running');
      await play.endStep('diamond', 'left', 'Failed', 'exit 1');
      await expectStep(page, 'left', 'Failed');
      await expectStep(page, 'join', 'Skipped');
      await expectStep(page, 'right', 'Running');
      await textOf(page, '#details').toContain('Skipped because "left" failed: exit 1');
      await textOf(page, '.legend').toMatch(/1 Succeeded\s*1 Failed\s*1 Skipped\s*1 Running/);
      await play.endStep('diamond', 'right', 'Succeeded');
      await textOf(page, '.title').toContain('Failed');
      expect(await page.locator('#timeline .row').count()).toBe(3);
    });

    it('gives a line for kubectl that shows the child of a step', async () => {
      await page.locator('#timeline .row', { hasText: 'left' }).click();
      await textOf(page, '#details h2').toBe('left');
      const line = await page.locator('.command code').innerText();
      const env = { HOME: cluster.folder, PATH: `${dirname(cluster.tools.kubectl)}:/bin:/usr/bin` };
      const { stdout } = await runFile('/bin/sh', ['-c', line], { env });
      expect(stdout).toMatch(/^Name: +diamond-left-/);
      expect(stdout).toContain('exit 1');
    });

    it('says so while it cannot reach the cluster, then continues by itself and has missed nothing', async () => {
      await play.apply('cut', { steps: [tool('a'), tool('b', ['a'])] });
      await play.run('cut');
      await page.locator('#runs a.entry', { hasText: 'cut' }).click(patience);
      await expectStep(page, 'a', 'Running');
      proxy.follow(() => ({ isRefused: true }));
      proxy.cutWatches();
      await textOf(page, '#connection').toBe('Cluster unreachable');
      await textOf(page, '#troubles').toContain('The API server does not answer; trying again.');
      await play.endStep('cut', 'a', 'Succeeded');
      proxy.follow(undefined);
      await expectStep(page, 'a', 'Succeeded');
      await expectStep(page, 'b', 'Running');
      await textOf(page, '#connection').toBe('Live');
      expect(await page.locator('#troubles').innerText()).toBe('');
    });

    it('shows the loop of a broken graph that was stored all the same', async () => {
      await play.apply('broken', { steps: [tool('a', ['c']), tool('b', ['a']), tool('c', ['b']), tool('d', ['c'])] });
      await go(page, '#/orchestrations');
      await page.locator('#orchestrations a.entry', { hasText: 'broken' }).click(patience);
      await expectStep(page, 'd', 'Can never start');
      expect(await page.locator('g.card.loop').count()).toBe(3);
      await textOf(page, '#problems').toContain('dependency cycle a → c → b → a');
    });

    it('shows hostile names as the text they are', async () => {
      const names = [
        '<img src=x onerror=alert(1)>',
        '</title><script>alert(2)</script>',
        'javascript:alert(3)',
        '{{7*7}}%24{7*7}',
        'a\u202eb',
      ];
      page.on('dialog', () => complaints.push('a dialog opened'));
      await play.apply('hostile', {
        entrypoint: names[0],
        steps: names.map((name, at) => tool(name, at === 0 ? ['"><b>gone'] : [names[0] ?? ''])),
      });
      await play.run('hostile');
      await go(page, '#/orchestrations');
      await page.locator('#orchestrations a.entry', { hasText: 'hostile' }).click(patience);
      for (const name of names.slice(0, 4))
        await page.locator('g.card title', { hasText: name }).waitFor({ state: 'attached', ...patience });
      await page.locator('g.card').first().click();
      await textOf(page, '#details h2').toBe(names[0]);
      await textOf(page, '#problems').toContain('"><b>gone');
      expect(await page.locator('main script, main img, main b, main iframe').count()).toBe(0);
      expect(await page.locator('g.card title', { hasText: 'a\\u202eb' }).count()).toBe(1);
    });

    it('runs no script that is not its own', async () => {
      const script =
        "document.head.append(Object.assign(document.createElement('script'), { textContent: 'injected = 1' }))";
      await expect(page.evaluate(script)).rejects.toThrow('TrustedScript');
      await expect(page.evaluate("document.body.insertAdjacentHTML('beforeend', '<b>')")).rejects.toThrow(
        'TrustedHTML',
      );
      expect(await page.evaluate("'injected' in window")).toBe(false);
      expect(
        complaints
          .splice(0)
          .every((complaint) => complaint.includes('TrustedScript') || complaint.includes('TrustedHTML')),
      ).toBe(true);
    });

    it('can be used without a mouse', async () => {
      await go(page, '#/run/diamond');
      await expectStep(page, 'join', 'Skipped');
      await page.keyboard.press('/');
      await page.keyboard.type('right');
      await page.keyboard.press('Enter');
      await textOf(page, '#details h2').toBe('right');
      await textOf(page, '#found').toBe('1 found');
      expect(await page.locator('g.card.dim').count()).toBe(3);
      await page.keyboard.press('Escape');
      await expect.poll(() => page.locator('g.card.dim').count(), patience).toBe(0);
      await page.locator('g.card [tabindex="0"]').focus();
      const topOf = async (step: string) =>
        (await page.locator(`g.card rect[aria-label^="${step}:"]`).boundingBox())?.y ?? 0;
      const [there, back] = (await topOf('left')) < (await topOf('right')) ? ['Down', 'Up'] : ['Up', 'Down'];
      const ways = { Right: 'join', Left: 'left', [`${there}`]: 'right', [`${back}`]: 'left' };
      for (const [way, step] of Object.entries(ways)) {
        await page.keyboard.press(`Arrow${way}`);
        await textOf(page, '#details h2').toBe(step);
        expect(await page.evaluate("document.activeElement.getAttribute('aria-label')")).toContain(`${step}:`);
      }
      await page.keyboard.press('Escape');
      await page.locator('#details').waitFor({ state: 'detached' });
      const isSeenWhole = () =>
        page.evaluate(`(() => {
        const frame = document.querySelector('.canvas').getBoundingClientRect();
        return [...document.querySelectorAll('g.card')].every((card) => {
          const { left, right, top, bottom } = card.getBoundingClientRect();
          return left >= frame.left && right <= frame.right && top >= frame.top && bottom <= frame.bottom;
        });
      })()`);
      await expect.poll(isSeenWhole, patience).toBe(true);
      for (let times = 0; times < 6; times++) await page.keyboard.press('+');
      await expect.poll(isSeenWhole, patience).toBe(false);
      await page.keyboard.press('0');
      await expect.poll(isSeenWhole, patience).toBe(true);
    });

    it('starts a run from its form with every mistake that the server finds, and cancels it after a confirmation', async () => {
      const parameters = {
        version: { required: true, pattern: '^[0-9]+$' },
        target: { enum: ['a', 'b'], default: 'a' },
      };
      await play.apply('asked', { policies: { parameters }, steps: [tool('only')] });
      await go(page, '#/orchestration/asked');
      await page.locator('[data-verb=run]').click(patience);
      await page.getByLabel('version').fill('one');
      await page.locator('dialog [type=submit]').click();
      await textOf(page, 'dialog [role=alert]').toContain('parameter "version" is "one", which does not match');
      await page.getByLabel('version').fill('1');
      await page.locator('dialog [type=submit]').click();
      await textOf(page, 'h1').toMatch(/^asked-/);
      await expectStep(page, 'only', 'Running');
      await page.locator('[data-verb=cancel]').click(patience);
      await page.locator('dialog [type=submit]').click();
      await textOf(page, '.title').toContain('Cancelled');
      // Chromium complains of each answer that is no success.
      expect(complaints.splice(0).filter((complaint) => !complaint.includes('Failed to load resource'))).toEqual([]);
    });

    it('needs no rights but to read both kinds, and says what the graph of a run then is', async () => {
      const { kubectl, serviceAccountKubeconfig } = cluster;
      await kubectl(['create', 'serviceaccount', 'viewer', '-n', namespace]);
      const resources = ['orchestrations', 'orchestrationruns'].map(
        (plural) => `${plural}.orchestration.proompteng.ai`,
      );
      await kubectl([
        'create',
        'role',
        'viewer',
        '-n',
        namespace,
        '--verb=get,list,watch',
        `--resource=${resources.join(',')}`,
      ]);
      await kubectl([
        'create',
        'rolebinding',
        'viewer',
        '-n',
        namespace,
        '--role=viewer',
        `--serviceaccount=${namespace}:viewer`,
      ]);
      const kubeconfig = await serviceAccountKubeconfig(namespace, 'viewer');
      await using own = new AsyncDisposableStack();
      const viewed = await startUi({ kubeconfig, namespace });
      own.defer(viewed.stop);
      const opened = await browser.open(viewed.url);
      own.defer(() => opened.page.close());
      await go(opened.page, '#/run/diamond');
      await expectStep(opened.page, 'join', 'Skipped');
      await textOf(opened.page, '.note').toContain('You may not read controllerrevisions');
      expect(opened.complaints).toEqual([]);
    });

    it('reports a missing right on the page and in the terminal', async () => {
      await cluster.kubectl(['create', 'serviceaccount', 'nobody', '-n', namespace]);
      const kubeconfig = await cluster.serviceAccountKubeconfig(namespace, 'nobody');
      await using own = new AsyncDisposableStack();
      const refused = await startUi({ kubeconfig, namespace });
      own.defer(refused.stop);
      const opened = await browser.open(refused.url);
      own.defer(() => opened.page.close());
      const sentence = `You may not list and watch orchestrationruns in namespace "${namespace}": ask for a Role`;
      await textOf(opened.page, '#troubles').toContain(sentence);
      expect(await refused.readOutput()).toContain(`ui: ${sentence}`);
    });

    it('tells the user what to do if the server is gone or has another token', async () => {
      const { port } = new URL(ui.url);
      await ui.process.kill('SIGINT');
      await textOf(page, '#connection').toBe('Reconnecting …');
      const next = await startUi({ kubeconfig: cluster.kubeconfig, namespace, flags: ['--port', port] });
      ends.defer(next.stop);
      await textOf(page, '#connection').toBe('Stopped');
      await textOf(page, '#troubles').toContain('open the URL that the terminal shows');
      await page.goto('about:blank');
      await page.goto(next.url);
      await textOf(page, '#connection').toBe('Live');
      // Chromium complains of each request that nobody answered.
      expect(complaints.splice(0).filter((complaint) => !complaint.includes('Failed to load resource'))).toEqual([]);
    });
  });
}

function describeWithoutCrds(): void {
  describeNeeding(['ownControlPlane'], 'the page of a cluster without the CRDs', () => {
    it('says what to install, and shows everything once it is', async () => {
      await using ends = new AsyncDisposableStack();
      const plane = await startOwnControlPlane();
      ends.defer(plane.stop);
      const ui = await startUi({ kubeconfig: plane.kubeconfig, namespace: 'default' });
      ends.defer(ui.stop);
      const browser = ends.use(await startBrowser());
      const { page } = await browser.open(ui.url);
      await textOf(page, '#troubles').toContain(
        'This cluster has no orchestrations.orchestration.proompteng.ai: install the CRDs',
      );
      expect(await ui.readOutput()).toContain('ui: This cluster has no orchestration');
      await installCrds(plane, 'agents');
      await playNamespace(plane.address, 'default').apply('first', { steps: [tool('a')] });
      await textOf(page, 'h1').toBe('first');
      await expectStep(page, 'a', 'Ready');
      await textOf(page, '#troubles').toBe('');
    });
  });
}
