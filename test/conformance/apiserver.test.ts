import { afterAll, beforeAll } from 'vitest';
import { describeNeeding, sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';
import { connectKube, type ObservedClient } from '../support/kube.ts';
import { apiOfClient } from './api.ts';
import { itConforms } from './suite.ts';

describeNeeding(['controllers', 'loopbackWebhooks'], 'the same suite', () => {
  const cluster = sharedCluster();
  const namespace = useNamespace();
  let client: ObservedClient;
  beforeAll(async () => {
    await installCrds(cluster, 'agents');
    client = connectKube(cluster.kubeconfig);
  });
  afterAll(() => client?.close());

  itConforms('the real API server', () => apiOfClient(client, namespace, cluster));
});
