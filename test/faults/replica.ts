import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createComponent } from '../support/controlplane/component.ts';
import { createGuardedFolder } from '../support/controlplane/folder.ts';
import { findFreePorts, isAnswering } from '../support/controlplane/network.ts';

/** A reconciler as a process of its own, which is started again whenever it ends, as a kubelet would. */
export interface Replica {
  /** The pid of its first process; null while it does not run. */
  readonly pid: () => number | null;
  /** Kills everything of it at once; it comes back by itself. */
  readonly kill: () => void;
  /** Asks all of it to end, as a kubelet does; it comes back by itself. */
  readonly terminate: () => void;
  /** Kills the process that makes the calls, and leaves the rest to its supervisor; false if there was none. */
  readonly killEngine: () => Promise<boolean>;
  /** Sends a signal that does not end it to the process that makes the calls. */
  readonly signal: (signal: NodeJS.Signals) => Promise<void>;
  /** Stops all of it where it is, as a container is paused; and lets it go on. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** How often it was started. */
  readonly starts: () => number;
  readonly readLog: () => Promise<string>;
  /** The sum of a metric over its labels; 0 if there is none. */
  readonly readMetric: (name: string) => Promise<number>;
  /** Ends it for good. */
  readonly stop: () => Promise<void>;
}

export interface ReplicaOptions {
  readonly kubeconfig: string;
  readonly namespace: string;
  /** The checkout it runs from; ours unless given. */
  readonly root?: string;
  /** The file that Node runs: `src/main.ts` of the checkout unless given. */
  readonly program?: string;
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Arguments of Node, such as a module to be loaded before. */
  readonly nodeArguments?: readonly string[];
  /** Whether some of what it follows cannot be listed: it then works, and says that it is not ready. */
  readonly isLacking?: boolean;
  /** How long it may take to become ready: 60 unless given. */
  readonly readySeconds?: number;
}

/** Scenarios kill engines by the dozen: neither the work of an engine nor a busy machine is to blame. */
const PATIENT = ['--restart-cap-seconds=1', '--deaths-to-quarantine=1000000', '--stall-seconds=60'];

const isSame = (flag: string) => (other: string) => other.split('=')[0] === flag.split('=')[0];

const ours = join(import.meta.dirname, '../..');

/** Starts a replica and resolves when it is ready for the first time. */
export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const {
    kubeconfig,
    namespace,
    root = ours,
    program = join(root, 'src/main.ts'),
    flags = [],
    environment = {},
    nodeArguments = [],
    isLacking = false,
  } = options;
  const folder = await createGuardedFolder();
  const [port] = await findFreePorts(1);
  const variables = {
    AGENTS_ORCHESTRATION_CONTROLLER_ENABLED: 'true',
    AGENTS_ORCHESTRATION_CONTROLLER_NAMESPACES: namespace,
    NODE_COMPILE_CACHE: join(folder.path, '../orchestration-gate-compile-cache'),
    ...environment,
  };
  const component = createComponent({
    name: 'reconciler',
    folder,
    command: [
      '/usr/bin/env',
      ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
      ...[process.execPath, ...nodeArguments, program, 'reconcile', `--own-namespace=${namespace}`],
      ...[`--kubeconfig=${kubeconfig}`, `--side-port=${port}`, '--bind-address=127.0.0.1'],
      ...[...(root === ours ? PATIENT : []), '--leader-elect=false'].filter((flag) => !flags.some(isSame(flag))),
      ...flags,
    ],
    isReady: () => isAnswering(`http://127.0.0.1:${port}/${isLacking ? 'livez' : 'readyz'}`),
    ...(options.readySeconds !== undefined && { readySeconds: options.readySeconds }),
  });
  let isStopping = false;
  let starts = 1;
  let log: string | undefined;

  async function keepAlive(): Promise<void> {
    while (!isStopping) {
      await delay(10);
      if (component.pid !== null || isStopping) continue;
      starts += 1;
      await component.start().catch(() => {}); // killed again before it was ready
    }
  }

  /** The supervisor's child, if it has one, or the process itself. */
  async function enginePid(): Promise<number | undefined> {
    const pid = component.pid;
    if (pid === null) return undefined;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    const [engine] = children.trim().split(' ').filter(Boolean);
    return engine === undefined ? pid : Number(engine);
  }

  async function send(signal: NodeJS.Signals): Promise<boolean> {
    const pid = await enginePid();
    try {
      if (pid !== undefined) process.kill(pid, signal);
      return pid !== undefined;
    } catch {
      return false; // it has ended meanwhile
    }
  }

  /** It leads a process group of its own, which its children are in. */
  function signalAll(signal: NodeJS.Signals): void {
    try {
      if (component.pid !== null) process.kill(-component.pid, signal);
    } catch {
      // it has ended meanwhile
    }
  }
  const kill = () => signalAll('SIGKILL');

  try {
    await component.start();
  } catch (error) {
    kill();
    await folder.remove();
    throw error;
  }
  const living = keepAlive();
  return {
    pid: () => component.pid,
    kill,
    terminate: () => signalAll('SIGTERM'),
    killEngine: () => send('SIGKILL'),
    signal: async (signal) => void (await send(signal)),
    pause: () => signalAll('SIGSTOP'),
    resume: () => signalAll('SIGCONT'),
    starts: () => starts,
    async readMetric(name) {
      const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      const series = page.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
      return series.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    },
    readLog: async () => log ?? (await readFile(component.logPath, 'utf8')),
    async stop() {
      if (isStopping) return;
      isStopping = true;
      kill();
      await living;
      kill();
      log = await readFile(component.logPath, 'utf8');
      await folder.remove();
    },
  };
}
