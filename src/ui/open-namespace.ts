import { openCluster } from '../cli/cluster/kube-cluster.ts';
import { createKubeClient } from '../kube/client.ts';
import type { UserContext } from '../kube/kubeconfig.ts';
import { listPages } from '../kube/pages.ts';
import type { Timing } from '../kube/ports.ts';
import { createTransport } from '../kube/transport.ts';
import { FieldManager } from '../orchestration/vocabulary/metadata.ts';
import { followNamespace, NAMESPACES, READ_DEADLINE_MS, WATCHES } from './follow-namespace.ts';
import type { Namespace } from './namespaces.ts';
import { createRights } from './rights.ts';

/** Connections for logs that are followed, in each namespace. */
const LOGS = 24;

interface NamespaceOptions {
  readonly user: UserContext;
  readonly timing: Timing;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly isReadOnly: boolean;
  readonly complain: (sentence: string) => void;
}

/** Returns a function that opens a namespace as this user. Each has its own connections. */
export function openNamespace({ user, timing, now, isReadOnly, complain }: NamespaceOptions) {
  return (namespace: string): Namespace => {
    const { cluster, transport, stop } = followNamespace({
      ...{ namespace, timing, now, complain },
      connect: (log) => createTransport({ load: user.load, timing, log, watches: WATCHES + LOGS }),
    });
    const api = openCluster(transport, timing, namespace, FieldManager.Page);
    return { cluster, api, rights: createRights({ api, isReadOnly, now }), stop };
  };
}

/** Reads the names of all namespaces. Throws KubeError. */
export async function listNamespaces(user: UserContext, timing: Timing): Promise<readonly string[]> {
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  const transport = createTransport({ load: user.load, timing, log: silent });
  const client = createKubeClient({ transport, timing, deadlineMs: READ_DEADLINE_MS });
  try {
    const names: string[] = [];
    for await (const page of listPages({ client, resource: NAMESPACES, timing, most: 500 }, {}))
      names.push(...page.map(({ metadata }) => metadata.name));
    return names;
  } finally {
    await transport.close();
  }
}
