import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ALLOCATOR, NODE_FLAGS } from '../../scripts/release/image.ts';
import { findFreePorts, isAnswering } from '../../test/support/controlplane/network.ts';
import { countSockets, residentBytes, withChildren } from '../usage.ts';

/** The reconciler as it ships (`dist/`, the memory allocator of the image), with all its processes, until disposed. */
export interface Reconciler extends AsyncDisposable {
  /** When it was started, on the clock of `performance.now()`. */
  readonly startedMs: number;
  /** The supervisor and the engine. */
  readonly pids: () => readonly number[];
  readonly engineBytes: () => number;
  /** Of the supervisor and the engine together. */
  readonly residentBytes: () => number;
  readonly sockets: () => number;
}

/** Starts the reconciler for all namespaces, and waits until it is ready. It executes runs, unless it only audits. */
export async function startReconciler(
  kubeconfig: string,
  { onlyAudits = false }: { readonly onlyAudits?: boolean } = {},
): Promise<Reconciler> {
  const [sidePort] = await findFreePorts(1);
  const flags = [
    '--bind-address=127.0.0.1',
    `--side-port=${sidePort}`,
    `--kubeconfig=${kubeconfig}`,
    '--leader-elect=false',
    ...(onlyAudits ? ['--audit-namespaces=*'] : []),
  ];
  const startedMs = performance.now();
  const program = join(import.meta.dirname, '../../dist/program.cjs');
  const child = spawn(process.execPath, [...NODE_FLAGS, program, 'reconcile', ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      ...ALLOCATOR,
      JANGAR_ORCHESTRATION_CONTROLLER_ENABLED: String(!onlyAudits),
      JANGAR_ORCHESTRATION_CONTROLLER_NAMESPACES: '*',
    },
  });
  while (!(await isAnswering(`http://127.0.0.1:${sidePort}/readyz`))) {
    if (child.exitCode !== null)
      throw new Error('the reconciler ended: what it said is above, and make build makes dist');
    await delay(10);
  }
  const pids = () => withChildren(child.pid ?? 0);
  return {
    startedMs,
    pids,
    engineBytes: () => residentBytes(pids().slice(1)),
    residentBytes: () => residentBytes(pids()),
    sockets: () => countSockets(pids()),
    async [Symbol.asyncDispose]() {
      const all = pids();
      const ended = once(child, 'exit');
      for (const pid of all) process.kill(pid, 'SIGKILL');
      await ended;
    },
  };
}
