import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPaperApi } from '../../test/support/paper-api.ts';
import type { Row } from '../table.ts';
import { cpuSeconds } from '../usage.ts';
import { untilQuiet } from './history.ts';
import { startReconciler } from './process.ts';

const MIB = 1024 * 1024;
const STORED = 5_000;
const STEPS = 20;

/** Returns an Orchestration. Every tenth has a cycle, so that the audit records an Event about it. */
function orchestrationAt(index: number): object {
  const name = `stored-${index}`;
  const steps = Array.from({ length: STEPS }, (_, step) => ({
    name: `step-${step}`,
    kind: 'ToolRun',
    toolRef: { name: 'echo' },
    dependsOn: step > 0 ? [`step-${step - 1}`] : index % 10 === 0 ? [`step-${STEPS - 1}`] : [],
    with: { prompt: 'x'.repeat(200) },
  }));
  return {
    apiVersion: 'orchestration.proompteng.ai/v1alpha1',
    kind: 'Orchestration',
    metadata: { name, namespace: 'paper', uid: name, generation: 1, resourceVersion: '7' },
    spec: { steps },
  };
}

/**
 * Measures what the audit of stored Orchestrations costs an engine that executes nothing, with an API server that makes
 * up its lists.
 */
export async function benchAudit(): Promise<Row[]> {
  const one = await audit(1);
  const all = await audit(STORED);
  const what = `reconciler: audit of ${STORED.toLocaleString('en')} stored Orchestrations of ${STEPS} steps`;
  return [
    {
      what: `${what}, memory that they add`,
      unit: 'MiB',
      ours: all.residentMib - one.residentMib,
      budget: { max: 50 },
    },
    { what: `${what}, CPU for each`, unit: 'ms', ours: (all.cpuMs - one.cpuMs) / STORED, budget: { max: 2 } },
  ];
}

async function audit(stored: number): Promise<{ readonly residentMib: number; readonly cpuMs: number }> {
  await using api = await startPaperApi({
    kinds: { orchestrations: { size: stored, at: orchestrationAt } },
    read: () => undefined,
    kubeconfigPath: join(tmpdir(), `paper-${randomUUID()}`),
  });
  await using reconciler = await startReconciler(api.kubeconfig, { onlyAudits: true });
  await untilQuiet(api);
  const events = api.writes.length;
  if (events !== Math.ceil(stored / 10))
    throw new Error(`the audit recorded ${events} Events of ${stored} Orchestrations`);
  return { residentMib: reconciler.engineBytes() / MIB, cpuMs: cpuSeconds(reconciler.pids()) * 1_000 };
}
