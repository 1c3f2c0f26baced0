import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findFreePorts, isAnswering } from '../../test/support/controlplane/network.ts';

/** The reconciler as it ships (`dist/`), with all its processes, until disposed. */
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

/** Starts it for all namespaces, and waits until it says that it is ready. It executes runs, unless it only audits. */
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
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../dist/main.js'), 'reconcile', ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
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
    engineBytes: () =>
      pids()
        .slice(1)
        .reduce((sum, pid) => sum + readResident(pid), 0),
    residentBytes: () => pids().reduce((sum, pid) => sum + readResident(pid), 0),
    sockets: () => pids().reduce((sum, pid) => sum + countSockets(pid), 0),
    async [Symbol.asyncDispose]() {
      const all = pids();
      const ended = once(child, 'exit');
      for (const pid of all) process.kill(pid, 'SIGKILL');
      await ended;
    },
  };
}

/** A process and its descendants, as Linux tells them. */
function withChildren(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(withChildren)];
}

function readResident(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/** Those of the network: a pipe between processes is a socket too, but has no entry in the tables of TCP. */
function countSockets(pid: number): number {
  const tables = ['tcp', 'tcp6'].map((table) => readFileSync(`/proc/${pid}/net/${table}`, 'utf8'));
  const inodes = new Set(tables.flatMap((table) => table.split('\n').map((line) => line.trim().split(/\s+/)[9] ?? '')));
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => inodes.has(readInode(`/proc/${pid}/fd/${fd}`))).length;
}

function readInode(path: string): string {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.[1] ?? '-';
  } catch {
    return '-'; // closed since it was listed
  }
}
