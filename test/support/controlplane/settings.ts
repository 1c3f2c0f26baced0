import { homedir } from 'node:os';
import { join } from 'node:path';

/** What the environment says about the cluster that tests run on. */
export interface Settings {
  /** Folder with kube-apiserver and etcd (setup-envtest's layout), or null: build them. */
  readonly assetsFolder: string | null;
  /** Kubernetes to build, such as `1.34`, or null: the newest. */
  readonly kubernetes: string | null;
  /** URL of the index of the control planes that the Kubernetes project publishes for tests. */
  readonly envtestIndex: string;
  /** Where built and unpacked programs stay between runs. */
  readonly cacheFolder: string;
  /** Kubeconfig of a cluster to use as it is, or null: start a control plane. */
  readonly existingKubeconfig: string | null;
  /** The whole environment, for the programs we start. */
  readonly environment: Environment;
}

const ENVTEST_INDEX = 'https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml';

/** Environment variables, as `process.env` holds them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads KUBEBUILDER_ASSETS, ENVTEST_INDEX, KUBERNETES, XDG_CACHE_HOME, USE_EXISTING_CLUSTER and KUBECONFIG; the only
 * place in test support that does. KUBECONFIG alone is not enough to use a cluster: tests create and delete things, so
 * the user must ask for it.
 */
export function readSettings(environment: Environment): Settings {
  const useExisting = environment['USE_EXISTING_CLUSTER'] || 'false';
  if (useExisting !== 'true' && useExisting !== 'false') {
    throw new Error(`USE_EXISTING_CLUSTER is ${JSON.stringify(useExisting)}: set it to true or false.`);
  }
  const kubeconfig = environment['KUBECONFIG'] || null;
  if (useExisting === 'true' && kubeconfig === null) {
    throw new Error(
      'USE_EXISTING_CLUSTER is true, but KUBECONFIG is not set: set it to the kubeconfig of that cluster.',
    );
  }
  const cacheHome = environment['XDG_CACHE_HOME'] || join(environment['HOME'] || homedir(), '.cache');
  return {
    assetsFolder: environment['KUBEBUILDER_ASSETS'] || null,
    kubernetes: environment['KUBERNETES'] || null,
    envtestIndex: environment['ENVTEST_INDEX'] || ENVTEST_INDEX,
    cacheFolder: join(cacheHome, 'orchestration-gate'),
    existingKubeconfig: useExisting === 'true' ? kubeconfig : null,
    environment,
  };
}
