import { join } from 'node:path';
import { isExecutable } from './cache.ts';
import { buildEtcd, buildKube, isBuilt, readKubernetesVersion } from './gobuild.ts';
import { findPublished } from './published.ts';
import type { Settings } from './settings.ts';

/** A program and its first arguments: one file may hold two components. */
type Command = readonly [file: string, ...firstArguments: string[]];

/** The components of a control plane, as commands that only lack their flags. */
export interface Binaries {
  readonly etcd: Command;
  readonly apiserver: Command;
  /** Null if KUBEBUILDER_ASSETS has none, like the folder of setup-envtest. */
  readonly controllerManager: Command | null;
}

/**
 * Finds the programs of the control plane: in KUBEBUILDER_ASSETS, else what Go has built into the cache. Otherwise Go
 * builds them, which takes 5 to 7 minutes on 2 cores. If `first` is `download`, it tries to download those that the
 * Kubernetes project publishes instead, which takes seconds but brings no kube-controller-manager. If that fails, `log`
 * says why, and Go builds.
 * Throws a sentence that says what to do if nothing works.
 */
export async function resolveBinaries(
  settings: Settings,
  log: (line: string) => void,
  first: 'build' | 'download' = 'build',
): Promise<Binaries> {
  if (settings.assetsFolder !== null) return findAssets(settings.assetsFolder);
  if (first === 'build' || (await isBuilt(settings))) return build(settings, log);
  try {
    return await download(settings, log);
  } catch (error) {
    log(error instanceof Error ? error.message : String(error));
    return build(settings, log);
  }
}

async function build(settings: Settings, log: (line: string) => void): Promise<Binaries> {
  const kube = await buildKube(settings, log);
  const etcd = await buildEtcd(settings, log);
  return { etcd: [etcd], apiserver: [kube, 'apiserver'], controllerManager: [kube, 'controller-manager'] };
}

async function download(settings: Settings, log: (line: string) => void): Promise<Binaries> {
  const [, minor = ''] = /^v(\d+\.\d+)\./.exec(await readKubernetesVersion(settings)) ?? [];
  return findAssets(await findPublished(minor, settings, log));
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
