import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ControlPlane } from '../support/controlplane/controlplane.ts';
import { readSettings } from '../support/controlplane/settings.ts';
import { describeNeeding, startOwnControlPlane } from '../support/controlplane/suite.ts';
import { resolveHelm3 } from '../support/controlplane/tools.ts';

const root = join(import.meta.dirname, '../..');
const chart = join(root, 'charts/orchestration-gate-crds');
const crds = ['orchestrationruns', 'orchestrations'].map(
  (plural) => `customresourcedefinition.apiextensions.k8s.io/${plural}.orchestration.proompteng.ai`,
);

// The tests of this suite are the life of one release, in order.
describeNeeding(['ownControlPlane'], 'the CRD chart', () => {
  let plane: ControlPlane;

  beforeAll(async () => {
    plane = await startOwnControlPlane();
  });
  afterAll(() => plane?.stop());

  const helm = (...toolArguments: string[]) => plane.helm(toolArguments);
  const read = async (...toolArguments: string[]) => succeeded(await plane.kubectl(toolArguments));
  const readDescription = () =>
    read('get', 'crd', 'orchestrations.orchestration.proompteng.ai', '-o', 'jsonpath={..openAPIV3Schema.description}');
  const patchStatus = (kind: string, name: string, phase: string, condition: object) => {
    const message = '';
    const lastTransitionTime = '2025-11-23T00:00:00Z';
    const patch = { status: { phase, conditions: [{ ...condition, message, lastTransitionTime }] } };
    return read('patch', kind, name, '--subresource=status', '--type=merge', '-p', JSON.stringify(patch));
  };
  /** The lines of `kubectl get`, without the age. */
  const columns = async (kind: string) =>
    (await read('get', kind))
      .trim()
      .split('\n')
      .map((line) =>
        line
          .replace(/\d+s\s*$/, '')
          .trim()
          .replace(/ +/g, ' '),
      );

  it('is rendered by a kustomize overlay, with and without includeCRDs', async () => {
    const folder = join(plane.folder, 'overlay');
    await cp(chart, join(folder, 'charts/orchestration-gate-crds'), { recursive: true });
    const helm3 = await resolveHelm3(readSettings(plane.environment));
    for (const includeCRDs of [true, false]) {
      const overlay = {
        helmGlobals: { chartHome: 'charts' },
        helmCharts: [{ name: 'orchestration-gate-crds', includeCRDs }],
      };
      await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(overlay));
      const rendered = await read('kustomize', '--enable-helm', '--helm-command', helm3, folder);
      expect(rendered.match(/^kind: CustomResourceDefinition$/gm)).toHaveLength(crds.length);
    }
  });

  it('rejects an adoption of the CRDs of the agents chart', async () => {
    const theirs = join(root, 'test/fixtures/agents-crds/orchestrations.yaml');
    await read('create', '-f', theirs);
    expect(await helm('install', 'crds', chart)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot be imported'),
    });
    expect(await readDescription()).toBe('');
    await read('delete', '-f', theirs);
  });

  it('brings both kinds, with what matters about them as columns', async () => {
    succeeded(await helm('install', 'crds', chart));
    await read('wait', '--for=condition=Established', ...crds);
    await read('apply', '-f', join(root, 'examples/canary.yaml'));
    await patchStatus('orch', 'release-shop', 'Ready', { type: 'Ready', status: 'True', reason: 'Valid' });
    await patchStatus('orchrun', 'release-shop-2-7-0', 'Failed', {
      type: 'Succeeded',
      status: 'False',
      reason: 'StepFailed',
    });
    expect(await columns('orch')).toEqual(['NAME PHASE READY ENTRYPOINT AGE', 'release-shop Ready True canary']);
    expect(await columns('orchrun')).toEqual([
      'NAME PHASE PROGRESS REASON ORCHESTRATION AGE',
      'release-shop-2-7-0 Failed StepFailed release-shop',
    ]);
    expect(await read('explain', 'orchestration.spec.steps.continueOnFailure')).toContain(
      'If true, the dependents of this step',
    );
  });

  it('upgrades the CRDs with `helm upgrade`', async () => {
    const next = join(plane.folder, 'next');
    await cp(chart, next, { recursive: true });
    const file = join(next, 'templates/orchestrations.yaml');
    const before = await readDescription();
    await writeFile(file, (await readFile(file, 'utf8')).replace(before, 'Changed.'));
    succeeded(await helm('upgrade', 'crds', next));
    expect(await readDescription()).toBe('Changed.');
  });

  it('leaves the CRDs and what users made when it is uninstalled, and finds them again', async () => {
    succeeded(await helm('uninstall', 'crds'));
    succeeded(await helm('install', 'crds', chart));
    expect(await read('get', 'orch,orchrun', '-o', 'name')).toBe(
      'orchestration.orchestration.proompteng.ai/release-shop\n' +
        'orchestrationrun.orchestration.proompteng.ai/release-shop-2-7-0\n',
    );
    expect(await readDescription()).not.toBe('Changed.');
  });
});

/** What a client printed; throws its error output if it failed. */
function succeeded({ code, stdout, stderr }: Awaited<ReturnType<ControlPlane['helm']>>): string {
  if (code !== 0) throw new Error(stderr);
  return stdout;
}
