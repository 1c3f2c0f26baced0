import { join } from 'node:path';
import { isExecutable } from './cache.ts';
import { buildEtcd, buildKube } from './gobuild.ts';
import type { Settings } from './settings.ts';

/** A program and its first arguments: one file may hold two components. */
type Command = readonly [file: string, ...firstArguments: string[]];

/** The components of a control plane, as commands that only lack their flags. */
export interface Binaries {
  readonly etcd: Command;
  readonly apiserver: Command;
  /** Null when KUBEBUILDER_ASSETS is without one, as setup-envtest's folder is. */
  readonly controllerManager: Command | null;
}

/**
 * Finds the control plane's programs: in KUBEBUILDER_ASSETS, else in the cache, else by a Go build into the cache.
 * Throws a sentence that says what to do when there is neither. A cold build takes 5 to 7 minutes on 2 cores and tells
 * `log` how far it is.
 */
export async function resolveBinaries(settings: Settings, log: (line: string) => void): Promise<Binaries> {
  if (settings.assetsFolder !== null) return findAssets(settings.assetsFolder);
  const kube = await buildKube(settings, log);
  const etcd = await buildEtcd(settings, log);
  return { etcd: [etcd], apiserver: [kube, 'apiserver'], controllerManager: [kube, 'controller-manager'] };
}

async function findAssets(folder: string): Promise<Binaries> {
  const [etcd, apiserver, controllerManager] = ['etcd', 'kube-apiserver', 'kube-controller-manager'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  for (const file of [etcd, apiserver]) {
    if (await isExecutable(file)) continue;
    throw new Error(
      `KUBEBUILDER_ASSETS is ${folder}, but ${file} is not an executable file: ` +
        'set it to what `setup-envtest use -p path` prints, or unset it.',
    );
  }
  const hasControllerManager = await isExecutable(controllerManager);
  return { etcd: [etcd], apiserver: [apiserver], controllerManager: hasControllerManager ? [controllerManager] : null };
}
