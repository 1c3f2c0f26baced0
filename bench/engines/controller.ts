import { createComponent } from '../../test/support/controlplane/component.ts';
import { createGuardedFolder } from '../../test/support/controlplane/folder.ts';
import { findFreePorts, isAnswering } from '../../test/support/controlplane/network.ts';
import { cpuSeconds, residentBytes, withChildren } from '../usage.ts';
import type { Engine } from './engine.ts';

const SAMPLE_MS = 250;

/** A running engine with all its processes, until disposed. */
export interface Controller extends AsyncDisposable {
  /** Of all its starts so far. What a killed process used after its last sample is missing. */
  readonly cpuSeconds: () => number;
  readonly residentBytes: () => number;
  /** The most memory at any sample. There are four samples a second. */
  readonly peakBytes: () => number;
  /** Kills all its processes at once. */
  readonly kill: () => Promise<void>;
  /** Starts it again; resolves when it answers. */
  readonly start: () => Promise<void>;
}

/** Starts an engine, and waits until it answers. */
export async function startController(engine: Engine, kubeconfig: string): Promise<Controller> {
  const [health = 0, metrics = 0] = await findFreePorts(2);
  const { command, environment, healthUrl } = await engine.program(kubeconfig, { health, metrics });
  const folder = await createGuardedFolder();
  const variables = Object.entries({ HOME: folder.path, ...environment }).map(([name, value]) => `${name}=${value}`);
  const component = createComponent({
    name: engine.id,
    folder,
    command: ['/usr/bin/env', ...variables, ...command],
    isReady: () => isAnswering(healthUrl),
  });
  const pids = () => (component.pid === null ? [] : withChildren(component.pid));
  let [usedBefore, used, peak] = [0, 0, 0];
  const sampling = setInterval(() => {
    const now = pids();
    used = Math.max(used, cpuSeconds(now));
    peak = Math.max(peak, residentBytes(now));
  }, SAMPLE_MS);

  async function kill(): Promise<void> {
    for (const pid of pids().slice(1)) process.kill(pid, 'SIGKILL');
    await component.kill('SIGKILL');
    [usedBefore, used] = [usedBefore + used, 0];
  }

  async function stop(): Promise<void> {
    clearInterval(sampling);
    await kill();
    await folder.remove();
  }

  try {
    await component.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    cpuSeconds: () => usedBefore + Math.max(used, cpuSeconds(pids())),
    residentBytes: () => residentBytes(pids()),
    peakBytes: () => peak,
    kill,
    start: () => component.start(),
    [Symbol.asyncDispose]: stop,
  };
}
