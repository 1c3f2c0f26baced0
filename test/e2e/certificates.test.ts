import { describe, expect, it } from 'vitest';
import { issueCertificateAuthority, issueLeaf } from '../../src/tls/issue.ts';
import { waitUntil } from '../support/namespaced-api.ts';
import { type Release, sequence, useCrds, useRelease } from './release.ts';

const HOUR_MS = 60 * 60_000;
const quickly = ['gate.drainSeconds=3', 'minReadySeconds=1', 'replicaCount=1'];

useCrds('ours');

describe('with a certificate that is provided', () => {
  const release = useRelease();

  it('answers, and follows another one of another authority', async () => {
    await writeSecret(release, 'given');
    await release.deploy('install', ...quickly, 'certificates.mode=provided', 'certificates.provided.secretName=given');
    await release.waitForDenial();
    const caPem = await writeSecret(release, 'given');
    await waitUntil(
      'the new authority to be published',
      async () => (await readBundle(release)) === caPem,
      undefined,
      120,
    );
    await waitForAnswers(release);
  });
});

describe('with certificates of cert-manager', () => {
  const release = useRelease();

  it('answers when cert-manager has filled its Secret and caBundle, and leaves both to it', async () => {
    const { cluster, namespace } = release;
    await release.kubectl(['apply', '-f', 'test/fixtures/operator-crds']);
    await release.kubectl(['wait', '--for=condition=Established', '-f', 'test/fixtures/operator-crds']);
    const installed = release.deploy(
      'install',
      ...quickly,
      'certificates.mode=certManager',
      'certificates.certManager.issuerRef.name=any',
      // Without the audit, the sidecar has nothing left to do.
      'audit.enabled=false',
    );
    await waitUntil(
      'a Certificate',
      async () => (await release.tryKubectl(['get', 'certificate/orchestration-gate'])).code === 0,
    );
    // From here on, the test acts as cert-manager: the Certificate names the Secret, the annotation the authority.
    const secret = await release.kubectl([
      'get',
      'certificate/orchestration-gate',
      '-o',
      'jsonpath={.spec.secretName}',
    ]);
    const caPem = await writeSecret(release, secret);
    for (const kind of ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations']) {
      const all = JSON.parse((await cluster.kubectl(['get', kind, '-o', 'json'])).stdout) as {
        items: readonly Webhook[];
      };
      const injected = all.items.filter(
        ({ metadata }) =>
          metadata.annotations?.['cert-manager.io/inject-ca-from'] === `${namespace}/orchestration-gate`,
      );
      expect(injected).toHaveLength(kind.startsWith('validating') ? 2 : 1);
      for (const { metadata } of injected) await inject(release, `${kind}/${metadata.name}`, caPem);
    }
    await installed;
    await release.waitForDenial();
    expect(await readBundle(release)).toBe(caPem);
    const containers = 'jsonpath={.spec.template.spec.containers[*].name}';
    expect(await release.kubectl(['get', 'deployment/orchestration-gate', '-o', containers])).toBe('gate');
    await release.kubectl(['delete', '-f', 'test/fixtures/operator-crds']);
  });
});

/** Writes a new pair and its authority into the Secret, and returns the authority. */
async function writeSecret(release: Release, name: string): Promise<string> {
  const terms = { lifetimeMs: HOUR_MS, now: new Date() };
  const authority = await issueCertificateAuthority({ commonName: 'authority of a test', ...terms });
  const dnsNames = [`orchestration-gate.${release.namespace}.svc`];
  const leaf = await issueLeaf({ authority, dnsNames, ipAddresses: [], ...terms });
  const stringData = {
    'tls.crt': leaf.certificatePem,
    'tls.key': leaf.privateKeyPem,
    'ca.crt': authority.certificatePem,
  };
  await release.kubectl(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData });
  return authority.certificatePem;
}

async function inject({ kubectl }: Release, configuration: string, caPem: string): Promise<void> {
  const value = Buffer.from(caPem).toString('base64');
  const patch = [{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value }];
  await kubectl(['patch', configuration, '--type=json', '--patch', JSON.stringify(patch)]);
}

async function readBundle({ kubectl, namespace }: Release): Promise<string> {
  const name = `validatingwebhookconfiguration/${namespace}-orchestration-gate-orchestrations`;
  const bundle = await kubectl(['get', name, '-o', 'jsonpath={.webhooks[0].clientConfig.caBundle}']);
  return Buffer.from(bundle, 'base64').toString();
}

/** The kubelet brings the pair after the sidecar has published its authority. Until then, applies are refused. */
async function waitForAnswers({ judge }: Release): Promise<void> {
  await waitUntil(
    'answers under the new authority',
    async () => (await judge(sequence('good'))).code === 0,
    undefined,
    150,
  );
}

interface Webhook {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
}
