import type { Cluster } from './cluster.ts';
import type { Entry, EntryKey, EntryKind, Message } from './page/protocol.ts';

/** The entries in a frame of a list. The first frame fills a screen, so it is drawn before the rest has arrived. */
const CHUNK = { first: 200, others: 500 } as const;

const KINDS: readonly EntryKind[] = ['OrchestrationRun', 'Orchestration'];

interface EntryOptions {
  readonly cluster: Pick<Cluster, 'listNames' | 'describe' | 'isListed'>;
  readonly send: (message: Message) => void;
  /** Calls back in another turn of the event loop. */
  readonly soon: (callback: () => void) => void;
}

/** Sends entries to a page: each list once, as soon as it is complete, and from then on its changes. */
export function createEntrySender({ cluster, send, soon }: EntryOptions) {
  const dirty = new Map<string, EntryKey>();
  /** The kinds whose list has been sent, or is being sent. */
  const begun = new Set<EntryKind>();

  function sendEntries(keys: readonly EntryKey[]): void {
    const changed: Entry[] = [];
    const gone: EntryKey[] = [];
    for (const { kind, name } of keys) {
      const entry = cluster.describe({ kind, name });
      if (entry === undefined) gone.push({ kind, name });
      else changed.push(entry);
    }
    if (changed.length + gone.length > 0) send({ type: 'Entries', changed, gone });
  }

  /**
   * Sends the objects of a kind in frames, each object as it is at that time. Other messages fit between the frames.
   */
  function sendList(kind: EntryKind, names: readonly string[], from = 0): void {
    const to = from + (from === 0 ? CHUNK.first : CHUNK.others);
    sendEntries(names.slice(from, to).map((name) => ({ kind, name })));
    if (to < names.length) soon(() => sendList(kind, names, to));
    else send({ type: 'Listed', kind });
  }

  return {
    /** Notes an object that has changed or is gone. */
    note: (changed: Entry): void => {
      dirty.set(`${changed.kind}/${changed.name}`, changed);
      if (changed.kind !== 'OrchestrationRun') return;
      // The numbers of its Orchestration change too.
      const parent = cluster.describe({ kind: 'Orchestration', name: changed.orchestration });
      if (parent !== undefined) dirty.set(`Orchestration/${parent.name}`, parent);
    },
    /** Sends what was noted, and the lists that are complete now. */
    flush: (): void => {
      sendEntries([...dirty.values()].filter(({ kind }) => begun.has(kind)));
      dirty.clear();
      for (const kind of KINDS.filter((one) => !begun.has(one) && cluster.isListed(one))) {
        begun.add(kind);
        sendList(kind, cluster.listNames(kind));
      }
    },
  };
}
