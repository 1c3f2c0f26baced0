import {
  anyText,
  type Configuration,
  type ConfigurationResult,
  type ConfigurationSources,
  describeSettings,
  readConfiguration,
  type Setting,
} from './configuration.ts';
import { boolean, kubeconfig, namespaces, variables } from './reconcile-configuration.ts';

const RELEASE_SETTINGS = {
  namespaces: {
    flag: 'namespaces',
    kind: namespaces,
    help: 'the namespaces whose AgentRuns are released',
    variables: variables('ORCHESTRATION_CONTROLLER_NAMESPACES'),
    isOptional: true,
  },
  ownNamespace: {
    flag: 'own-namespace',
    kind: anyText,
    help: 'the namespace of the release, and of its Lease',
    variables: ['POD_NAMESPACE'],
    fallback: 'default',
  },
  stopsEngine: {
    flag: 'stop-engine',
    kind: boolean,
    help: 'whether the engine that works loses its Lease first, for ten minutes',
    fallback: 'false',
  },
  kubeconfig,
} as const satisfies Record<string, Setting>;

export const RELEASE_USAGE = `usage: orchestration-gate release [--FLAG VALUE]...

Removes the finalizer orchestration.proompteng.ai/outcome from AgentRuns. docs/operations.md says when that is needed.

${describeSettings(RELEASE_SETTINGS)}`;

export type ReleaseConfiguration = Configuration<typeof RELEASE_SETTINGS> & { readonly namespaces: readonly string[] };

/** The configuration of `release`. It is about its own namespace unless others are named. */
export function readReleaseConfiguration(sources: ConfigurationSources): ConfigurationResult<ReleaseConfiguration> {
  const result = readConfiguration(RELEASE_SETTINGS, sources);
  if (!result.ok) return result;
  const { namespaces: named = [], ownNamespace } = result.configuration;
  return {
    ok: true,
    configuration: { ...result.configuration, namespaces: named.length > 0 ? named : [ownNamespace] },
  };
}
