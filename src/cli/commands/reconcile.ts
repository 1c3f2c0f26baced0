import { certificateFlags, findCertificateMistakes } from '../certificate-flags.ts';
import { defineCommand, noOperand } from '../command.ts';
import {
  agentsVariables,
  chooseNamespaces,
  jsonObject,
  kubeconfigFlag,
  nameList,
  namespaces,
  ownNamespaceFlag,
} from '../controller-flags.ts';
import { anyText, boolean, type Flags, folder, logLevelFlag, port, type Values, wholeNumber } from '../flags.ts';
import { telemetryFlags } from '../telemetry-flags.ts';

const flags = {
  isEnabled: {
    kind: boolean,
    help: 'whether runs are executed',
    variables: agentsVariables('ORCHESTRATION_CONTROLLER_ENABLED'),
    fallback: 'false',
  },
  namespaces: {
    kind: namespaces,
    help: 'the namespaces that are followed',
    variables: agentsVariables('ORCHESTRATION_CONTROLLER_NAMESPACES'),
  },
  auditedNamespaces: {
    flag: 'audit-namespaces',
    kind: namespaces,
    help: 'where stored Orchestrations are judged, whether runs are executed or not (default: nowhere)',
  },
  executesToolRuns: {
    kind: boolean,
    help: 'whether ToolRuns are executed as Jobs',
    variables: agentsVariables('TOOL_RUN_CONTROLLER_ENABLED'),
    fallback: 'false',
  },
  allowedServiceAccounts: {
    kind: nameList,
    help: 'the only service accounts that Tools may run under',
    variables: agentsVariables('TOOL_RUN_CONTROLLER_ALLOWED_SERVICE_ACCOUNTS'),
  },
  toolSecurityContext: {
    kind: jsonObject,
    help: "the security context of Tools' pods",
    variables: agentsVariables('TOOL_RUN_CONTROLLER_SECURITY_CONTEXT'),
  },
  toolContainerSecurityContext: {
    kind: jsonObject,
    help: "the security context of Tools' containers",
    variables: agentsVariables('TOOL_RUN_CONTROLLER_CONTAINER_SECURITY_CONTEXT'),
  },
  ownServiceAccount: {
    kind: anyText('NAME'),
    help: 'the account it runs under',
    variables: ['POD_SERVICE_ACCOUNT'],
    fallback: 'default',
  },
  ownNamespace: ownNamespaceFlag('the namespace it runs in'),
  settingsDir: { flag: 'settings-dir', kind: folder, help: 'the folder of the gate settings' },
  kubeconfig: kubeconfigFlag,
  sidePort: {
    flag: 'side-port',
    kind: port,
    help: 'the HTTP port for probes and metrics',
    fallback: '8081',
  },
  bindAddress: {
    flag: 'bind-address',
    kind: anyText('ADDRESS'),
    help: 'the address of that port',
    fallback: '0.0.0.0',
  },
  // GitOps tools apply objects in any order. Five minutes are about twice the time of Argo CD's default retries (5 + 10
  // + 20 + 40 + 80 s).
  missingOrchestrationSeconds: {
    flag: 'missing-orchestration-seconds',
    kind: wholeNumber(0, 86_400),
    help: 'seconds that a run waits for its Orchestration',
    fallback: '300',
  },
  electsLeader: {
    flag: 'leader-elect',
    kind: boolean,
    help: 'whether replicas divide the work by Leases; if not, each does all of it',
    fallback: 'true',
  },
  workers: {
    flag: 'workers',
    kind: wholeNumber(1, 1_000),
    help: 'how many runs are worked on at once',
    fallback: '16',
  },
  historyLimit: {
    flag: 'history-limit',
    kind: wholeNumber(0, 1_000_000),
    help: 'finished runs to keep of an Orchestration without policies.history.limit; otherwise all',
  },
  engineHeapMib: {
    flag: 'engine-heap-mib',
    kind: wholeNumber(32, 1_048_576),
    help: 'the largest heap of the engine in MiB; otherwise it follows from the memory limit',
  },
  // Less than the 10 s after which an engine that hangs has lost its lease anyway.
  stallSeconds: {
    flag: 'stall-seconds',
    kind: wholeNumber(2, 3_600),
    help: 'seconds of silence after which the engine is killed',
    fallback: '8',
  },
  restartCapSeconds: {
    flag: 'restart-cap-seconds',
    kind: wholeNumber(1, 3_600),
    help: 'most seconds before an engine is started again',
    fallback: '30',
  },
  deathsToQuarantine: {
    flag: 'deaths-to-quarantine',
    kind: wholeNumber(2, 1_000_000),
    help: 'how many crashes of the engine on one object quarantine the object',
    fallback: '2',
  },
  ...telemetryFlags,
  ...certificateFlags,
  logLevel: logLevelFlag,
} as const satisfies Flags;

/** The reconciler follows its own namespace unless others are named. */
export type ReconcileConfiguration = Values<typeof flags> & { readonly namespaces: readonly string[] };

type Start = (configuration: ReconcileConfiguration) => Promise<void>;

/** The command of the reconciler. `start` returns as soon as the reconciler runs. */
export function reconcileCommand(start: Start) {
  return defineCommand({
    ...describe(start),
    verb: 'reconcile',
    details:
      'If you enable it, it also executes ToolRuns. It runs until SIGTERM. docs/reference/settings.md describes the settings.',
    examples: ['reconcile --kubeconfig ~/.kube/config --own-namespace agents'],
  });
}

/**
 * The command of the engine, the process that does the work. It has the arguments and the environment of the
 * `reconcile` that starts it.
 */
export function engineCommand(start: Start) {
  return defineCommand({ ...describe(start), verb: 'engine', examples: [] });
}

function describe(start: Start) {
  return {
    operands: noOperand,
    flags,
    exitCodes: { 0: 'stopped by a signal', 2: 'could not start' },
    check: findCertificateMistakes,
    run: async (values: Values<typeof flags>) => {
      await start(Object.freeze({ ...values, namespaces: chooseNamespaces(values) }));
      return { exitCode: 0, stdout: '', stderr: '' } as const;
    },
  };
}
