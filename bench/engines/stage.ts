import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startReflector } from '../../src/kube/reflector.ts';
import { clusterResource, namespacedResource } from '../../src/kube/resources.ts';
import { createStore } from '../../src/kube/store.ts';
import { resolveBinaries } from '../../test/support/controlplane/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../test/support/controlplane/controlplane.ts';
import { readSettings } from '../../test/support/controlplane/settings.ts';
import { resolveTools } from '../../test/support/controlplane/tools.ts';
import { connectKube, type ObservedClient } from '../../test/support/kube.ts';
import { silentLog, systemTiming } from '../../test/support/timing.ts';
import { auditPolicy } from './audit.ts';
import { ACCOUNT, type Engine, HOME, mustRun } from './engine.ts';
import { createStandIn, type StandIn } from './stand-in.ts';

/** The user whose writes are counted. */
export const USER = `system:serviceaccount:${HOME}:${ACCOUNT}`;

const TOKEN_HOURS = 12;
const NAMESPACES = clusterResource('', 'v1', 'Namespace', 'namespaces');
const ACCOUNTS = namespacedResource('', 'v1', 'ServiceAccount', 'serviceaccounts');

/** A control plane on which one engine is installed, but does not run yet. It stops when it is disposed. */
export interface Stage extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly client: ObservedClient;
  /** The kubeconfig of the engine. Its service account may do everything. */
  readonly kubeconfig: string;
  readonly standIn: StandIn;
  /** Makes a namespace with a service account for its pods, as in a cluster with controllers. */
  readonly makeNamespace: (name: string) => Promise<void>;
}

/** Starts a new control plane, so that nothing of another engine is left. `policy` says what its audit log holds. */
export async function openStage(engine: Engine, policy: object = auditPolicy(USER)): Promise<Stage> {
  await using ends = new AsyncDisposableStack();
  const folder = ends.use(await mkdtempDisposable(join(tmpdir(), 'bench-engines-')));
  const policyPath = join(folder.path, 'audit-policy.json');
  await writeFile(policyPath, JSON.stringify(policy));
  const settings = readSettings(process.env);
  const plane = await startControlPlane({
    binaries: await resolveBinaries(settings, console.log),
    tools: await resolveTools(settings),
    environment: settings.environment,
    audit: true,
    // The log stays one file, however long, because it is read as a whole.
    apiserverFlags: [`--audit-policy-file=${policyPath}`, '--audit-log-maxsize=100000'],
  });
  ends.defer(plane.stop);
  const client = connectKube(plane.kubeconfig);
  ends.defer(client.close);

  async function makeNamespace(name: string): Promise<void> {
    await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    const metadata = { name: 'default', namespace: name };
    await client.create(ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  }

  await makeNamespace(HOME);
  await mustRun(plane.kubectl(['create', 'serviceaccount', ACCOUNT, '--namespace', HOME]));
  const role = ['--clusterrole=cluster-admin', `--serviceaccount=${HOME}:${ACCOUNT}`];
  await mustRun(plane.kubectl(['create', 'clusterrolebinding', HOME, ...role]));
  await engine.install(plane);
  const standIn = createStandIn(engine, client);
  const reflectors = [engine.runs, engine.children].map((resource) =>
    startReflector({
      client,
      resource,
      store: createStore({ onChange: ({ object }) => standIn.hear(object), log: silentLog }),
      timing: systemTiming,
      log: silentLog,
    }),
  );
  ends.defer(async () => void (await Promise.all(reflectors.map((reflector) => reflector.stop()))));
  await Promise.all(reflectors.map((reflector) => reflector.whenSynced()));
  const owned = ends.move();
  return {
    plane,
    client,
    kubeconfig: await plane.serviceAccountKubeconfig(HOME, ACCOUNT, TOKEN_HOURS),
    standIn,
    makeNamespace,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
