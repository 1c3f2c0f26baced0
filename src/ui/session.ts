import type { KubeObject } from '../objects/object.ts';
import type { Cluster } from './cluster.ts';
import type { KubectlContext } from './command.ts';
import { describeEntry, isEntryKind } from './entries.ts';
import type { Context, Entry, EntryKey, Message } from './page/protocol.ts';
import { followSelection } from './selection.ts';

/** Changes are sent together after this delay, so that a burst of changes costs one frame. */
const GATHER_MS = 60;

export interface SessionOptions {
  readonly cluster: Cluster;
  readonly context: Context;
  readonly kubectl: KubectlContext;
  readonly selected: EntryKey | undefined;
  readonly send: (message: Message) => void;
  /** Calls back once after this delay, in milliseconds. Returns a function that cancels it. */
  readonly schedule: (delayMs: number, callback: () => void) => () => void;
  /** Called if a message cannot be created, which is a bug. The session continues. */
  readonly onFault: (error: unknown) => void;
}

/** Sends everything to one page, and then every change. Returns a function that closes the session. */
export function openSession({ cluster, context, kubectl, selected, send, schedule, onFault }: SessionOptions) {
  const follow = selected && followSelection(cluster, selected, kubectl);
  const dirty = new Map<string, KubeObject>();
  let cancel: (() => void) | undefined;
  let sending: Promise<void> | undefined;
  let isClosed = false;
  /** Whether the page has received all entries. */
  let isWhole = false;
  let sentTroubles: string | undefined;

  function sendAll(): void {
    isWhole = cluster.isSynced();
    const changed = [...cluster.objects()].flatMap((object) => describeEntry(object) ?? []);
    send({ type: 'Entries', isWhole, changed, gone: [] });
    dirty.clear();
  }

  function sendTroubles(): void {
    const sentences = cluster.troubles();
    if (sentences.join('\n') === sentTroubles) return;
    sentTroubles = sentences.join('\n');
    send({ type: 'Troubles', sentences });
  }

  function sendEntries(): void {
    const changed: Entry[] = [];
    const gone: EntryKey[] = [];
    for (const { kind, metadata } of dirty.values()) {
      const object = cluster.get(kind, metadata.name);
      const entry = object && describeEntry(object);
      if (entry !== undefined) changed.push(entry);
      else if (isEntryKind(kind)) gone.push({ kind, name: metadata.name });
    }
    dirty.clear();
    if (changed.length + gone.length > 0) send({ type: 'Entries', isWhole: false, changed, gone });
  }

  async function sendSelection(): Promise<void> {
    try {
      const messages = (await follow?.()) ?? [];
      if (!isClosed) for (const message of messages) send(message);
    } catch (error) {
      onFault(error);
    }
  }

  async function sendChanges(): Promise<void> {
    if (isWhole || !cluster.isSynced()) sendEntries();
    else sendAll();
    sendTroubles();
    await sendSelection();
    sending = undefined;
    if (dirty.size > 0) sendSoon();
  }

  function sendSoon(): void {
    if (cancel !== undefined || sending !== undefined || isClosed) return;
    cancel = schedule(GATHER_MS, () => {
      cancel = undefined;
      sending = sendChanges();
    });
  }

  const unsubscribe = cluster.subscribe((object) => {
    if (object !== undefined) dirty.set(`${object.kind}/${object.metadata.name}`, object);
    sendSoon();
  });
  send({ type: 'Context', context });
  sendAll();
  sendTroubles();
  sending = sendSelection().then(() => {
    sending = undefined;
    if (dirty.size > 0) sendSoon();
  });
  return () => {
    isClosed = true;
    cancel?.();
    unsubscribe();
  };
}
