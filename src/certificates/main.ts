import { isIP } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import type { ReconcileConfiguration } from '../cli/commands/reconcile.ts';
import { chooseCredentials } from '../kube/choose-credentials.ts';
import { createKubeClient } from '../kube/client.ts';
import { createTiming } from '../kube/ports.ts';
import { readServerTime } from '../kube/server-clock.ts';
import { createTransport } from '../kube/transport.ts';
import { createCertificateMetrics } from '../runtime/certificate-metrics.ts';
import type { Logger } from '../runtime/log.ts';
import { type ConfigurationName, watchConfigurations } from './cluster/configurations.ts';
import { connectPublication, connectRotation, hasReadyEndpoint } from './cluster/connect.ts';
import { createIssuer } from './leaf.ts';
import { startLoop } from './loop.ts';
import { createPublication } from './publication.ts';
import { createRotation } from './rotation.ts';
import type { Round } from './round.ts';

/**
 * How long a new authority is published before it signs. API servers watch the configurations and normally see a change
 * within a second. A minute is enough even if they are many or busy.
 */
const SETTLE_MS = 60_000;

/** The deadline of a call. It is no longer than the time until the next round. */
const DEADLINE_MS = 10_000;

/**
 * How long `stop` waits for work in progress. An API server that does not answer must not delay the end of the process,
 * and none of this work has to be completed.
 */
const LAST_STEPS_MS = 5_000;

/** Keeps the certificates of the gate up to date until `stop`. Logs and retries every failure. Never throws. */
export async function startCertificates(
  configuration: ReconcileConfiguration,
  environment: NodeJS.ProcessEnv,
  log: Logger,
  registry: Registry,
): Promise<{ readonly stop: () => Promise<void> }> {
  const load = await chooseCredentials(configuration.kubeconfig, { environment, now: Date.now });
  const metrics = createCertificateMetrics(registry);
  const names = (configuration.webhookConfigurations ?? []) as readonly ConfigurationName[];
  const transport = createTransport({ load, timing, log });
  const client = createKubeClient({ transport, timing, deadlineMs: DEADLINE_MS });
  const secret = { namespace: configuration.ownNamespace, name: configuration.certificateSecret ?? '' };
  const now = followClock(() => readServerTime(transport), log);
  const round = chooseRound();
  const loop = startLoop({ round, schedule: timing.schedule });
  const watch = watchConfigurations({ client, configurations: names, onChange: () => loop.wake(), timing, log });
  log.info({ mode: configuration.certificates, configurations: names, ...secret }, 'keeping certificates');

  function chooseRound(): Round {
    const common = { configurations: names, log, observer: metrics };
    if (configuration.certificates === 'provided') {
      return createPublication({ ...common, port: connectPublication(client, secret) });
    }
    const {
      tlsDir = '',
      certificateService,
      certificateNames = [],
      leafLifetimeSeconds,
      caLifetimeSeconds,
    } = configuration;
    const issuer = createIssuer({
      folder: tlsDir,
      names: {
        dnsNames: certificateNames.filter((name) => isIP(name) === 0),
        ipAddresses: certificateNames.filter((name) => isIP(name) !== 0),
      },
      commonName: `orchestration-gate ${secret.namespace}/${secret.name}`,
    });
    const settings = {
      leafLifetimeMs: leafLifetimeSeconds * 1_000,
      authorityLifetimeMs: caLifetimeSeconds * 1_000,
      settleMs: SETTLE_MS,
    };
    const service = certificateService && { namespace: secret.namespace, name: certificateService };
    const isAnyGateReady = async () => (service ? hasReadyEndpoint(client, service) : true);
    const port = { ...connectRotation(client, secret), ...issuer, isAnyGateReady, readTime: now };
    return createRotation({ ...common, port, settings, elapsed: timing.now });
  }

  return {
    async stop() {
      await Promise.race([Promise.all([loop.stop(), watch.stop()]), delay(LAST_STEPS_MS)]);
      await transport.close();
    },
  };
}

const timing = createTiming(() => performance.now());

/** More than the clocks of two machines in one cluster should differ. */
const NOTABLE_SKEW_MS = 60_000;

/**
 * Returns a function that reads the API server's time, or our own if the API server sends none. Logs when the two
 * clocks start or stop differing by a notable amount.
 */
function followClock(read: () => Promise<Date | undefined>, log: Logger): () => Promise<Date> {
  let isSkewed = false;
  return async () => {
    const own = new Date();
    const told = (await read()) ?? own;
    const skewMs = own.getTime() - told.getTime();
    if (Math.abs(skewMs) > NOTABLE_SKEW_MS !== isSkewed) {
      isSkewed = !isSkewed;
      const fields = { aheadSeconds: Math.round(skewMs / 1_000) };
      if (isSkewed)
        log.warn(
          fields,
          'the clock of this machine differs from that of the API server: certificates use the time of the API server',
        );
      else log.info(fields, 'the clock of this machine agrees with that of the API server again');
    }
    return told;
  };
}
