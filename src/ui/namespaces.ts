import type { Cluster as Api } from '../cli/cluster/port.ts';
import type { Cluster } from './cluster.ts';
import type { NamespaceList } from './page/protocol.ts';
import type { RightsReader } from './rights.ts';

/** How long a namespace is followed after its last page has left, because that page may only be reloading. */
const LINGER_MS = 30_000;

/** Everything about one namespace. */
export interface Namespace {
  readonly cluster: Cluster;
  readonly api: Api;
  readonly rights: RightsReader;
  readonly stop: () => Promise<void>;
}

/** The namespaces that pages look at. Each is followed once, however many pages there are. */
export interface Namespaces {
  /** The one that `ui` was started for. */
  readonly first: string;
  /** Follows a namespace until `release` is called. */
  readonly use: (name: string) => { readonly namespace: Namespace; readonly release: () => void };
  readonly list: () => Promise<NamespaceList>;
  readonly close: () => Promise<void>;
}

export interface NamespacesOptions {
  /** This namespace is always followed, so that problems show in the terminal before a page is open. */
  readonly first: string;
  /** Begins to follow a namespace. */
  readonly follow: (name: string) => Namespace;
  /** Reads the names of all namespaces. Throws an Error with the reason if the user may not. */
  readonly readNames: () => Promise<readonly string[]>;
  readonly schedule: (delayMs: number, callback: () => void) => () => void;
}

interface Used {
  readonly namespace: Namespace;
  users: number;
  cancelEnd: () => void;
}

/** Starts to follow the first namespace. */
export function createNamespaces({ first, follow, readNames, schedule }: NamespacesOptions): Namespaces {
  const open = new Map<string, Used>();
  const seen = new Set<string>();
  const ending = new Set<Promise<void>>();

  function use(name: string): Used {
    const used = open.get(name) ?? { namespace: follow(name), users: 0, cancelEnd: () => {} };
    open.set(name, used);
    seen.add(name);
    used.cancelEnd();
    used.users++;
    return used;
  }

  function release(name: string, used: Used): void {
    used.users--;
    if (used.users > 0) return;
    used.cancelEnd = schedule(LINGER_MS, () => {
      open.delete(name);
      const end = used.namespace.stop().finally(() => ending.delete(end));
      ending.add(end);
    });
  }

  use(first);
  return {
    first,
    use: (name) => {
      const used = use(name);
      return { namespace: used.namespace, release: () => release(name, used) };
    },
    list: async () => {
      try {
        return { namespaces: (await readNames()).toSorted() };
      } catch (error) {
        const sentence = `The namespaces cannot be listed, so type a name. (${(error as Error).message})`;
        return { namespaces: [...seen].sort(), sentence };
      }
    },
    close: async () => {
      for (const { cancelEnd } of open.values()) cancelEnd();
      await Promise.all([...ending, ...[...open.values()].map(({ namespace }) => namespace.stop())]);
    },
  };
}
