import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueCertificateAuthority } from '../../src/tls/issue.ts';
import { connectApi, type SendToApi } from '../support/api.ts';
import { sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { CONFIGURATIONS, idleConfiguration, pathOf, readCaBundle } from '../support/idle-webhook.ts';
import { createSidecarAccount, type Sidecar, startSidecar } from '../support/sidecar.ts';

const SECRET = 'provided';
const patience = { timeout: 120_000, interval: 50 };
const merge = 'application/merge-patch+json';

describe('the publication of provided certificates', () => {
  const cluster = sharedCluster();
  const namespace = useNamespace();
  const name = `provided-${namespace}`;
  const secretPath = `/api/v1/namespaces/${namespace}/secrets/${SECRET}`;
  let send: SendToApi;
  let sidecar: Sidecar;

  beforeAll(async () => {
    send = connectApi(cluster);
    const account = await createSidecarAccount(cluster, namespace, SECRET, [`validating/${name}`]);
    sidecar = await startSidecar(account, [
      ...['--certificates=provided', `--certificate-secret=${SECRET}`, `--own-namespace=${namespace}`],
      `--webhook-configurations=validating/${name}`,
    ]);
  });
  afterAll(async () => {
    await send('DELETE', pathOf(`validating/${name}`));
    await sidecar?.stop();
  });

  it('says that there is nothing to publish, and nowhere to publish it', async () => {
    await expect
      .poll(() => told('certificates need attention'), patience)
      .toContain('nothing is published: the Secret does not exist');
    const missing = async () => (await sidecar.readLog()).filter(({ msg }) => msg.startsWith('no such webhook'));
    await expect.poll(missing, patience).toMatchObject([{ configuration: `validating/${name}` }]);
  });

  it('publishes ca.crt of the Secret, and follows it', async () => {
    await send('POST', CONFIGURATIONS, idleConfiguration(name));
    for (const commonName of ['first', 'second']) {
      const { certificatePem } = await issueCertificateAuthority({
        commonName,
        lifetimeMs: 3_600_000,
        now: new Date(),
      });
      const data = { 'ca.crt': Buffer.from(certificatePem).toString('base64') };
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: SECRET }, data };
      if (commonName === 'first') await send('POST', secretPath.replace(`/${SECRET}`, ''), secret);
      else await send('PATCH', secretPath, { data }, merge);
      await expect.poll(() => readCaBundle(send, `validating/${name}`), patience).toBe(certificatePem);
    }
  });

  it('leaves what is published alone when ca.crt no longer holds a certificate', async () => {
    const before = await readCaBundle(send, `validating/${name}`);
    await send('PATCH', secretPath, { data: { 'ca.crt': Buffer.from('garbage').toString('base64') } }, merge);
    await expect
      .poll(() => told('certificates need attention'), patience)
      .toContain('nothing is published: ca.crt of the Secret holds no certificate');
    expect(await readCaBundle(send, `validating/${name}`)).toBe(before);
  });

  async function told(message: string): Promise<readonly unknown[]> {
    return (await sidecar.readLog()).filter(({ msg }) => msg === message).map(({ why }) => why);
  }
});
