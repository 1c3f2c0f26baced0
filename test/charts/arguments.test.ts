import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { suggestName } from '../../src/dag/suggest.ts';
import { readReconcileConfiguration } from '../../src/runtime/reconcile-configuration.ts';
import { readReleaseConfiguration } from '../../src/runtime/release-configuration.ts';
import { readServeConfiguration } from '../../src/runtime/serve-configuration.ts';

const golden = join(import.meta.dirname, 'golden');
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

it('asks about the Service that the webhooks name, whatever it is called', () => {
  for (const preset of ['default', 'ha', 'namespaced', 'cluster-scoped']) {
    const text = readFileSync(join(golden, `${preset}.yaml`), 'utf8');
    const service = parseAllDocuments(text).find((one) => one.get('kind') === 'Service');
    expect(text).toContain(`"--certificate-service=${service?.getIn(['metadata', 'name'])}"`);
  }
});

it.each(['default', 'ha', 'cert-manager', 'provided', 'namespaced', 'cluster-scoped', 'url'])(
  'starts all programs of preset %s as they are to be started',
  (preset) => {
    const objects = parseAllDocuments(readFileSync(join(golden, `${preset}.yaml`), 'utf8')).map((one) => one.toJS());
    const workloads = objects.filter(({ kind }) => kind === 'Deployment' || kind === 'Job');
    const containers: readonly Container[] = workloads.flatMap(({ spec }) => spec.template.spec.containers);
    for (const { args, env = [] } of containers) {
      const [verb, ...flags] = args;
      const environment = Object.fromEntries(env.map(({ name, value = 'from-the-pod' }) => [name, value]));
      const suggest = (wanted: string, candidates: readonly string[]) => suggestName(wanted, candidates);
      expect(verbs[verb]({ args: flags, environment, suggest })).toMatchObject({ ok: true });
    }
  },
);
