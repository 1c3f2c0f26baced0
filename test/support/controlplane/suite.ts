import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import { type Capabilities, type Cluster, connectCluster } from './cluster.ts';
import {
  type ControlPlane,
  type ControlPlaneOptions,
  type ControlPlaneParts,
  startControlPlane,
} from './controlplane.ts';

/** The cluster of this run, shared by all suites: work in a namespace of your own (`useNamespace`). */
export function sharedCluster(): Cluster {
  return connectCluster(inject('cluster'));
}

/** Makes a namespace for the suite that calls this, before its first test, and deletes it after the last. */
export function useNamespace(): string {
  const { kubectl } = sharedCluster();
  const namespace = `gate-test-${randomBytes(4).toString('hex')}`;
  beforeAll(async () => {
    const created = await kubectl(['create', 'namespace', namespace]);
    if (created.code !== 0) throw new Error(created.stderr);
  });
  afterAll(async () => {
    await kubectl(['delete', 'namespace', namespace, '--wait=false']);
  });
  return namespace;
}

/** Starts a control plane that the caller must stop; only inside `describeNeeding(['ownControlPlane'], …)`. */
export async function startOwnControlPlane(
  options: Omit<ControlPlaneOptions, keyof ControlPlaneParts> = {},
): Promise<ControlPlane> {
  const parts = inject('controlPlaneParts');
  if (parts === null)
    throw new Error('this run uses an existing cluster: the suite must say that it needs ownControlPlane');
  return startControlPlane({ ...parts, ...options });
}

/** `describe` for tests that not every cluster allows. On others they count as skipped, and the title says why. */
export function describeNeeding(needs: readonly (keyof Capabilities)[], title: string, tests: () => void): void {
  const { capabilities } = inject('cluster');
  const lacking = needs.filter((need) => !capabilities[need]);
  if (lacking.length === 0) {
    describe(title, tests);
    return;
  }
  const reason = `not run: this cluster lacks ${lacking.join(', ')}`;
  console.log(`${title}: ${reason}`); // vitest's default reporter counts skipped tests without naming them
  describe.skip(`${title} (${reason})`, tests);
}
