import { describe, expect, it } from 'vitest';
import { useExistingCluster } from '../support/controlplane/existing.ts';
import { sharedCluster } from '../support/controlplane/suite.ts';

describe('useExistingCluster', () => {
  const { kubeconfig, tools, environment, server } = sharedCluster();

  it('gives the same clients, on that cluster, and leaves it running', async () => {
    const existing = await useExistingCluster(kubeconfig, tools, environment);
    expect(existing).toMatchObject({ server, capabilities: { ownControlPlane: false, loopbackWebhooks: false } });
    expect(await existing.kubectl(['get', 'namespace', 'default', '-o', 'name'])).toMatchObject({
      stdout: 'namespace/default\n',
    });
    await existing.stop();
    expect(await sharedCluster().kubectl(['get', '--raw', '/readyz'])).toMatchObject({ stdout: 'ok' });
  });

  it('rejects a cluster that does not answer, and names it', async () => {
    await expect(useExistingCluster('/absent', tools, environment)).rejects.toThrow(
      'KUBECONFIG /absent does not answer',
    );
  });
});
