import {
  anyText,
  type Configuration,
  type ConfigurationResult,
  type ConfigurationSources,
  describeSettings,
  oneOf,
  readConfiguration,
  type Setting,
  wholeNumber,
} from './configuration.ts';
import { LOG_LEVELS } from './log.ts';

/** Port 0 lets the system choose a free one. */
const port = wholeNumber(0, 65_535);

const SERVE_SETTINGS = {
  port: { flag: 'port', kind: port, help: 'the HTTPS port for admission reviews', fallback: '8443' },
  sidePort: { flag: 'side-port', kind: port, help: 'the HTTP port for probes and metrics', fallback: '8080' },
  bindAddress: { flag: 'bind-address', kind: anyText, help: 'the address of both ports', fallback: '0.0.0.0' },
  tlsDir: { flag: 'tls-dir', kind: anyText, help: 'the folder that holds tls.crt and tls.key' },
  clientCaDir: {
    flag: 'client-ca-dir',
    kind: anyText,
    help: 'the folder that holds ca.crt, whose authorities sign the certificates that callers must present',
    isOptional: true,
  },
  settingsDir: { flag: 'settings-dir', kind: anyText, help: 'the folder of the gate settings', isOptional: true },
  overrideDir: { flag: 'override-dir', kind: anyText, help: 'the folder of the override', isOptional: true },
  // Above the 200 mutating requests that one API server has in flight by default (--max-mutating-requests-inflight).
  maxInFlight: {
    flag: 'max-in-flight',
    kind: wholeNumber(1, 100_000),
    help: 'how many reviews may be in flight',
    fallback: '256',
  },
  // Longer than endpoints and kube-proxy take to stop sending new connections to a pod that ends.
  drainSeconds: {
    flag: 'drain-seconds',
    kind: wholeNumber(0, 3_600),
    help: 'how long to keep serving after SIGTERM',
    fallback: '15',
  },
  logLevel: { flag: 'log-level', kind: oneOf(LOG_LEVELS), help: 'how much to log', fallback: 'info' },
} as const satisfies Record<string, Setting>;

export const SERVE_USAGE = `usage: orchestration-gate serve [--FLAG VALUE]...

Answers admission reviews until SIGTERM: the gate. docs/operations.md says more.

${describeSettings(SERVE_SETTINGS)}`;

export type ServeConfiguration = Configuration<typeof SERVE_SETTINGS>;

/** The configuration of `serve`. */
export function readServeConfiguration(sources: ConfigurationSources): ConfigurationResult<ServeConfiguration> {
  const result = readConfiguration(SERVE_SETTINGS, sources);
  if (!result.ok) return result;
  const { port: gatePort, sidePort } = result.configuration;
  if (gatePort !== sidePort || gatePort === 0) return result;
  return { ok: false, mistakes: [`--port and --side-port are both ${gatePort}; they need a port each`] };
}
