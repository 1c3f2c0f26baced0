import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { listPresets, renderPreset } from '../../scripts/chart-goldens.ts';
import { isRecord } from '../../src/orchestration/decode.ts';
import { Finalizer } from '../../src/orchestration/vocabulary/metadata.ts';
import { issueCertificateAuthority } from '../../src/tls/issue.ts';
import { startCli } from '../support/cli.ts';
import type { ControlPlane } from '../support/controlplane/controlplane.ts';
import { readSettings } from '../support/controlplane/settings.ts';
import { describeNeeding, startOwnControlPlane } from '../support/controlplane/suite.ts';
import { resolveHelm3, resolveTools } from '../support/controlplane/tools.ts';
import { installCrds } from '../support/gate.ts';
import { createKubelet } from '../support/kubelet.ts';
import { connectNamespace, type NamespacedApi } from '../support/namespaced-api.ts';

const root = join(import.meta.dirname, '../..');
const chart = join(root, 'charts/orchestration-gate');
const { certificatePem } = await issueCertificateAuthority({ commonName: 'any', lifetimeMs: 60_000, now: new Date() });
const ANY_PEM = Buffer.from(certificatePem).toString('base64');

describeNeeding(['ownControlPlane'], 'the chart', () => {
  let plane: ControlPlane;

  beforeAll(async () => {
    plane = await startOwnControlPlane({ controllerManager: true });
    const crds = join(root, 'test/fixtures/operator-crds');
    await kubectl(['apply', '-f', crds]);
    await kubectl(['wait', '--for=condition=Established', '-f', crds]);
    await installCrds(plane, 'agents');
    for (const namespace of ['agents', 'agents-staging', 'elsewhere'])
      await kubectl(['create', 'namespace', namespace]);
  });
  afterAll(() => plane?.stop());

  const kubectl = async (toolArguments: readonly string[], input?: string) =>
    succeeded(await plane.kubectl(toolArguments, input === undefined ? {} : { input }));
  const helm = async (...toolArguments: string[]) => succeeded(await plane.helm(toolArguments));

  /** Plays the node for the Job of a hook: runs its program here, under the pod's account. Returns what it said. */
  async function playHook(api: NamespacedApi, job: string): Promise<string> {
    const { podOf, runPod } = createKubelet(api);
    const { serviceAccountName, containers } = (await podOf(job))['spec'];
    const kubeconfig = await plane.serviceAccountKubeconfig('agents', serviceAccountName);
    const env = { POD_NAMESPACE: 'agents', KUBECONFIG: kubeconfig };
    const { code, stdout } = await startCli(containers[0].args, { env }).ended;
    await runPod(job, code ?? 1);
    return stdout;
  }

  describe.each(listPresets(root))('as preset %s', (preset) => {
    it('is accepted by the API server, every field known, and lacks none that it would fill in', async () => {
      const tools = await resolveTools(readSettings(plane.environment));
      const rendered = parseAllDocuments(await renderPreset(root, tools.helm, preset))
        .map((document) => document.toJS() as Manifest)
        .filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] === undefined);
      const dryRun = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-o', 'json', '-f', '-'];
      const list = { apiVersion: 'v1', kind: 'List', items: rendered };
      const { items } = JSON.parse(await kubectl(dryRun, JSON.stringify(list))) as { items: Manifest[] };
      const added = items.flatMap((item, index) => findAdded(rendered[index], item, item.kind));
      expect(added.filter((path) => !OF_THE_SERVER.some((pattern) => pattern.test(path)))).toEqual([]);
    });
  });

  it('is rendered by a kustomize overlay with its CRDs, pinned by digest, and applies', async () => {
    const overlay = join(root, 'examples/gitops');
    const helm3 = await resolveHelm3(readSettings(plane.environment));
    const flags = ['--enable-helm', '--load-restrictor', 'LoadRestrictionsNone', '--helm-command', helm3];
    const rendered = await kubectl(['kustomize', overlay, ...flags]);
    expect(rendered.match(/^kind: CustomResourceDefinition$/gm)).toHaveLength(2);
    expect(new Set(rendered.match(/image: .*/g))).toEqual(
      new Set([`image: registry.example/orchestration-gate@sha256:${'0'.repeat(64)}`]),
    );
    // The agents chart's CRDs are there already, with all of their fields.
    const apply = ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--validate=strict', '-f', '-'];
    await kubectl(apply, rendered);
  });

  it('has a PreSync job for Argo CD that the API server takes', async () => {
    const job = join(chart, 'argocd/presync-job.yaml');
    await kubectl(['--namespace=agents', 'create', '--dry-run=server', '--validate=strict', '-f', job]);
  });

  describe('installed twice, in two namespaces', () => {
    const install = (verb: string, namespace: string) =>
      helm(verb, 'gate', chart, '--namespace', namespace, '--set', 'orchestrationController.enabled=true');

    it('runs twice side by side', async () => {
      for (const namespace of ['agents', 'elsewhere']) await install('install', namespace);
      const configurations = await kubectl(['get', 'validatingwebhookconfigurations', '-o', 'name']);
      expect(configurations.match(/\/agents-gate-|\/elsewhere-gate-/g)).toHaveLength(4);
    });

    it('has its absence counted by the API server as the alerts expect', async () => {
      // No pod answers here. An Orchestration is refused, a run passes.
      const create = (kind: string, spec: object) => {
        const object = { apiVersion: 'orchestration.proompteng.ai/v1alpha1', kind, metadata: { name: 'x' }, spec };
        return plane.kubectl(['-n', 'agents', 'create', '--dry-run=server', '-f', '-'], {
          input: JSON.stringify(object),
        });
      };
      const orchestration = { steps: [{ name: 'a', kind: 'Checkpoint' }] };
      expect((await create('Orchestration', orchestration)).stderr).toContain('failed calling webhook');
      expect((await create('OrchestrationRun', { orchestrationRef: { name: 'x' } })).code).toBe(0);
      const metrics = await kubectl(['get', '--raw', '/metrics']);
      const series = (name: string) => metrics.split('\n').filter((line) => line.startsWith(`${name}{`));
      const named = /name="\w+[.]orchestrations[.]orchestration[.]proompteng[.]ai"/;
      expect(series('apiserver_admission_webhook_rejection_count')).toContainEqual(
        expect.stringMatching(`error_type="calling_webhook_error".*${named.source}`),
      );
      expect(series('apiserver_admission_webhook_fail_open_count')).toContainEqual(
        expect.stringContaining('name="validate.orchestrationruns.orchestration.proompteng.ai"'),
      );
    });

    it('leaves alone on an upgrade what was filled in at run time', async () => {
      const filled: Readonly<Record<string, object>> = {
        'secret/gate-orchestration-gate-ca': { data: { state: 'a2VwdA==' } },
        'lease/orchestration-gate-reconciler': { spec: { holderIdentity: 'somebody' } },
      };
      for (const [name, content] of Object.entries(filled))
        await kubectl(['--namespace=agents', 'patch', name, '--type=merge', '--patch', JSON.stringify(content)]);
      const webhook = 'validatingwebhookconfiguration/agents-gate-orchestrations';
      const caBundle = [{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: ANY_PEM }];
      await kubectl(['patch', webhook, '--type=json', '--patch', JSON.stringify(caBundle)]);
      const readVersions = () =>
        Promise.all(
          [...Object.keys(filled), webhook].map((name) =>
            kubectl(['--namespace=agents', 'get', name, '-o', 'jsonpath={.metadata.resourceVersion}']),
          ),
        );
      const before = await readVersions();
      await install('upgrade', 'agents');
      expect(await readVersions()).toEqual(before);
    });

    it('leaves nothing behind, not even an AgentRun that is never released, and keeps the other release', async () => {
      const api = connectNamespace(plane.address, 'agents');
      const finalizers = ['example.com/theirs', Finalizer.Outcome];
      const spec = {
        agentRef: { name: 'any' },
        runtime: { type: 'job' },
        implementation: { inline: { text: 'Work.' } },
      };
      await api.create('AgentRun', 'held', { metadata: { finalizers }, spec });
      const hook = playHook(api, 'gate-orchestration-gate-release');
      await helm('uninstall', 'gate', '--namespace', 'agents', '--wait');
      expect(await hook).toMatch(/released 1 AgentRun of agents\nno AgentRun is held\n$/);
      expect((await api.read('AgentRun', 'held'))?.metadata).toMatchObject({ finalizers: ['example.com/theirs'] });
      expect(await api.list('Job')).toEqual([]);
      const kinds =
        'deployment,service,secret,lease,configmap,role,rolebinding,serviceaccount,poddisruptionbudget,' +
        'clusterrole,clusterrolebinding,validatingwebhookconfiguration,mutatingwebhookconfiguration,' +
        'validatingadmissionpolicy,validatingadmissionpolicybinding';
      const ours = ['-l', 'app.kubernetes.io/name=orchestration-gate', '-A', '-o', 'name'];
      const left = (await kubectl(['get', kinds, ...ours])).trim().split('\n');
      expect(left.filter((name) => name.includes('/agents-gate'))).toEqual([]);
      const inNamespace = await kubectl([
        'get',
        kinds,
        '-n',
        'agents',
        '-l',
        'app.kubernetes.io/name=orchestration-gate',
        '-o',
        'name',
      ]);
      expect(inNamespace.split('\n').filter((name) => name !== '' && !name.includes('/elsewhere-'))).toEqual([]);
      expect(left.filter((name) => name.includes('/elsewhere-gate')).length).toBeGreaterThan(5);
    });
  });
});

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
}

/** Paths of what only the second has, `Kind.field[0].field`. */
function findAdded(ours: unknown, theirs: unknown, path: string): string[] {
  if (Array.isArray(theirs))
    return theirs.flatMap((item, index) =>
      findAdded(Array.isArray(ours) ? ours[index] : undefined, item, `${path}[${index}]`),
    );
  if (!isRecord(theirs)) return ours === undefined ? [path] : [];
  if (ours === undefined) return [path];
  return Object.entries(theirs).flatMap(([key, value]) =>
    findAdded(isRecord(ours) ? ours[key] : undefined, value, `${path}.${key}`),
  );
}

function succeeded({ code, stdout, stderr }: Awaited<ReturnType<ControlPlane['helm']>>): string {
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

/** What a manifest cannot say, or must not say, because it depends on the cluster. */
const OF_THE_SERVER = [
  /^\w+\.metadata\.(uid|resourceVersion|creationTimestamp|generation|managedFields)$/,
  /^Service\.spec\.(clusterIP|clusterIPs\[0\]|ipFamilies\[0\]|ipFamilyPolicy)$/,
  /^\w+\.status$/,
];
