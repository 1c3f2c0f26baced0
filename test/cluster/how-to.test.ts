import { globSync, readFileSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { ControlPlane } from '../support/controlplane/controlplane.ts';
import { describeNeeding, startOwnControlPlane } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';
import {
  installProgram,
  type PageCommand,
  readPageCommands,
  runBlock,
  withoutTimes,
} from '../support/page-commands.ts';
import { type Reconciler, startReconciler } from '../support/reconciler.ts';

const root = join(import.meta.dirname, '../..');
const namespace = 'ci';

/** In an order in which each finds what it needs: a release that an earlier page has installed, or a run. */
const pages = [
  'docs/how-to/first-run.md',
  'docs/how-to/pass-data.md',
  'docs/how-to/branch-and-clean-up.md',
  'docs/how-to/rerun.md',
  'docs/how-to/stuck-run.md',
  'docs/how-to/schedule.md',
  'docs/how-to/github-actions.md',
  'docs/how-to/approvals.md',
  'docs/how-to/concurrency.md',
  'docs/how-to/install.md',
  'docs/how-to/audit.md',
  'docs/how-to/monitor.md',
  'docs/how-to/telemetry.md',
  'docs/how-to/break-glass.md',
  'docs/how-to/certificates.md',
  'docs/how-to/backup.md',
  'docs/how-to/scaling.md',
  'docs/how-to/upgrade.md',
  'docs/how-to/uninstall.md',
];

/** Commands before and after a page. If runs stayed on, Helm would wait for the Job of a hook, which needs nodes. */
const upgrade = 'helm upgrade orchestration-gate charts/orchestration-gate --namespace agents';
const around: Readonly<Record<string, readonly [before: string, after: string]>> = {
  'docs/how-to/telemetry.md': [
    `${upgrade} --reuse-values --set orchestrationController.enabled=true`,
    `${upgrade} --reset-values`,
  ],
};
/** The page that test/cluster/migrating.test.ts runs. Its tests do between the commands what the page expects. */
const PLAYED = 'docs/how-to/migrating.md';
const commandsOf = (page: string) => readPageCommands(readFileSync(join(root, page), 'utf8'));

// Every block of `sh` on these pages is run. What needs nodes or programs that are not here is `console` there.
describeNeeding(['ownControlPlane'], 'the how-to pages', () => {
  vi.setConfig({ testTimeout: 240_000 }); // Helm takes long on a busy machine
  let plane: ControlPlane;
  let reconciler: Reconciler | undefined;
  let folder: string;

  beforeAll(async () => {
    plane = await startOwnControlPlane();
    await installCrds(plane, 'agents');
    const operators = join(root, 'test/fixtures/operator-crds');
    const approver = ['ann', '--clusterrole=cluster-admin', '--user=ann'];
    for (const command of [
      ['apply', '-f', operators],
      ['wait', '--for=condition=Established', '-f', operators],
      ['create', 'namespace', namespace],
      ['create', 'namespace', 'agents'],
      ['config', 'set-context', '--current', `--namespace=${namespace}`],
      ['create', 'clusterrolebinding', ...approver],
    ]) {
      expect(await plane.kubectl(command)).toMatchObject({ code: 0 });
    }
    reconciler = await startReconciler(plane, { ownNamespace: namespace });
    await installProgram(join(plane.folder, 'bin'));
    folder = join(plane.folder, 'checkout');
    await mkdir(folder);
    for (const part of ['charts', 'examples']) await symlink(join(root, part), join(folder, part));
  }, 120_000);
  afterAll(async () => {
    await reconciler?.stop();
    await plane?.stop();
  });

  async function run({ block, prints }: PageCommand): Promise<void> {
    const { tools, kubeconfig } = plane;
    const paths = [join(plane.folder, 'bin'), dirname(tools.kubectl), dirname(tools.helm), process.env['PATH']];
    const env = { PATH: paths.join(':'), HOME: folder, KUBECONFIG: kubeconfig };
    const ended = await runBlock(block, { cwd: folder, env });
    const shown = prints === undefined ? ended.output : prints;
    expect({ block, ...ended, output: withoutTimes(ended.output) }).toEqual({
      block,
      exitCode: 0,
      output: withoutTimes(shown),
    });
  }

  it.each(pages)('%s: each command succeeds, and prints what the page shows', async (page) => {
    const [before, after] = around[page] ?? [];
    await run({ block: before ?? '', prints: undefined });
    for (const command of commandsOf(page)) {
      const isLook = command.prints !== undefined && command.block.startsWith('orchestration-gate status');
      await (isLook ? vi.waitFor(() => run(command), { timeout: 60_000, interval: 200 }) : run(command));
    }
    await run({ block: after ?? '', prints: undefined });
  });

  it('are all that have commands', () => {
    const found = globSync('docs/how-to/*.md', { cwd: root }).filter((page) => commandsOf(page).length > 0);
    expect([...pages, PLAYED]).toEqual(expect.arrayContaining(found));
  });
});
