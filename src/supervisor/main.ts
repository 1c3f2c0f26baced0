import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Registry } from 'prom-client';
import type { ReconcileConfiguration } from '../cli/commands/reconcile.ts';
import { createLogger, type Logger } from '../runtime/log.ts';
import { onShutdown } from '../runtime/shutdown.ts';
import { createSidePort } from '../runtime/side-port.ts';
import { createSupervisorMetrics, type SupervisorMetrics } from '../runtime/supervisor-metrics.ts';
import { defaultHeapMib, END_CAUSES } from './ends.ts';
import { type SupervisedEngine, superviseEngine } from './supervise.ts';

/**
 * `orchestration-gate reconcile`: the process that a container runs. It starts the engine, which does the work, as a
 * child process, and outlives it. Wiring only. It ends when it gets a signal, or exits with 2 if it cannot start.
 */
export function reconcile(configuration: ReconcileConfiguration, process: NodeJS.Process): void {
  const log = createLogger({ level: configuration.logLevel });
  const metrics = createSupervisorMetrics(END_CAUSES);
  const { isEnabled, auditedNamespaces = [] } = configuration;
  const isWorking = isEnabled || auditedNamespaces.length > 0;
  const engine = isWorking ? startEngine(process, configuration, metrics) : undefined;
  if (!isEnabled) log.info({ auditedNamespaces }, 'disabled: no run is executed and no status is written');
  const certificates = keepCertificates(configuration, process, log, metrics.registry);

  const { contentType } = metrics.registry;
  const sidePort = createSidePort({
    isLive: () => true,
    unreadyReasons: () => engine?.unreadyReasons() ?? [],
    metrics: {
      contentType,
      metrics: async () => (await Promise.all([metrics.registry.metrics(), engine?.metrics()])).join('\n'),
    },
    log,
  });
  sidePort.on('error', (error) => endWith(`the side port cannot listen: ${error.message}`));
  sidePort.listen(configuration.sidePort, configuration.bindAddress);
  onShutdown({
    process,
    log,
    drain: async () => {
      await Promise.all([engine?.stop(), certificates.then((kept) => kept?.stop())]);
      sidePort.close();
    },
  });

  function endWith(mistake: string): never {
    process.stderr.write(`reconcile: ${mistake}\n`);
    return process.exit(2);
  }
}

/** Loads the code only if it is used, because it brings an API client and the code that makes certificates. */
async function keepCertificates(
  configuration: ReconcileConfiguration,
  process: NodeJS.Process,
  log: Logger,
  registry: Registry,
) {
  if (configuration.certificates === 'off') return undefined;
  const { startCertificates } = await import('../certificates/main.ts');
  return startCertificates(configuration, process.env, log, registry);
}

/** With Node's default of 16 MiB, lists make the young objects grow to 100 MiB, as much as thousands of live runs. */
const YOUNG_MIB = 4;

/** Starts the same program again, with the command `engine` and the same arguments and environment. */
function startEngine(
  process: NodeJS.Process,
  configuration: ReconcileConfiguration,
  metrics: SupervisorMetrics,
): SupervisedEngine {
  const log = createLogger({ level: configuration.logLevel });
  const heapMib = configuration.engineHeapMib ?? defaultHeapMib(limitOf(process));
  log.info({ pid: process.pid, engineHeapMib: heapMib }, 'supervising');
  return superviseEngine({
    module: process.argv[1] ?? '',
    args: ['engine', ...process.argv.slice(3)],
    execArgv: [...process.execArgv, `--max-old-space-size=${heapMib}`, `--max-semi-space-size=${YOUNG_MIB}`],
    identity: `${hostname()}_${randomUUID()}`,
    stallSeconds: configuration.stallSeconds,
    restartCapSeconds: configuration.restartCapSeconds,
    deathsToQuarantine: configuration.deathsToQuarantine,
    now: () => performance.now(),
    random: Math.random,
    log,
    observer: metrics,
  });
}

/** The bytes that the container may use. Undefined if there is no limit: Node then returns 0 or a huge number. */
function limitOf(process: NodeJS.Process): number | undefined {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < 2 ** 50 ? limit : undefined;
}
