import { resolveBinaries } from '../../test/support/controlplane/binaries.ts';
import { startControlPlane } from '../../test/support/controlplane/controlplane.ts';
import type { Settings } from '../../test/support/controlplane/settings.ts';
import { resolveTools } from '../../test/support/controlplane/tools.ts';
import { startGate } from '../../test/support/gate.ts';
import { startUi } from '../../test/support/ui.ts';
import { type Stage, type Step, type Teller, takeSteps } from './step.ts';
import { followVerdicts } from './verdicts.ts';

/** A tour, and how long its stage stays up. */
export interface Performance {
  readonly settings: Settings;
  readonly steps: readonly Step[];
  readonly teller: Teller;
  /** Whether the page is only served, or also opened in a browser. Null if there is no page. */
  readonly page: 'served' | 'opened' | null;
  /** Called after the last step. Everything ends when the promise resolves. Null to end at once. */
  readonly waitForEnd: (() => Promise<unknown>) | null;
}

/**
 * Starts a control plane and a gate, takes the steps, stays up for as long as asked, and ends what it started. Returns
 * an exit code, which is 1 if a step did not end as expected. If this process dies, everything that it started ends.
 */
export async function perform({ settings, steps, teller, page, waitForEnd }: Performance): Promise<number> {
  const log = (line: string) => teller.write(`${teller.paint('dim', line)}\n`);
  await using ends = new AsyncDisposableStack();
  const binaries = await resolveBinaries(settings, log, 'download');
  const tools = await resolveTools(settings);

  log('starting a control plane');
  const controllerManager = binaries.controllerManager !== null;
  const cluster = await startControlPlane({ binaries, tools, environment: settings.environment, controllerManager });
  ends.defer(cluster.stop);
  log('starting a gate');
  const gate = await startGate();
  ends.defer(() => gate.stop());

  const stage = { cluster, gate, ends };
  const url = page === null ? undefined : await servePage(stage, page);
  if (url !== undefined) teller.write(describePage(url, teller));
  const failed = await takeSteps(steps, stage, teller);
  teller.write(`\n${summarize(failed, steps.length, teller)}\n`);
  if (waitForEnd !== null) {
    if (url !== undefined) teller.write(describePage(url, teller));
    teller.write(describeStage(stage, teller));
    await followVerdicts(stage, teller, waitForEnd());
    log('\nstopping everything');
  }
  return failed > 0 ? 1 : 0;
}

/** Serves the page until the stage ends. Returns its URL. */
async function servePage({ cluster, ends }: Stage, page: 'served' | 'opened'): Promise<string> {
  const flags = page === 'opened' ? ['--open'] : [];
  const ui = await startUi({ kubeconfig: cluster.kubeconfig, namespace: 'default', flags });
  ends.defer(ui.stop);
  return ui.url;
}

function describePage(url: string, { paint }: Teller): string {
  return `\n${paint('bold', 'The page in a browser')}\n  ${paint('cyan', url)}\n`;
}

function summarize(failed: number, count: number, { paint }: Teller): string {
  if (failed === 0) return paint('green', `All ${count} steps ended as expected.`);
  return paint('red', `${failed} of ${count} steps did not end as expected.`);
}

function describeStage({ cluster: { kubeconfig, tools } }: Stage, { paint }: Teller): string {
  const lines = [
    `export KUBECONFIG=${kubeconfig}`,
    `alias kubectl=${tools.kubectl}`,
    'kubectl apply -f examples/rejected/duplicate-step.yaml',
  ];
  return [
    `\n${paint('bold', 'It stays up: try your own commands in another terminal')}`,
    ...lines.map((line) => `  ${paint('cyan', line)}`),
    `\n${paint('bold', 'What the gate decides from now on')} (press Ctrl-C to stop everything)\n`,
  ].join('\n');
}
