import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { ReconcileConfiguration } from '../cli/commands/reconcile.ts';
import { chooseCredentials } from '../kube/choose-credentials.ts';
import { createTiming } from '../kube/ports.ts';
import { defaultSettings, parseSettings, type Settings } from '../orchestration/settings.ts';
import { createEngineMetrics } from '../runtime/engine-metrics.ts';
import { createLogger, type Logger } from '../runtime/log.ts';
import { watchSettings } from '../runtime/settings-watch.ts';
import { EXIT } from '../supervisor/messages.ts';
import { connectParent } from './parent.ts';
import { startEngine } from './start.ts';
import { connectReceivers } from './telemetry.ts';

/** The clocks of two machines in one cluster should not differ by more than this. */
const NOTABLE_SKEW_SECONDS = 60;

const timing = createTiming(() => performance.now());

/**
 * `orchestration-gate engine`: executes runs and audits Orchestrations. Only `reconcile` starts it, as a child process.
 * Wiring only. The engine stops when its parent or a signal tells it to. After an uncaught exception, or if its parent
 * ends, it exits at once.
 */
export async function runEngine(configuration: ReconcileConfiguration, process: NodeJS.Process): Promise<void> {
  if (process.send === undefined) {
    process.stderr.write('orchestration-gate: engine is no command for people; run `orchestration-gate reconcile`\n');
    return process.exit(2);
  }
  const log = createLogger({ level: configuration.logLevel });
  process.on('uncaughtException', (error, origin) => {
    log.fatal({ error, origin }, 'the engine ends because of an uncaught exception');
    process.exit(EXIT.fault);
  });
  const parent = connectParent(process);
  const metrics = createEngineMetrics();
  metrics.setHeapLimit(getHeapStatistics().heap_size_limit);
  const load = await chooseCredentials(configuration.kubeconfig, { environment: process.env, now: Date.now });
  const started = await parent.started;
  const receivers = await connectReceivers(configuration, { log, metrics, now: Date.now });
  const followed = followSettings(configuration, log, () => engine.judgeAgain());
  const { settings } = followed;
  const engine = startEngine({
    ...{ configuration, load, log, metrics, parent, started, settings, timing, receivers },
    ownMs: Date.now(),
    identity: configuration.electsLeader ? started.identity : undefined,
  });
  // A terminal sends its signal to this process and to its parent, which then sends `stop`. Stop only once.
  const stop = once(async () => {
    await engine.stop();
    await engine.flush();
    await engine.transport.close();
    process.exit(0);
  });
  const scrape = async () => {
    const watchAges = new Map<string, number>();
    for (const { resource, ageMs } of engine.watchAges())
      watchAges.set(resource, Math.max(ageMs, watchAges.get(resource) ?? 0));
    for (const [resource, ageMs] of watchAges) metrics.setWatchAge(resource, ageMs);
    for (const [kind, queue] of engine.queues) metrics.setOverdue(kind, queue.overdueMs());
    metrics.setReplicas(engine.replicas());
    metrics.setRuns(engine.countRuns());
    const counts = engine.countAudit();
    if (counts) metrics.setAudit(counts);
    await parent.send({ type: 'metrics', text: await metrics.registry.metrics() });
  };
  parent.attend({ scrape, stop });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
  await followed.whenRead;
  // A namespace that cannot be listed affects only its own runs. The runs of other namespaces do not wait for it.
  if (!(await engine.begin())) return;
  await engine.reportListed();
  const aheadSeconds = Math.round((Date.now() - engine.now()) / 1_000);
  if (Math.abs(aheadSeconds) > NOTABLE_SKEW_SECONDS)
    log.warn(
      { aheadSeconds },
      'the clock of this machine differs from that of the API server: runs use the time of the API server',
    );
  const { isEnabled, namespaces, auditedNamespaces } = configuration;
  log.info({ namespaces: isEnabled ? namespaces : [], auditedNamespaces }, 'following runs');
  await engine.start();
}

/**
 * Follows the settings of the gate, which apply to stored objects too. The override applies only to admission. Until
 * the settings can be read for the first time, the engine judges nothing and does not become ready.
 */
function followSettings({ settingsDir: folder }: ReconcileConfiguration, log: Logger, onChange: () => void) {
  let settings = defaultSettings;
  if (folder === undefined) return { settings: () => settings, whenRead: Promise.resolve() };
  const read = Promise.withResolvers<void>();
  const onValue = (value: Settings) => {
    settings = value;
    read.resolve();
    onChange();
  };
  void watchSettings({ folder, parse: parseSettings, onValue, log });
  return { settings: () => settings, whenRead: read.promise };
}

function once(action: () => Promise<unknown>): () => void {
  let isCalled = false;
  return () => {
    if (!isCalled) void action();
    isCalled = true;
  };
}
