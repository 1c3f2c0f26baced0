import { CERTIFICATE_SETTINGS, findCertificateMistakes } from './certificate-configuration.ts';
import {
  anyText,
  type Configuration,
  type ConfigurationResult,
  type ConfigurationSources,
  describeSettings,
  oneOf,
  readConfiguration,
  type Setting,
  type ValueKind,
  wholeNumber,
} from './configuration.ts';
import { LOG_LEVELS } from './log.ts';

export const boolean: ValueKind<boolean> = {
  expected: 'true or false',
  read: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
};

/** Comma text or a JSON array, as the agents chart writes it; `*` is every namespace. */
export const namespaces: ValueKind<readonly string[]> = {
  expected: 'namespaces with commas between, or a JSON array of them, or *',
  read: (text) => {
    const names = readWords(text);
    return names?.every((name) => name === '*' || /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name))
      ? names
      : undefined;
  },
};

const words: ValueKind<readonly string[]> = {
  expected: 'names with commas between, or a JSON array of them',
  read: readWords,
};

const jsonObject: ValueKind<object> = { expected: 'a JSON object', read: readJsonObject };

/** The agents chart's variables, and their former names: where both are set they must agree. */
export function variables(name: string): readonly string[] {
  return [`AGENTS_${name}`, `JANGAR_${name}`];
}

/** Of every process that finds the API server as kubectl does. */
export const kubeconfig = {
  flag: 'kubeconfig',
  kind: anyText,
  help: 'a kubeconfig; inside a cluster none is needed',
  variables: ['KUBECONFIG'],
  isOptional: true,
} as const satisfies Setting;

const RECONCILE_SETTINGS = {
  isEnabled: {
    kind: boolean,
    help: 'whether runs are executed',
    variables: variables('ORCHESTRATION_CONTROLLER_ENABLED'),
    fallback: 'false',
  },
  namespaces: {
    kind: namespaces,
    help: 'the namespaces that are followed',
    variables: variables('ORCHESTRATION_CONTROLLER_NAMESPACES'),
    isOptional: true,
  },
  executesToolRuns: {
    kind: boolean,
    help: 'whether ToolRuns are executed as Jobs',
    variables: variables('TOOL_RUN_CONTROLLER_ENABLED'),
    fallback: 'false',
  },
  allowedServiceAccounts: {
    kind: words,
    help: 'the only service accounts that Tools may run under',
    variables: variables('TOOL_RUN_CONTROLLER_ALLOWED_SERVICE_ACCOUNTS'),
    isOptional: true,
  },
  toolSecurityContext: {
    kind: jsonObject,
    help: "the security context of Tools' pods",
    variables: variables('TOOL_RUN_CONTROLLER_SECURITY_CONTEXT'),
    isOptional: true,
  },
  toolContainerSecurityContext: {
    kind: jsonObject,
    help: "the security context of Tools' containers",
    variables: variables('TOOL_RUN_CONTROLLER_CONTAINER_SECURITY_CONTEXT'),
    isOptional: true,
  },
  ownServiceAccount: {
    kind: anyText,
    help: 'the account it runs under',
    variables: ['POD_SERVICE_ACCOUNT'],
    fallback: 'default',
  },
  ownNamespace: {
    flag: 'own-namespace',
    kind: anyText,
    help: 'the namespace it runs in',
    variables: ['POD_NAMESPACE'],
    fallback: 'default',
  },
  settingsDir: { flag: 'settings-dir', kind: anyText, help: 'the folder of the gate settings', isOptional: true },
  kubeconfig,
  sidePort: {
    flag: 'side-port',
    kind: wholeNumber(0, 65_535),
    help: 'the HTTP port for probes and metrics',
    fallback: '8081',
  },
  bindAddress: { flag: 'bind-address', kind: anyText, help: 'the address of that port', fallback: '0.0.0.0' },
  // GitOps applies in any order; five minutes are what Argo CD's default retries take (5 + 10 + 20 + 40 + 80 s), twice.
  missingOrchestrationSeconds: {
    flag: 'missing-orchestration-seconds',
    kind: wholeNumber(0, 86_400),
    help: 'how long a run waits for its Orchestration',
    fallback: '300',
  },
  electsLeader: {
    flag: 'leader-elect',
    kind: boolean,
    help: 'whether one of several replicas does the work',
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
    help: 'how many finished runs are kept of an Orchestration without policies.history.limit',
    isOptional: true,
  },
  engineHeapMib: {
    flag: 'engine-heap-mib',
    kind: wholeNumber(32, 1_048_576),
    help: "the most that the engine's heap may grow to",
    isOptional: true,
  },
  // Less than the 10 s after which an engine that stands still has lost its lease anyway.
  stallSeconds: {
    flag: 'stall-seconds',
    kind: wholeNumber(2, 3_600),
    help: 'how long the engine may be silent before it is killed',
    fallback: '8',
  },
  restartCapSeconds: {
    flag: 'restart-cap-seconds',
    kind: wholeNumber(1, 3_600),
    help: 'the longest wait before an engine is started again',
    fallback: '30',
  },
  deathsToQuarantine: {
    flag: 'deaths-to-quarantine',
    kind: wholeNumber(2, 1_000_000),
    help: 'at how many deaths of engines something must have been in work to be left alone',
    fallback: '2',
  },
  ...CERTIFICATE_SETTINGS,
  logLevel: { flag: 'log-level', kind: oneOf(LOG_LEVELS), help: 'how much to log', fallback: 'info' },
} as const satisfies Record<string, Setting>;

export const RECONCILE_USAGE = `usage: orchestration-gate reconcile [--FLAG VALUE]...

Executes OrchestrationRuns, and ToolRuns if asked to, until SIGTERM: the reconciler. docs/operations.md says more.

${describeSettings(RECONCILE_SETTINGS)}`;

export type ReconcileConfiguration = Configuration<typeof RECONCILE_SETTINGS> & {
  readonly namespaces: readonly string[];
};

/** The configuration of `reconcile`. It follows its own namespace unless others are named. */
export function readReconcileConfiguration(sources: ConfigurationSources): ConfigurationResult<ReconcileConfiguration> {
  const result = readConfiguration(RECONCILE_SETTINGS, sources);
  if (!result.ok) return result;
  const mistakes = findCertificateMistakes(result.configuration);
  if (mistakes.length > 0) return { ok: false, mistakes };
  const { namespaces: named = [], ownNamespace } = result.configuration;
  const followed = named.length > 0 ? named : [ownNamespace];
  return { ok: true, configuration: Object.freeze({ ...result.configuration, namespaces: followed }) };
}

function readWords(text: string): readonly string[] | undefined {
  return text.trimStart().startsWith('[') ? readJsonArray(text) : text.split(',').map((name) => name.trim());
}

function readJsonArray(text: string): readonly string[] | undefined {
  const parsed = readJson(text);
  return Array.isArray(parsed) && parsed.every((name) => typeof name === 'string') ? parsed : undefined;
}

function readJsonObject(text: string): object | undefined {
  const parsed = readJson(text);
  return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? parsed : undefined;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
