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
    /** The parts from which a suite makes a control plane of its own; null if the tests run on an existing cluster. */
    controlPlaneParts: ControlPlaneParts | null;
  }
}

/** Makes the cluster that all suites of this run share. Returns a function that ends it. Called by vitest. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  try {
    return await provideCluster(project);
  } catch (error) {
    // The user has to fix what goes wrong here, so let vitest print the sentence, and not our source around it.
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
