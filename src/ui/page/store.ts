import { batch, type Signal, signal } from '@preact/signals';
import type {
  ClusterConnection,
  Context,
  Entry,
  EntryKey,
  EntryKind,
  Message,
  OfferedAction,
  OrchestrationView,
  Picture,
  Rights,
  RunView,
  StepView,
} from './protocol.ts';
import type { Link } from './stream.ts';

/** Everything that the server has told the page. A value is replaced, and never changed in place. */
export interface Store {
  /** The connection between the page and its server. */
  readonly link: Signal<Link>;
  /** What the server says about its connection to the cluster. */
  readonly cluster: Signal<ClusterConnection>;
  readonly context: Signal<Context | undefined>;
  readonly rights: Signal<Rights | undefined>;
  readonly entries: Signal<ReadonlyMap<string, Entry>>;
  /** The kinds whose entries are complete. */
  readonly listed: Signal<ReadonlySet<EntryKind>>;
  readonly shown: Signal<Shown>;
}

/** The object that the server has selected, and what is known about it. */
export interface Shown {
  /** As `keyOf` returns it. '' if nothing is selected. */
  readonly key: string;
  /** Why there is nothing to show. */
  readonly absent?: string;
  readonly run?: RunView;
  readonly orchestration?: OrchestrationView;
  readonly picture?: Picture;
  /** By index. Empty if the object is not a run. */
  readonly steps: ReadonlyMap<number, StepView>;
  readonly actions: readonly OfferedAction[];
}

const nothing = { steps: new Map<number, StepView>(), actions: [] };

/** Creates a store that knows nothing yet. */
export function createStore(): Store {
  return {
    link: signal<Link>({ state: 'Connecting' }),
    cluster: signal<ClusterConnection>({ state: 'Connecting' }),
    context: signal<Context | undefined>(undefined),
    rights: signal<Rights | undefined>(undefined),
    entries: signal<ReadonlyMap<string, Entry>>(new Map()),
    listed: signal<ReadonlySet<EntryKind>>(new Set()),
    shown: signal<Shown>({ key: '', ...nothing }),
  };
}

/** Forgets all objects, because they belong to another namespace. */
export function forget({ entries, listed, shown }: Store): void {
  batch(() => {
    entries.value = new Map();
    listed.value = new Set();
    shown.value = { key: '', ...nothing };
  });
}

/** Returns a function that applies the messages of one stream after another to the store. */
export function createReceiver(store: Store): (message: Message) => void {
  /** The keys that the present stream has named. */
  let named = new Set<string>();

  function begin(context: Context): void {
    named = new Set();
    store.context.value = context;
    store.cluster.value = { state: 'Connecting' };
  }

  function applyEntries(changed: readonly Entry[], gone: readonly EntryKey[]): void {
    const entries = new Map(store.entries.peek());
    for (const entry of changed) {
      entries.set(keyOf(entry), entry);
      named.add(keyOf(entry));
    }
    for (const key of gone) entries.delete(keyOf(key));
    store.entries.value = entries;
  }

  /** Forgets the entries of an earlier stream that no longer exist. */
  function finishList(kind: EntryKind): void {
    const entries = [...store.entries.peek()].filter(([key, entry]) => entry.kind !== kind || named.has(key));
    store.entries.value = new Map(entries);
    store.listed.value = new Set([...store.listed.peek(), kind]);
  }

  function apply(message: Message): void {
    switch (message.type) {
      case 'Context':
        begin(message.context);
        break;
      case 'Connection':
        store.cluster.value = message.connection;
        break;
      case 'Rights':
        store.rights.value = message.rights;
        break;
      case 'Entries':
        applyEntries(message.changed, message.gone);
        break;
      case 'Listed':
        finishList(message.kind);
        break;
      case 'Selected':
      case 'Absent':
      case 'Run':
      case 'Orchestration':
      case 'Picture':
      case 'Steps':
      case 'Actions':
        store.shown.value = applyToShown(store.shown.peek(), message);
        break;
      default:
        message satisfies never;
    }
  }
  return (message) => batch(() => apply(message));
}

type ShownMessage = Exclude<Message, { type: 'Context' | 'Connection' | 'Rights' | 'Entries' | 'Listed' }>;

function applyToShown(shown: Shown, message: ShownMessage): Shown {
  switch (message.type) {
    case 'Selected': {
      const key = message.selected === null ? '' : keyOf(message.selected);
      // After a reconnect, what was shown stays until it arrives again.
      return key === shown.key ? shown : { key, ...nothing };
    }
    case 'Absent':
      return { key: shown.key, absent: message.sentence, ...nothing };
    case 'Run':
      return { ...withoutAbsent(shown), run: message.run };
    case 'Orchestration':
      return { ...withoutAbsent(shown), orchestration: message.orchestration };
    case 'Picture':
      return { ...withoutAbsent(shown), picture: message.picture, steps: new Map() };
    case 'Steps':
      return {
        ...shown,
        steps: new Map([...shown.steps, ...message.changed.map((step) => [step.index, step] as const)]),
      };
    case 'Actions':
      return { ...shown, actions: message.actions };
    default:
      return message satisfies never;
  }
}

function withoutAbsent({ absent: _, ...shown }: Shown): Shown {
  return shown;
}

/** Returns the unique key of an entry. */
export function keyOf({ kind, name }: EntryKey): string {
  return `${kind}/${name}`;
}
