import { once } from 'node:events';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { Step } from '../../src/dag/graph.ts';
import { describeNeeding } from '../support/controlplane/suite.ts';
import { orchestration, useGatedNamespace } from '../support/gated.ts';
import { readSeries } from '../support/metrics-page.ts';
import { root, step } from '../support/steps.ts';

const misspelt = [root('build'), step('test', 'biuld')];
const complaint = 'spec.steps[1].dependsOn[0]: no step is named "biuld": did you mean "build"?';
const maxInFlight = 2;

// Each test begins with what the one before has configured, and configures something else.
describeNeeding(['loopbackWebhooks'], 'the settings of a running gate', () => {
  const gated = useGatedNamespace({ flags: [`--max-in-flight=${maxInFlight}`] });

  const apply = (steps: readonly Step[]) =>
    gated().kubectl(['create', '--dry-run=server', '-f', '-'], orchestration('judged', steps));

  async function accepts(steps: readonly Step[], stderr = '') {
    expect(await apply(steps)).toMatchObject({ code: 0, stderr });
  }

  async function refuses(steps: readonly Step[], why = complaint) {
    expect(await apply(steps)).toMatchObject({ code: 1, stderr: expect.stringContaining(why) });
  }

  async function readMetric(series: string): Promise<number> {
    const page = await (await fetch(`${gated().gate.sideUrl}/metrics`)).text();
    return readSeries(page, series) ?? Number.NaN;
  }

  it('say what a rule does, from the next review on', async () => {
    const { gate } = gated();
    const { pid } = gate.process;
    await refuses(misspelt);
    await gate.writeSettings({ 'severity.MissingDependency': 'warn' });
    await accepts(misspelt, `Warning: ${complaint}\n`);
    await gate.writeSettings({ 'severity.MissingDependency': 'off' });
    await accepts(misspelt);
    await gate.writeSettings({ 'severity.NonPortableStepName': 'deny' });
    await refuses(misspelt);
    await refuses([root('Build')], 'spec.steps[0].name: "Build" is not a DNS label');
    expect(gate.process.pid).toBe(pid);
  });

  it('say how large a graph may be', async () => {
    await gated().gate.writeSettings({ 'limits.maxSteps': '2' });
    await accepts([root('a'), root('b')]);
    await refuses([root('a'), root('b'), root('c')], 'spec.steps: 3 steps, but at most 2 are allowed');
  });

  it('stay in force when the next settings are wrong, and every mistake is reported', async () => {
    const { gate } = gated();
    await gate.writeSettings({ 'severity.MissingDependency': 'warn' });
    const refused = await readMetric('orchestration_gate_settings_reload_total{result="failure"}');
    const readNewLines = await gate.followLog();
    await gate.writeSettings({ 'severity.MissingDependancy': 'off', mode: 'maybe', 'severity.MissingSteps': 'off' });
    expect(await readNewLines()).toContainEqual(
      expect.objectContaining({
        level: 'error',
        mistakes: [
          'mode: "maybe" is not one of enforce, warn, off',
          'severity.MissingDependancy: unknown key; did you mean severity.MissingDependency?',
          'severity.MissingSteps: "off": this rule always denies, because without it the graph cannot be checked',
        ],
      }),
    );
    expect(await readMetric('orchestration_gate_settings_reload_total{result="failure"}')).toBe(refused + 1);
    await accepts(misspelt, `Warning: ${complaint}\n`);
  });

  it.each([
    ['warn', 'enforce', () => accepts(misspelt, `Warning: ${complaint}\n`)],
    ['enforce', 'off', () => refuses(misspelt)],
    ['off', 'enforce', () => accepts(misspelt)],
  ] as const)('give way to an override "%s" within seconds, which a metric shows', async (override, mode, follows) => {
    const { gate } = gated();
    const series = `orchestration_gate_override_active{mode="${override}"}`;
    await gate.writeSettings({ mode });
    await (mode === 'off' ? accepts(misspelt) : refuses(misspelt));

    await gate.setOverride(override);
    await follows();
    expect(await readMetric(series)).toBe(1);

    await gate.setOverride(undefined);
    await (mode === 'off' ? accepts(misspelt) : refuses(misspelt));
    expect(await readMetric(series)).toBe(0);
  });

  describe('are not left to the failure policy by a client that reaches the port', () => {
    /**
     * Sends the beginnings of far more reviews than the gate decides at once. They are fewer than the connections that one
     * address may open in a second, because the API server's reviews come from the same address here.
     */
    async function crowdGate() {
      const { gate } = gated();
      const head =
        'POST /validate HTTP/1.1\r\nHost: gate\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{';
      const target = { port: Number(new URL(gate.url).port), host: '127.0.0.1', ca: gate.caPem };
      const sockets = Array.from({ length: 100 }, () => connect(target).on('error', () => {}));
      await Promise.all(sockets.map((socket) => once(socket, 'secureConnect')));
      for (const socket of sockets) socket.write(head);
      return {
        [Symbol.dispose]: () => {
          for (const socket of sockets) socket.destroy();
        },
      };
    }

    it.each(['Fail', 'Ignore'])('be it %s', async (failurePolicy) => {
      await gated().gate.writeSettings({ failurePolicy });
      using _ = await crowdGate();
      await refuses(misspelt);
      await accepts([root('build'), step('test', 'build')]);
    });
  });
});
