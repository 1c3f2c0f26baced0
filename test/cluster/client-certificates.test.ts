import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeGeneration } from '../../src/tls/files.ts';
import { issueCertificateAuthority } from '../../src/tls/issue.ts';
import { askGate, issueClientCertificate } from '../support/client-certificate.ts';
import type { ControlPlane } from '../support/controlplane/controlplane.ts';
import { describeNeeding, startOwnControlPlane } from '../support/controlplane/suite.ts';
import { type Gate, installCrds, installWebhooks, startGate } from '../support/gate.ts';
import { connectGated, type GatedNamespace, orchestration } from '../support/gated.ts';
import { root, step } from '../support/steps.ts';

describeNeeding(['ownControlPlane'], 'an API server that has a certificate for webhooks', () => {
  let folder: string;
  let plane: ControlPlane | undefined;
  let gate: Gate | undefined;
  let gated: GatedNamespace;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'client-certificates-'));
    const authority = await issueCertificateAuthority({
      commonName: 'callers',
      lifetimeMs: 3_600_000,
      now: new Date(),
    });
    await writeGeneration(join(folder, 'ca'), { 'ca.crt': authority.certificatePem });
    plane = await startOwnControlPlane({ apiserverFlags: [await configureAdmission(authority)] });
    await installCrds(plane, 'ours');
    gate = await startGate({ flags: [`--client-ca-dir=${join(folder, 'ca')}`] });
    await installWebhooks(plane, gate, { release: 'gate', namespaces: ['default'] });
    gated = connectGated(plane, 'default', gate);
  });
  afterAll(async () => {
    await gate?.stop();
    await plane?.stop();
    await rm(folder, { recursive: true });
  });

  it('is answered by a gate that requires a client certificate', async () => {
    const create = ['create', '-f', '-'];
    expect(await gated.kubectl(create, orchestration('sound', [root('a'), step('b', 'a')]))).toMatchObject({ code: 0 });
    expect(await gated.kubectl(create, orchestration('round', [step('a', 'b'), step('b', 'a')]))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('dependency cycle'),
    });
    await expect(askGate(gated.gate, '{}')).rejects.toThrow();
  });

  /** Configures admission as docs/how-to/harden.md says, but with the certificate in the kubeconfig itself. */
  async function configureAdmission(authority: Parameters<typeof issueClientCertificate>[0]): Promise<string> {
    const { certificatePem, privateKeyPem } = issueClientCertificate(authority, 'kube-apiserver');
    const base64 = (pem: string) => Buffer.from(pem).toString('base64');
    const kubeConfigFile = join(folder, 'kubeconfig');
    const user = { 'client-certificate-data': base64(certificatePem), 'client-key-data': base64(privateKeyPem) };
    await writeFile(kubeConfigFile, JSON.stringify({ apiVersion: 'v1', kind: 'Config', users: [{ name: '*', user }] }));
    const configuration = {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'WebhookAdmissionConfiguration',
      kubeConfigFile,
    };
    const path = join(folder, 'admission');
    const plugins = ['ValidatingAdmissionWebhook', 'MutatingAdmissionWebhook'].map((name) => ({ name, configuration }));
    await writeFile(
      path,
      JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration', plugins }),
    );
    return `--admission-control-config-file=${path}`;
  }
});
