import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { resolveBinaries } from '../../test/support/controlplane/binaries.ts';
import { startControlPlane } from '../../test/support/controlplane/controlplane.ts';
import { findFreePorts } from '../../test/support/controlplane/network.ts';
import { readSettings } from '../../test/support/controlplane/settings.ts';
import { resolveTools } from '../../test/support/controlplane/tools.ts';
import { type Certificates, postReview, type Server } from '../gate/processes.ts';
import { sampleReview } from '../gate/reviews.ts';

const MODULE = join(import.meta.dirname, 'pepr');
/** Pepr accepts reviews only on a path that ends with this word, which is a secret in a cluster. */
const TOKEN = 'bench';
const START_SECONDS = 120;

/** The kind in which Pepr keeps its state. It serves nothing before it can read it. In a cluster, Pepr installs it. */
const storeDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'peprstores.pepr.dev' },
  spec: {
    group: 'pepr.dev',
    scope: 'Namespaced',
    names: { plural: 'peprstores', singular: 'peprstore', kind: 'PeprStore' },
    versions: [
      {
        ...{ name: 'v1', served: true, storage: true },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { data: { type: 'object', additionalProperties: { type: 'string' } } },
          },
        },
      },
    ],
  },
};

/**
 * Starts Pepr with the module of the folder pepr/, on a control plane of its own, until disposed. The first time, it
 * installs Pepr from the lockfile of that folder, which takes minutes.
 */
export async function startPepr({ folder, ca }: Certificates, onCore: readonly string[]): Promise<Server> {
  if (!existsSync(join(MODULE, 'node_modules/pepr')))
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: MODULE, stdio: 'inherit' });
  await using ends = new AsyncDisposableStack();
  const settings = readSettings(process.env);
  const plane = await startControlPlane({
    binaries: await resolveBinaries(settings, console.error),
    tools: await resolveTools(settings),
    environment: settings.environment,
  });
  ends.defer(plane.stop);
  await plane.kubectl(['create', 'namespace', 'pepr-system']);
  const applied = await plane.kubectl(['apply', '-f', '-'], { input: JSON.stringify(storeDefinition) });
  if (applied.code !== 0) throw new Error(applied.stderr);
  const [port = 0] = await findFreePorts(1);
  const [file = '', ...args]: string[] = [...onCore, process.execPath, join(MODULE, 'module.mjs')];
  const env = {
    ...{ PATH: process.env['PATH'], KUBECONFIG: plane.kubeconfig, PEPR_PORT: `${port}`, PEPR_API_PATH: TOKEN },
    ...{ SSL_CERT_PATH: join(folder, 'tls.crt'), SSL_KEY_PATH: join(folder, 'tls.key') },
    // The first two are as `pepr build` writes them into a Deployment. The third can only make Express faster.
    ...{ PEPR_WATCH_MODE: 'false', LOG_LEVEL: 'info', NODE_ENV: 'production' },
  };
  const start = performance.now();
  const child = spawn(file, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  ends.defer(async () => {
    if (child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  });
  const address = { port, path: `/validate/${TOKEN}` };
  while ((await postReview(address, ca, sampleReview(20, 0).review)) === undefined) {
    if (child.exitCode !== null || performance.now() - start > START_SECONDS * 1000)
      throw new Error('Pepr does not answer: what it said is above');
    await delay(100);
  }
  const owned = ends.move();
  return { ...address, startMs: performance.now() - start, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
