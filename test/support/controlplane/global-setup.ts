import type { TestProject } from 'vitest/node';
import { resolveBinaries } from './binaries.ts';
import type { ClusterAddress } from './cluster.ts';
import { type ControlPlaneParts, startControlPlane } from './controlplane.ts';
import { useExistingCluster } from './existing.ts';
import { readSettings } from './settings.ts';
import { resolveTools } from './tools.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The cluster that all suites of a run share. */
    cluster: ClusterAddress;
    /** What a suite makes a control plane of its own from; null when the run is on an existing cluster. */
    controlPlaneParts: ControlPlaneParts | null;
  }
}

/** Makes the cluster that all suites of this run share, and returns what ends it. Called by vitest. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  try {
    return await provideCluster(project);
  } catch (error) {
    // What goes wrong here is for the user to mend: vitest shall print the sentence, not our source around it.
    if (error instanceof Error) error.stack = error.message;
    throw error;
  }
}

async function provideCluster(project: TestProject): Promise<() => Promise<void>> {
  const settings = readSettings(process.env);
  const tools = await resolveTools(settings);
  const { existingKubeconfig, environment } = settings;
  if (existingKubeconfig !== null) {
    const cluster = await useExistingCluster(existingKubeconfig, tools, environment);
    project.provide('cluster', cluster.address);
    project.provide('controlPlaneParts', null);
    return cluster.stop;
  }
  const parts = { binaries: await resolveBinaries(settings, log), tools, environment };
  const plane = await startControlPlane({ ...parts, controllerManager: parts.binaries.controllerManager !== null });
  project.provide('cluster', plane.address);
  project.provide('controlPlaneParts', parts);
  return plane.stop;
}

function log(line: string): void {
  process.stderr.write(`control plane: ${line}\n`);
}
