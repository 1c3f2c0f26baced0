import { type LoadCredentials, loadInCluster } from './credentials.ts';

/** The credentials of a kubeconfig if one is given, else those of the pod that this runs in. */
export async function chooseCredentials(
  kubeconfig: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<LoadCredentials> {
  if (kubeconfig !== undefined) return (await import('./kubeconfig.ts')).loadKubeconfig(kubeconfig);
  const host = environment['KUBERNETES_SERVICE_HOST'] ?? 'kubernetes.default.svc';
  const port = environment['KUBERNETES_SERVICE_PORT'] ?? '443';
  return loadInCluster({ host, port });
}
