import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { checkAlertsPage } from '../../scripts/alerts-page.ts';
import { renderPreset } from '../../scripts/chart-goldens.ts';
import { CERTIFICATE_METRICS } from '../../src/runtime/certificate-metrics.ts';
import { ENGINE_METRICS } from '../../src/runtime/engine-metrics.ts';
import { GATE_METRICS } from '../../src/runtime/gate-metrics.ts';
import { SUPERVISOR_METRICS } from '../../src/runtime/supervisor-metrics.ts';
import { readSettings } from '../support/controlplane/settings.ts';
import { resolveTools } from '../support/controlplane/tools.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly runbook_url: string };
}
interface Panel {
  readonly id: number;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}
interface Dashboard {
  readonly panels: readonly Panel[];
}

const { helm } = await resolveTools(readSettings(process.env));
const rendered = parseAllDocuments(await renderPreset(root, helm, 'ha')).map((document) => document.toJS());
const alerts: readonly Alert[] = rendered.find(({ kind }) => kind === 'PrometheusRule').spec.groups[0].rules;
const dashboard: Dashboard = JSON.parse(
  rendered.find(({ data }) => data?.['orchestration-gate.json'] !== undefined).data['orchestration-gate.json'],
);
const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => [title, expr] as const),
);

/** Metrics of others: the API server's (test/cluster/chart.test.ts sees them there), and those of any process. */
const foreign = [
  'apiserver_admission_webhook_rejection_count',
  'apiserver_admission_webhook_fail_open_count',
  'process_resident_memory_bytes',
  'orchestration_gate_engine_nodejs_heap_size_used_bytes',
];
const metrics = [GATE_METRICS, SUPERVISOR_METRICS, ENGINE_METRICS, CERTIFICATE_METRICS].flatMap((table) =>
  Object.values(table),
);
const series = metrics.flatMap((metric) => ('buckets' in metric ? [`${metric.name}_bucket`] : [metric.name]));
const labelsOf = new Map<string, readonly string[]>(
  metrics.flatMap((metric) => {
    const labels = 'labelNames' in metric ? metric.labelNames : [];
    return [metric.name, `${metric.name}_bucket`].map((name) => [name, labels] as const);
  }),
);

/** The metrics that a query selects, each with the labels it is selected by. Throws if the text is not PromQL. */
function readSelectors(query: string): { readonly metric: string; readonly labels: readonly string[] }[] {
  const text = query.replaceAll('$__rate_interval', '5m');
  const selectors: { metric: string; labels: string[] }[] = [];
  parser.parse(text).iterate({
    enter({ type, from, to }) {
      if (type.isError) throw new Error(`no PromQL at ${from}: ${text}`);
      const word = text.slice(from, to);
      if (type.name === 'VectorSelector') selectors.push({ metric: /^\w+/.exec(word)?.[0] ?? '', labels: [] });
      if (type.name === 'LabelName' && isInMatcher(text, from)) selectors.at(-1)?.labels.push(word);
    },
  });
  return selectors;
}

/** Whether this place is inside braces, and not in `by (…)`. */
function isInMatcher(text: string, at: number): boolean {
  return text.lastIndexOf('{', at) > text.lastIndexOf('}', at);
}

/** The labels that Prometheus adds to each series of a pod that it scrapes through a Service. */
const ofTheTarget = ['namespace', 'service', 'pod', 'endpoint'];

describe.each([
  ...alerts.map(({ alert, expr }) => [`the alert ${alert}`, expr] as const),
  ...queries.map(([title, expr]) => [`the panel ${title}`, expr] as const),
])('%s', (_title, expr) => {
  it('selects metrics that are emitted, by labels that they have', () => {
    const selectors = readSelectors(expr);
    expect(selectors).not.toEqual([]);
    for (const { metric, labels } of selectors) {
      expect([...series, ...foreign]).toContain(metric);
      if (foreign.includes(metric)) continue;
      expect([...ofTheTarget, ...(labelsOf.get(metric) ?? [])]).toEqual(expect.arrayContaining([...labels]));
    }
  });
});

describe('docs/how-to/respond-to-alerts.md', () => {
  it('has a runbook for each alert, where the alert says, and for no other', () => {
    const headings = [...read('docs/how-to/respond-to-alerts.md').matchAll(/^### (OrchestrationGate\w+)$/gm)].map(
      ([, name]) => name,
    );
    expect(headings).toEqual(alerts.map(({ alert }) => alert));
    const anchors = alerts.map(({ annotations }) => annotations.runbook_url);
    expect(anchors).toEqual(alerts.map(({ alert }) => `docs/how-to/respond-to-alerts.md#${alert.toLowerCase()}`));
  });
});

describe('docs/reference/alerts.md', () => {
  it('has the alerts that the chart renders', async () => {
    expect(await checkAlertsPage(root, helm)).toEqual([]);
  });
});

describe('the dashboard', () => {
  it('gives every panel an id of its own', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
  });

  it('shows every metric of the gate', () => {
    const shown = queries.flatMap(([, expr]) =>
      readSelectors(expr).map(({ metric }) => metric.replace(/_bucket$/, '')),
    );
    const ours = Object.values(GATE_METRICS).map(({ name }) => name);
    expect(shown).toEqual(expect.arrayContaining(ours));
  });
});
