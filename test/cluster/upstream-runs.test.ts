import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { startAgentsController } from '../support/agents-controller.ts';
import { sharedCluster } from '../support/controlplane/suite.ts';
import type { StoredObject } from '../support/namespaced-api.ts';
import { useReconciledNamespace } from '../support/reconciler.ts';
import { hasEnded, phasesOf } from '../support/statuses.ts';
import { LACKS_UPSTREAM, UPSTREAM_EXAMPLES } from '../support/upstream.ts';

interface StoredStep {
  readonly name: string;
}

describe('what was written for the agents chart’s controller', () => {
  const reconciled = useReconciledNamespace();

  it('runs to its end here: each of its examples, every step', async (ctx) => {
    if (!existsSync(UPSTREAM_EXAMPLES)) return ctx.skip(LACKS_UPSTREAM);
    const { namespace, api, statusOf, childrenOf } = reconciled();
    const examples = await readExamples();
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: examples });
    const created = await sharedCluster().kubectl(['-n', namespace, 'create', '-f', '-'], { input });
    expect(created).toMatchObject({ code: 0, stderr: '' });

    const orchestrations = examples.filter(({ kind }) => kind === 'Orchestration');
    const runs = examples.filter(({ kind }) => kind === 'OrchestrationRun');
    expect([orchestrations.length, runs.length].every((count) => count > 0)).toBe(true);
    for (const { metadata } of orchestrations) {
      const { status } = await api.waitFor('Orchestration', metadata.name, (stored) => stored['status'] !== undefined);
      expect(status).toMatchObject({
        phase: 'Ready',
        conditions: [{ status: 'True' }, { type: 'GateAccepted', status: 'True' }],
      });
    }
    const succeed = () => ({ phase: 'Succeeded', afterMs: 100 }) as const;
    const agents = startAgentsController(sharedCluster(), namespace, succeed);
    ctx.onTestFinished(agents.stop);
    for (const { metadata, spec } of runs) {
      const { name } = spec.orchestrationRef;
      const { steps } = orchestrations.find((one) => one.metadata.name === name)?.['spec'] ?? {};
      const status = await statusOf(metadata.name, hasEnded);
      expect(Object.entries(phasesOf(status))).toEqual(steps.map((step: StoredStep) => [step.name, 'Succeeded']));
      expect(await childrenOf(metadata.name)).toHaveLength(steps.length);
    }
  });
});

async function readExamples(): Promise<StoredObject[]> {
  const files = (await readdir(UPSTREAM_EXAMPLES)).filter((file) => file.endsWith('.yaml'));
  const texts = await Promise.all(files.map((file) => readFile(join(UPSTREAM_EXAMPLES, file), 'utf8')));
  return texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS()));
}
