import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { ClusterAddress } from '../controlplane/cluster.ts';
import { type Component, createComponent } from '../controlplane/component.ts';
import { createGuardedFolder } from '../controlplane/folder.ts';

/** A controller of the agents chart, played over the API server by a client of its own. */
export interface StandIn {
  /** What it has asked of the API server, as `verb resource outcome`, in the order in which answers came. */
  readonly requests: readonly string[];
  /** Ends its watches, waits for what is under way, and closes its connections. */
  readonly stop: () => Promise<void>;
}

/** A stand-in as a process of its own: kill it, and start it again. */
export interface StandInProcess {
  readonly process: Component;
  /** Ends it and removes its folder, as also happens when this process dies. */
  readonly stop: () => Promise<void>;
}

/** Node cannot tell its own path if it finds no /proc, such as inside the namespaces of a node. */
const { execPath } = globalThis.process;
const node = isAbsolute(execPath) ? execPath : join(import.meta.dirname, '../../../node_modules/.bin/node');

/** Starts one, with flags of `main.ts`; resolves when it watches. */
export async function startStandInProcess(
  { kubeconfig }: Pick<ClusterAddress, 'kubeconfig'>,
  controller: 'supporting' | 'agents' | 'orchestration',
  namespaces: readonly string[],
  flags: readonly string[] = [],
): Promise<StandInProcess> {
  const folder = await createGuardedFolder();
  const main = join(import.meta.dirname, 'main.ts');
  const process = createComponent({
    name: controller,
    folder,
    command: [
      ...[node, main, controller],
      ...[`--kubeconfig=${kubeconfig}`, `--namespaces=${namespaces.join(',')}`, ...flags],
    ],
    isReady: async () => (await readFile(process.logPath, 'utf8')).includes(`watching as ${process.pid}\n`),
  });
  const stop = async () => {
    await process.kill('SIGKILL');
    await folder.remove();
  };
  await process.start().catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { process, stop };
}
