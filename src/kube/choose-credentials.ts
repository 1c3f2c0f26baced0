import { type LoadCredentials, loadInCluster } from './credentials.ts';
import type { PluginHost } from './kubeconfig-user.ts';

/** Loads the credentials of a kubeconfig if one is given, otherwise those of the pod that the process runs in. */
export async function chooseCredentials(kubeconfig: string | undefined, host: PluginHost): Promise<LoadCredentials> {
  if (kubeconfig !== undefined) return (await import('./kubeconfig.ts')).loadKubeconfig(kubeconfig, host);
  const { KUBERNETES_SERVICE_HOST: address = 'kubernetes.default.svc', KUBERNETES_SERVICE_PORT: port = '443' } =
    host.environment;
  return loadInCluster({ host: address, port });
}
