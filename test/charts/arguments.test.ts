import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { listPresets, renderPreset } from '../../scripts/chart-goldens.ts';
import { suggestName } from '../../src/dag/suggest.ts';
import { readReconcileConfiguration } from '../../src/runtime/reconcile-configuration.ts';
import { readReleaseConfiguration } from '../../src/runtime/release-configuration.ts';
import { readServeConfiguration } from '../../src/runtime/serve-configuration.ts';
import { readSettings } from '../support/controlplane/settings.ts';
import { resolveTools } from '../support/controlplane/tools.ts';

const root = join(import.meta.dirname, '../..');
const { helm } = await resolveTools(readSettings(process.env));
const rendered = new Map(
  await Promise.all(listPresets(root).map(async (preset) => [preset, await renderPreset(root, helm, preset)] as const)),
);
const verbs = {
  serve: readServeConfiguration,
  reconcile: readReconcileConfiguration,
  release: readReleaseConfiguration,
};

interface Container {
  readonly name: string;
  readonly args: readonly [keyof typeof verbs, ...string[]];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
}

it.each(['default', 'ha', 'namespaced', 'cluster-scoped'])(
  'asks about the Service that the webhooks name, whatever it is called: %s',
  (preset) => {
    const text = rendered.get(preset) ?? '';
    const service = parseAllDocuments(text).find((one) => one.get('kind') === 'Service');
    expect(text).toContain(`"--certificate-service=${service?.getIn(['metadata', 'name'])}"`);
  },
);

it.each([...rendered])('starts all programs of preset %s as they are to be started', (_, manifest) => {
  const objects = parseAllDocuments(manifest).map((one) => one.toJS());
  const workloads = objects.filter(({ kind }) => kind === 'Deployment' || kind === 'Job');
  const containers: readonly Container[] = workloads.flatMap(({ spec }) => spec.template.spec.containers);
  for (const { args, env = [] } of containers) {
    const [verb, ...flags] = args;
    const environment = Object.fromEntries(env.map(({ name, value = 'from-the-pod' }) => [name, value]));
    const suggest = (wanted: string, candidates: readonly string[]) => suggestName(wanted, candidates);
    expect(verbs[verb]({ args: flags, environment, suggest })).toMatchObject({ ok: true });
  }
});
