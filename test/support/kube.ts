import type { CallerOptions, ClientObserver, Verb } from '../../src/kube/calls.ts';
import { createKubeClient, type KubeClient } from '../../src/kube/client.ts';
import type { LoadCredentials } from '../../src/kube/credentials.ts';
import { KubeError } from '../../src/kube/errors.ts';
import { loadKubeconfig } from '../../src/kube/kubeconfig.ts';
import type { PluginHost } from '../../src/kube/kubeconfig-user.ts';
import type { Resource } from '../../src/kube/resources.ts';
import { createTransport } from '../../src/kube/transport.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import { silentLog, systemTiming } from './timing.ts';

export const configMaps: Resource = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
  namespaced: true,
};
export const jobs: Resource = { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', namespaced: true };

export function configMap(namespace: string, name: string, data: Readonly<Record<string, string>> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data };
}

/** This process, as credential plugins of a kubeconfig see it. */
export const pluginHost: PluginHost = { environment: process.env, now: Date.now };

/** Our client, with what it told its observers. */
export interface ObservedClient extends KubeClient {
  /** As `verb resource outcome`, in the order in which they ended. */
  readonly requests: string[];
  readonly retries: { readonly verb: Verb; readonly reason: string }[];
  readonly sockets: { readonly open: number; readonly peak: number };
  /** Over the same connections, but on the lane of the Lease. */
  readonly leaseClient: KubeClient;
  readonly close: () => Promise<void>;
}

/** Connects with a kubeconfig, or with credentials from elsewhere. The caller must close it. */
export function connectKube(
  from: string | LoadCredentials,
  options: Omit<CallerOptions, 'transport' | 'timing' | 'observer'> = {},
): ObservedClient {
  const requests: string[] = [];
  const retries: { verb: Verb; reason: string }[] = [];
  const sockets = { open: 0, peak: 0 };
  const observer: ClientObserver = {
    finishRequest: ({ verb, resource, outcome }) => requests.push(`${verb} ${resource} ${outcome}`),
    countRetry: ({ verb, reason }) => retries.push({ verb, reason }),
  };
  const transport = createTransport({
    load: typeof from === 'string' ? loadKubeconfig(from, pluginHost) : from,
    timing: systemTiming,
    log: silentLog,
    onSockets: (open) => {
      sockets.open = open;
      sockets.peak = Math.max(sockets.peak, open);
    },
  });
  const client = createKubeClient({ ...options, transport, timing: systemTiming, observer });
  const leaseClient = createKubeClient({ transport, timing: systemTiming, lane: 'lease' });
  return { ...client, requests, retries, sockets, leaseClient, close: transport.close };
}

/** The error of a call that must fail. */
export async function failureOf(call: Promise<unknown>): Promise<KubeError> {
  const error = await call.then(
    () => new Error('it succeeded'),
    (failure: unknown) => failure,
  );
  if (!(error instanceof KubeError)) throw error;
  return error;
}
