import { totalmem } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServeConfiguration } from '../cli/commands/serve.ts';
import { defaultSettings, type Mode, parseOverride, parseSettings, type Settings } from '../orchestration/settings.ts';
import { type DirectoryFiles, watchDirectory } from '../runtime/directory-watch.ts';
import { createGateMetrics, type GateMetrics } from '../runtime/gate-metrics.ts';
import { createLogger, type Logger } from '../runtime/log.ts';
import { watchSettings } from '../runtime/settings-watch.ts';
import { onShutdown } from '../runtime/shutdown.ts';
import { createSidePort } from '../runtime/side-port.ts';
import { readBundle } from '../tls/certificate.ts';
import { readExpiry } from '../tls/expiry.ts';
import { loadPair } from '../tls/files.ts';
import { divideMemory } from './capacity.ts';
import { buildServer, type FinishedReview, type GateServer, type KeyPair } from './server.ts';
import { holdSettings } from './settings.ts';

/**
 * How long to wait after the drain for reviews that are still in flight. API servers wait 5 s for an answer, unless
 * configured otherwise.
 */
const LAST_ANSWERS_MS = 5_000;
/**
 * The most connections that the kernel holds until the process accepts them. With fewer, a flood makes the kernel drop
 * connections of API servers.
 */
const BACKLOG = 4_096;

/**
 * Runs `orchestration-gate serve`: the gate as a process. Contains only wiring. The process ends by a signal, or with
 * exit code 2 if it cannot start.
 */
export async function serve(configuration: ServeConfiguration, process: NodeJS.Process): Promise<void> {
  const log = createLogger({ level: configuration.logLevel });
  const metrics = createGateMetrics();
  const settings = await followSettings(configuration, log, metrics);
  if (settings === undefined) process.exit(2);

  const { tlsDir, clientCaDir } = configuration;
  let gate: GateServer | undefined;
  const files = readServedFiles(configuration, log, metrics, serveFiles);
  const shutdown = onShutdown({ process, log, drain: () => drain() });
  const sidePort = createSidePort({
    isLive: () => true,
    unreadyReasons: () => [
      ...(gate?.app.server.listening ? [] : [files.problem()]),
      ...(shutdown.isBegun() ? ['shutting down'] : []),
    ],
    metrics: metrics.registry,
    log,
  });
  sidePort.listen(configuration.sidePort, configuration.bindAddress);
  sidePort.on('error', (error) => endWith(`the side port cannot listen: ${error.message}`));

  const onError = (error: unknown) => log.error({ error }, 'cannot read the certificate');
  const watches = [await watchDirectory(tlsDir, { onChange: files.loadCertificate, onError })];
  if (clientCaDir !== undefined)
    watches.push(await watchDirectory(clientCaDir, { onChange: files.loadClientCa, onError }));

  /** Opens the port with the first good files. Later files apply from the next handshake on. */
  async function serveFiles(tls: ServedFiles): Promise<void> {
    const { notAfter } = readExpiry(tls.cert, new Date());
    if (gate) {
      (gate.app.server as unknown as { setSecureContext(pair: object): void }).setSecureContext(tls);
      log.info({ notAfter }, 'serving a new certificate');
      return;
    }
    gate = buildServer({
      tls,
      settings: settings as () => Settings,
      maxInFlight: configuration.maxInFlight,
      capacity: divideMemory(process.constrainedMemory(), totalmem()),
      now: () => performance.now(),
      onStart: () => metrics.startReview(),
      onFinish: (review) => report(review, log, metrics),
      onEnd: () => metrics.endReview(),
    });
    await gate.app
      .listen({ port: configuration.port, host: configuration.bindAddress, backlog: BACKLOG })
      .catch((error: Error) => endWith(`cannot listen: ${error.message}`));
    log.info({ address: gate.app.server.address(), sideAddress: sidePort.address(), notAfter }, 'serving');
  }

  function endWith(mistake: string): never {
    process.stderr.write(`serve: ${mistake}\n`);
    return process.exit(2);
  }

  async function drain(): Promise<void> {
    gate?.startDraining();
    await delay(configuration.drainSeconds * 1000);
    for (const watch of watches) watch.close();
    // Node waits forever for a connection that has never carried a request, and Go clients open some in advance.
    await Promise.race([gate?.app.close(), delay(LAST_ANSWERS_MS)]);
    sidePort.close();
  }
}

/**
 * What the port serves: a certificate with its key and, if callers must authenticate, the authorities of their
 * certificates.
 */
type ServedFiles = KeyPair & { readonly ca?: string };

/**
 * Reads the certificate and the client authorities each time their files change, and serves them as soon as all of them
 * are there. If files are bad, the last good ones stay in use.
 */
function readServedFiles(
  { tlsDir, clientCaDir }: ServeConfiguration,
  log: Logger,
  metrics: GateMetrics,
  serveFiles: (files: ServedFiles) => Promise<void>,
) {
  let pair: KeyPair | undefined;
  let clientCa: string | undefined;
  let certificateProblem = 'no certificate has been read yet';
  let clientCaProblem = clientCaDir === undefined ? undefined : 'no client authorities have been read yet';

  async function serveIfWhole(): Promise<void> {
    if (pair === undefined || (clientCaDir !== undefined && clientCa === undefined)) return;
    await serveFiles(clientCa === undefined ? pair : { ...pair, ca: clientCa });
  }

  async function loadCertificate(): Promise<void> {
    const loaded = await loadPair(tlsDir);
    metrics.countCertificateReload(loaded.ok ? 'success' : 'failure');
    if (!loaded.ok) {
      certificateProblem = loaded.reason;
      const message = pair ? 'cannot use the new certificate, keeping the old one' : 'waiting for a certificate';
      log.error({ reason: loaded.reason }, message);
      return;
    }
    pair = { cert: loaded.pair.certificatePem, key: loaded.pair.privateKeyPem };
    metrics.setCertificateNotAfter(readExpiry(pair.cert, new Date()).notAfter);
    await serveIfWhole();
  }

  async function loadClientCa(files: DirectoryFiles): Promise<void> {
    const authorities = readBundle(files.get('ca.crt') ?? '').map(({ certificatePem }) => certificatePem);
    metrics.countCertificateReload(authorities.length > 0 ? 'success' : 'failure');
    if (authorities.length === 0) {
      clientCaProblem = `${clientCaDir}/ca.crt contains no certificate in PEM form: put the CA there that signs the certificate of the API server`;
      const message = clientCa
        ? 'cannot use the new client authorities, keeping the old ones'
        : 'waiting for client authorities';
      log.error({ reason: clientCaProblem }, message);
      return;
    }
    clientCa = authorities.join('');
    clientCaProblem = undefined;
    await serveIfWhole();
  }

  /** `problem` says what is missing. */
  return { problem: () => clientCaProblem ?? certificateProblem, loadCertificate, loadClientCa };
}

/** Logs one line about a review and updates the metrics. Never logs an object. */
function report(
  { webhook, uid, request, answer, durationMs }: FinishedReview,
  log: Logger,
  metrics: GateMetrics,
): void {
  const { verdict, problems, fault } = answer;
  const { namespace, name, operation = '', isDryRun = false, kind } = request ?? {};
  const codes = problems.length === 0 ? [] : [...new Set(problems.map(({ code }) => code))];
  metrics.finishReview({ webhook, operation, verdict, isDryRun, durationSeconds: durationMs / 1000 });
  for (const { code, severity } of problems) metrics.countProblem(code, severity);
  if (verdict === 'deadline') metrics.countDeadlineExceeded(webhook);
  if (fault !== undefined) {
    metrics.countPanic(webhook);
    log.error({ uid, webhook, error: fault }, 'fault while deciding');
  }
  log.info(
    { webhook, uid, kind: kind?.kind, namespace, name, operation, isDryRun, verdict, codes, durationMs },
    'review',
  );
}

/**
 * Follows the settings and the override. Undefined if the first settings are wrong: the pod must then not become ready.
 */
async function followSettings(
  { settingsDir, overrideDir }: ServeConfiguration,
  log: Logger,
  metrics: GateMetrics,
): Promise<(() => Settings) | undefined> {
  const settings = holdSettings(settingsDir === undefined ? defaultSettings : undefined);
  const common = { log, onReload: (result: 'success' | 'failure') => metrics.countSettingsReload(result) };
  if (settingsDir !== undefined)
    await watchSettings({ ...common, folder: settingsDir, parse: parseSettings, onValue: settings.configure });
  const setOverride = (mode: Mode | undefined) => {
    if (mode !== settings.override()) log.warn({ mode }, mode ? 'override is active' : 'override has ended');
    metrics.setOverride(mode);
    settings.setOverride(mode);
  };
  if (overrideDir !== undefined)
    await watchSettings({ ...common, folder: overrideDir, parse: parseOverride, onValue: setOverride });
  return settings.isConfigured() ? settings.current : undefined;
}
