import { once } from 'node:events';
import { connect } from 'node:tls';
import { describe, expect, it, vi } from 'vitest';
import type { Step } from '../../src/dag/step.ts';
import { describeNeeding } from '../support/controlplane/suite.ts';
import { orchestration, useGatedNamespace } from '../support/gated.ts';
import { root, step } from '../support/steps.ts';

const misspelt = [root('build'), step('test', 'biuld')];
const complaint = 'spec.steps[1].dependsOn[0]: no step is named "biuld": did you mean "build"?';
const maxInFlight = 2;
const patience = { timeout: 10_000 };

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
    const line = page.split('\n').find((found) => found.startsWith(`${series} `));
    return Number(line?.slice(series.length));
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
    await refuses([root('a'), root('b'), root('c')], 'spec.steps: 3 steps, and at most 2 are allowed');
  });

  it('hold on when the next ones are wrong, whose every mistake is told', async () => {
    const { gate } = gated();
    await gate.writeSettings({ 'severity.MissingDependency': 'warn' });
    const refused = await readMetric('orchestration_gate_settings_reload_total{result="failure"}');
    const readNewLines = await gate.followLog();
    await gate.writeSettings({ 'severity.MissingDependancy': 'off', mode: 'maybe', 'severity.MissingSteps': 'off' });
    expect(await readNewLines()).toContainEqual(
      expect.objectContaining({
        level: 'error',
        mistakes: [
          'mode: "maybe" is none of enforce, warn, off',
          'severity.MissingDependancy: unknown key; did you mean severity.MissingDependency?',
          'severity.MissingSteps: "off": this rule always denies, since without it the graph cannot be decided',
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

    const brokenAt = performance.now();
    await gate.setOverride(override);
    await follows();
    expect(performance.now() - brokenAt).toBeLessThan(5_000);
    expect(await readMetric(series)).toBe(1);

    await gate.setOverride(undefined);
    await (mode === 'off' ? accepts(misspelt) : refuses(misspelt));
    expect(await readMetric(series)).toBe(0);
  });

  describe('under more reviews than may be in flight', () => {
    /** Begins so many reviews that there is no room for another one, and ends them when disposed of. */
    async function fillGate() {
      const { gate } = gated();
      const inFlight = 'orchestration_gate_admission_in_flight';
      const head = [
        'POST /validate HTTP/1.1',
        'Host: gate',
        'Content-Type: application/json',
        'Content-Length: 9',
        '',
        '',
      ];
      const sockets = Array.from({ length: maxInFlight }, () =>
        connect({ port: Number(new URL(gate.url).port), host: '127.0.0.1', ca: gate.caPem }),
      );
      await Promise.all(sockets.map((socket) => once(socket, 'secureConnect')));
      for (const socket of sockets) socket.write(head.join('\r\n'));
      await vi.waitUntil(async () => (await readMetric(inFlight)) === maxInFlight, patience);
      return {
        [Symbol.asyncDispose]: async () => {
          for (const socket of sockets) socket.destroy();
          await vi.waitUntil(async () => (await readMetric(inFlight)) === 0, patience);
        },
      };
    }
    const told = 'orchestration-gate: too many reviews are in flight: try again';

    it.each([
      ['Fail', (steps: readonly Step[]) => refuses(steps, told)],
      ['Ignore', (steps: readonly Step[]) => accepts(steps, `Warning: ${told} (not judged)\n`)],
    ])('let the failure policy %s answer', async (failurePolicy, follows) => {
      await gated().gate.writeSettings({ failurePolicy });
      await using _ = await fillGate();
      await follows(misspelt);
    });
  });
});
