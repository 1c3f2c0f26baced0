import type { Cluster } from './cluster.ts';
import type { KubectlContext } from './command.ts';
import { offerActions } from './offers.ts';
import type { Context, Entry, EntryKey, EntryKind, Message } from './page/protocol.ts';
import { RIGHTS_MS, type RightsReader } from './rights.ts';
import { followSelection, type Selection } from './selection.ts';

/** Changes are sent together after this delay, so that a burst of changes costs one frame. */
const GATHER_MS = 60;
/** Entries in a frame of the first list. The first frame fills a screen, so it is drawn before the rest has arrived. */
const CHUNK = { first: 200, others: 500 } as const;

const KINDS: readonly EntryKind[] = ['OrchestrationRun', 'Orchestration'];

export interface SessionOptions {
  readonly cluster: Cluster;
  readonly rights: RightsReader;
  readonly context: Context;
  readonly kubectl: KubectlContext;
  readonly selected: EntryKey | undefined;
  readonly send: (message: Message) => void;
  /** Calls back once after this delay, in milliseconds. Returns a function that cancels it. */
  readonly schedule: (delayMs: number, callback: () => void) => () => void;
  /** Called if a message cannot be created, which is a bug. The session continues. */
  readonly onFault: (error: unknown) => void;
}

/** All that is sent to one page. */
export interface Session {
  /** Follows another object, or none. */
  readonly select: (selected: EntryKey | undefined) => void;
  readonly close: () => void;
}

interface Shown {
  readonly selection: Selection;
  /** It is being sent. */
  isBusy: boolean;
  /** It may have changed since. */
  isDue: boolean;
}

/** Sends everything to one page, and then every change. */
export function openSession(options: SessionOptions): Session {
  const { cluster, context, schedule, onFault } = options;
  const send = (message: Message) => {
    if (!isClosed) options.send(message);
  };
  const sendChanged = createChangeSender(send);
  const dirty = new Map<string, EntryKey>();
  /** The kinds whose list has been sent, or is being sent. */
  const begun = new Set<EntryKind>();
  let cancels: readonly (() => void)[] = [];
  let isScheduled = false;
  let isClosed = false;
  let current: Shown | undefined;

  function later(delayMs: number, callback: () => void): void {
    const cancel = schedule(delayMs, () => {
      cancels = cancels.filter((other) => other !== cancel);
      callback();
    });
    cancels = [...cancels, cancel];
  }

  /** Sends the objects of a kind as they are when their turn comes, in frames between which other messages fit. */
  function sendList(kind: EntryKind, names: readonly string[], from = 0): void {
    const to = from + (from === 0 ? CHUNK.first : CHUNK.others);
    sendEntries(names.slice(from, to).map((name) => ({ kind, name })));
    if (to < names.length) later(0, () => sendList(kind, names, to));
    else send({ type: 'Listed', kind });
  }

  function sendNewLists(): void {
    for (const kind of KINDS.filter((one) => !begun.has(one) && cluster.isListed(one))) {
      begun.add(kind);
      sendList(kind, cluster.listNames(kind));
    }
  }

  function sendEntries(keys: Iterable<EntryKey>): void {
    const changed: Entry[] = [];
    const gone: EntryKey[] = [];
    for (const { kind, name } of keys) {
      const entry = cluster.describe({ kind, name });
      if (entry !== undefined) changed.push(entry);
      else if (cluster.isListed(kind)) gone.push({ kind, name });
    }
    if (changed.length + gone.length > 0) send({ type: 'Entries', changed, gone });
  }

  async function sendSelection(shown: Shown): Promise<void> {
    const messages = await shown.selection.next();
    if (shown !== current) return;
    for (const message of messages) send(message);
    const object = shown.selection.shown();
    const actions = object === undefined ? [] : await offerActions(object, options.rights);
    if (shown === current) sendChanged({ type: 'Actions', actions });
  }

  /** Sends what has changed of the selected object. A change that comes meanwhile is sent afterwards. */
  async function refresh(): Promise<void> {
    const shown = current;
    if (shown === undefined) return;
    shown.isDue = true;
    if (shown.isBusy) return;
    shown.isBusy = true;
    while (shown.isDue && shown === current) {
      shown.isDue = false;
      await sendSelection(shown).catch(onFault);
    }
    shown.isBusy = false;
  }

  function select(selected: EntryKey | undefined): void {
    const selection = selected && followSelection(cluster, selected, options.kubectl);
    current = selection && { selection, isDue: false, isBusy: false };
    send({ type: 'Selected', selected: selected ?? null });
    sendChanged.forget('Actions');
    void refresh();
  }

  /** Sends everything that may have changed. */
  function sendChanges(): void {
    sendChanged({ type: 'Connection', connection: cluster.connection() });
    sendEntries([...dirty.values()].filter(({ kind }) => begun.has(kind)));
    dirty.clear();
    sendNewLists();
    void refresh();
  }

  function sendSoon(): void {
    if (isScheduled || isClosed) return;
    isScheduled = true;
    later(GATHER_MS, () => {
      isScheduled = false;
      sendChanges();
    });
  }

  async function sendRights(): Promise<void> {
    try {
      sendChanged({ type: 'Rights', rights: await options.rights.read() });
    } catch (error) {
      onFault(error);
    }
    if (isClosed) return;
    later(RIGHTS_MS, () => {
      void sendRights();
      sendSoon();
    });
  }

  const unsubscribe = cluster.subscribe((changed) => {
    if (changed !== undefined) dirty.set(`${changed.kind}/${changed.name}`, changed);
    // The numbers of its Orchestration change too.
    const parent = changed?.kind === 'OrchestrationRun' && cluster.describe(keyOf(changed.orchestration));
    if (parent) dirty.set(`Orchestration/${parent.name}`, parent);
    sendSoon();
  });
  send({ type: 'Context', context });
  select(options.selected);
  sendChanges();
  void sendRights();
  return {
    select,
    close: () => {
      isClosed = true;
      current = undefined;
      for (const cancel of cancels) cancel();
      unsubscribe();
    },
  };
}

function keyOf(orchestration: string): EntryKey {
  return { kind: 'Orchestration', name: orchestration };
}

/** Sends messages of which only the last of a type counts, unless it is the same as before. */
function createChangeSender(send: (message: Message) => void) {
  const sent = new Map<Message['type'], string>();
  const sendChanged = (message: Message) => {
    const text = JSON.stringify(message);
    if (sent.get(message.type) === text) return;
    sent.set(message.type, text);
    send(message);
  };
  return Object.assign(sendChanged, { forget: (type: Message['type']) => sent.delete(type) });
}
