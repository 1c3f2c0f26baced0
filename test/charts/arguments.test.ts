import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { listPresets, renderPreset } from '../../scripts/chart-goldens.ts';
import { reconcileCommand } from '../../src/cli/commands/reconcile.ts';
import { releaseCommand } from '../../src/cli/commands/release.ts';
import { serveCommand } from '../../src/cli/commands/serve.ts';
import { configurationOf } from '../cli/run-command.ts';
import { readSettings } from '../support/controlplane/settings.ts';
import { resolveTools } from '../support/controlplane/tools.ts';

const root = join(import.meta.dirname, '../..');
const { helm } = await resolveTools(readSettings(process.env));
const rendered = new Map(
  await Promise.all(listPresets(root).map(async (preset) => [preset, await renderPreset(root, helm, preset)] as const)),
);

type Read = (
  flags: readonly string[],
  environment: Readonly<Record<string, string>>,
) => Promise<{ readonly configuration: object } | { readonly mistakes: readonly string[] }>;

const verbs = {
  serve: (...given) => configurationOf(serveCommand, ...given),
  reconcile: (...given) => configurationOf(reconcileCommand, ...given),
  release: (...given) => configurationOf(releaseCommand, ...given),
} as const satisfies Record<string, Read>;

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

it.each([...rendered])('starts all programs of preset %s as they are to be started', async (_, manifest) => {
  const objects = parseAllDocuments(manifest).map((one) => one.toJS());
  const workloads = objects.filter(({ kind }) => kind === 'Deployment' || kind === 'Job');
  const containers: readonly Container[] = workloads.flatMap(({ spec }) => spec.template.spec.containers);
  for (const { args, env = [] } of containers) {
    const [verb, ...flags] = args;
    const environment = Object.fromEntries(env.map(({ name, value = 'from-the-pod' }) => [name, value]));
    expect(await verbs[verb](flags, environment)).toHaveProperty('configuration');
  }
});
