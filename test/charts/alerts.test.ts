import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { renderPreset } from '../../scripts/chart-goldens.ts';
import { readSettings } from '../support/controlplane/settings.ts';
import { resolveTools } from '../support/controlplane/tools.ts';

interface Alert {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The values of each series, one for each minute, in Prometheus' notation. `_` is no value. */
type Series = Readonly<Record<string, string>>;

interface Firing {
  readonly series: Series;
  /** The minute at which the alert must fire. It must not fire a minute earlier. */
  readonly at: number;
  /** Its labels in addition to `severity`. */
  readonly labels?: Readonly<Record<string, string>>;
}

const { helm } = await resolveTools(readSettings(process.env));
const { spec } = parseAllDocuments(await renderPreset(join(import.meta.dirname, '../..'), helm, 'ha'))
  .map((document) => document.toJS())
  .find(({ kind }) => kind === 'PrometheusRule');
const alerts: readonly Alert[] = spec.groups[0].rules;

const MINUTES = 60;
const own = (name: string, labels = '') =>
  `orchestration_gate_${name}{namespace="agents",service="gate-orchestration-gate",pod="a"${labels && `,${labels}`}}`;
const ofWebhook = (name: string, webhook: string, labels = '') =>
  `apiserver_admission_webhook_${name}{name="${webhook}"${labels && `,${labels}`}}`;
const hook = 'validate.orchestrations.orchestration.proompteng.ai';
const unreachable = ofWebhook('rejection_count', hook, 'error_type="calling_webhook_error"');
const constant = (value: number) => `${value}x${MINUTES}`;
/** Zero for five minutes, then one. */
const once = `0x4 1x${MINUTES}`;

/** A gate that works, next to another release and a webhook of others, which do not work. */
const healthy: Series = {
  [own('admission_in_flight')]: constant(0),
  [own('override_active', 'mode="warn"')]: constant(0),
  [own('certificate_not_after_seconds')]: constant(20 * 86_400), // Time begins at 0.
  [own('certificate_reload_total', 'result="failure"')]: constant(0),
  [own('certificate_reload_total', 'result="success"')]: once,
  [own('ca_bundle_in_sync', 'configuration="validating/gate"')]: constant(1),
  [own('settings_reload_total', 'result="failure"')]: constant(0),
  [own('settings_reload_total', 'result="success"')]: once,
  [own('admission_deadline_exceeded_total', 'webhook="validate"')]: constant(0),
  [own('admission_requests_total', 'verdict="overloaded"')]: constant(0),
  [own('admission_requests_total', 'verdict="denied"')]: `0+60x${MINUTES}`,
  [own('admission_panics_total', 'webhook="validate"')]: constant(0),
  [own('audit_denied', 'resource_namespace="ci"')]: `1x10 0x${MINUTES}`, // Fixed before the alert fires.
  [own('leader')]: constant(1),
  [own('leader').replace('"a"', '"b"')]: constant(0),
  [own('engine_restarts_total', 'cause="crash"')]: constant(0),
  [own('buckets_unowned_seconds')]: constant(2),
  [own('buckets_unowned_seconds').replace('"a"', '"b"')]: `0+60x${MINUTES}`,
  [own('quarantined', 'kind="OrchestrationRun"')]: constant(0),
  [own('status_contested_total', 'kind="OrchestrationRun"')]: constant(0),
  [own('workqueue_overdue_seconds', 'kind="OrchestrationRun"')]: constant(0),
  [own('engine_nodejs_heap_size_used_bytes')]: constant(50),
  [own('engine_heap_limit_bytes')]: constant(100),
  [own('watch_age_seconds', 'resource="jobs"')]: constant(30),
  [own('leader').replace('agents', 'elsewhere')]: constant(0),
  [own('admission_panics_total', 'webhook="validate"').replace('agents', 'elsewhere')]: `0+1x${MINUTES}`,
  [ofWebhook('rejection_count', hook, 'error_type="no_error"')]: `0+60x${MINUTES}`,
  [ofWebhook('rejection_count', 'a.example', 'error_type="calling_webhook_error"')]: `0+60x${MINUTES}`,
  [ofWebhook('fail_open_count', 'a.example')]: `0+60x${MINUTES}`,
};

/** For each alert, the series that differ when it must fire. */
const firing: Readonly<Record<string, Firing>> = {
  OrchestrationGateDown: {
    series: { [own('admission_in_flight')]: '_' },
    at: 5,
    labels: { namespace: 'agents', service: 'gate-orchestration-gate' },
  },
  OrchestrationGateUnreachable: { series: { [unreachable]: `_x5 1+3x${MINUTES}` }, at: 11, labels: { name: hook } },
  OrchestrationGateFailsOpen: {
    series: { [ofWebhook('fail_open_count', hook)]: `_x5 1x${MINUTES}` },
    at: 5,
    labels: { name: hook },
  },
  OrchestrationGateOverrideActive: {
    series: { [own('override_active', 'mode="warn"')]: once },
    at: 5,
    labels: { mode: 'warn' },
  },
  OrchestrationGateCertificateExpires: {
    series: { [own('certificate_not_after_seconds')]: constant(5 * 86_400 + 1) },
    at: 16,
  },
  OrchestrationGateCertificateRefused: {
    series: { [own('certificate_reload_total', 'result="failure"')]: once },
    at: 5,
  },
  OrchestrationGateBundleOutOfSync: {
    series: { [own('ca_bundle_in_sync', 'configuration="validating/gate"')]: constant(0) },
    at: 5,
    labels: { configuration: 'validating/gate' },
  },
  OrchestrationGateSettingsRefused: { series: { [own('settings_reload_total', 'result="failure"')]: once }, at: 5 },
  OrchestrationGateTooSlow: {
    series: { [own('admission_deadline_exceeded_total', 'webhook="validate"')]: once },
    at: 5,
  },
  OrchestrationGateOverloaded: { series: { [own('admission_requests_total', 'verdict="overloaded"')]: once }, at: 5 },
  OrchestrationGatePanics: { series: { [own('admission_panics_total', 'webhook="validate"')]: once }, at: 5 },
  OrchestrationGateStoredDenied: {
    series: { [own('audit_denied', 'resource_namespace="ci"')]: constant(1) },
    at: 15,
    labels: { resource_namespace: 'ci' },
  },
  OrchestrationGateNoLeader: { series: { [own('leader')]: constant(0) }, at: 5 },
  OrchestrationGateBucketsUnowned: {
    series: { [own('buckets_unowned_seconds')]: `2x4 21x${MINUTES}` },
    at: 5,
  },
  OrchestrationGateEngineRestarts: {
    series: { [own('engine_restarts_total', 'cause="crash"')]: `0x4 3x${MINUTES}` },
    at: 5,
    labels: { cause: 'crash' },
  },
  OrchestrationGateQuarantined: {
    series: { [own('quarantined', 'kind="OrchestrationRun"')]: once },
    at: 5,
    labels: { kind: 'OrchestrationRun' },
  },
  OrchestrationGateStatusContested: {
    series: { [own('status_contested_total', 'kind="OrchestrationRun"')]: once },
    at: 5,
    labels: { kind: 'OrchestrationRun' },
  },
  OrchestrationGateStuck: {
    series: { [own('workqueue_overdue_seconds', 'kind="OrchestrationRun"')]: `0+60x${MINUTES}` },
    at: 16,
    labels: { kind: 'OrchestrationRun' },
  },
  OrchestrationGateEngineMemory: {
    series: { [own('engine_nodejs_heap_size_used_bytes')]: `50x4 81x${MINUTES}` },
    at: 20,
  },
  OrchestrationGateWatchStale: {
    series: { [own('watch_age_seconds', 'resource="jobs"')]: constant(181) },
    at: 5,
    labels: { resource: 'jobs' },
  },
};

it('every alert of the chart has a case in which it fires', () => {
  expect(Object.keys(firing)).toEqual(alerts.map(({ alert }) => alert));
});

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
const unlessRun = hasPromtool ? '' : ' (not run: there is no promtool (make promtool fetches it))';

describe.skipIf(!hasPromtool).each(alerts)(`$alert${unlessRun}`, ({ alert, labels, annotations }) => {
  const folder = mkdtempSync(join(tmpdir(), 'alerts-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Checks with promtool that the alert fires as expected at these minutes. Returns the differences. */
  function evaluate(series: Series, expected: ReadonlyMap<number, readonly object[]>): string {
    const test = {
      interval: '1m',
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      alert_rule_test: [...expected].map(([minute, exp_alerts]) => ({
        eval_time: `${minute}m`,
        alertname: alert,
        exp_alerts,
      })),
    };
    writeFileSync(join(folder, 'rules.yaml'), JSON.stringify(spec));
    writeFileSync(join(folder, 'test.yaml'), JSON.stringify({ rule_files: ['rules.yaml'], tests: [test] }));
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', 'test.yaml'], {
      cwd: folder,
      encoding: 'utf8',
    });
    return status === 0 ? '' : stdout + stderr;
  }

  it('is silent while all is well', () => {
    expect(evaluate(healthy, new Map([1, 6, 20, 60].map((minute) => [minute, []])))).toBe('');
  });

  it('fires when it should, not before, and names the cause', () => {
    const { series, at, labels: ownLabels = {} } = firing[alert] as Firing;
    const told = Object.entries(annotations).map(([name, text]) => [
      name,
      text.replace(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => ownLabels[label] ?? 'no such label'),
    ]);
    const fired = { exp_labels: { ...labels, ...ownLabels }, exp_annotations: Object.fromEntries(told) };
    expect(
      evaluate(
        { ...healthy, ...series },
        new Map([
          [at - 1, []],
          [at, [fired]],
        ]),
      ),
    ).toBe('');
  });
});
