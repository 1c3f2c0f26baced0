import { defineCommand, noOperand } from '../command.ts';
import { anyText, type Flags, folder, logLevelFlag, port, type Values, wholeNumber } from '../flags.ts';

const flags = {
  port: { flag: 'port', kind: port, help: 'the HTTPS port for admission reviews', fallback: '8443' },
  sidePort: { flag: 'side-port', kind: port, help: 'the HTTP port for probes and metrics', fallback: '8080' },
  bindAddress: {
    flag: 'bind-address',
    kind: anyText('ADDRESS'),
    help: 'the address of both ports',
    fallback: '0.0.0.0',
  },
  tlsDir: { flag: 'tls-dir', kind: folder, help: 'the folder that holds tls.crt and tls.key', isRequired: true },
  clientCaDir: {
    flag: 'client-ca-dir',
    kind: folder,
    help: 'the folder that holds ca.crt: callers must present a certificate that its authorities signed',
  },
  settingsDir: { flag: 'settings-dir', kind: folder, help: 'the folder of the gate settings' },
  overrideDir: { flag: 'override-dir', kind: folder, help: 'the folder of the override' },
  // Above the 200 mutating requests that one API server has in flight by default (--max-mutating-requests-inflight).
  maxInFlight: {
    flag: 'max-in-flight',
    kind: wholeNumber(1, 100_000),
    help: 'how many reviews may be in flight',
    fallback: '256',
  },
  // Longer than endpoints and kube-proxy take to stop sending new connections to a pod that is terminating.
  drainSeconds: {
    flag: 'drain-seconds',
    kind: wholeNumber(0, 3_600),
    help: 'how long to keep serving after SIGTERM',
    fallback: '15',
  },
  logLevel: logLevelFlag,
} as const satisfies Flags;

export type ServeConfiguration = Values<typeof flags>;

/** The command of the gate. `start` returns when the gate serves, or waits for its certificate. */
export function serveCommand(start: (configuration: ServeConfiguration) => Promise<void>) {
  return defineCommand({
    verb: 'serve',
    details: 'It serves until SIGTERM. docs/reference/settings.md describes the settings.',
    operands: noOperand,
    flags,
    exitCodes: { 0: 'stopped by a signal', 2: 'could not start' },
    examples: ['serve --tls-dir /tls --settings-dir /etc/orchestration-gate'],
    check: ({ port: gatePort, sidePort }) =>
      gatePort === sidePort && gatePort !== 0
        ? [`--port and --side-port are both ${gatePort}; they need a port each`]
        : [],
    run: async (configuration) => {
      await start(configuration);
      return { exitCode: 0, stdout: '', stderr: '' };
    },
  });
}
