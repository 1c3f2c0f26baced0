import type { KubeObject } from '../objects/object.ts';
import type { Cluster } from './cluster.ts';
import type { KubectlContext } from './command.ts';
import { describeEntry, isEntryKind } from './entries.ts';
import type { Context, Entry, EntryKey, Message } from './page/protocol.ts';
import { followSelection } from './selection.ts';

/** Changes are told together, this much later: a burst of them costs one frame. */
const GATHER_MS = 60;

export interface SessionOptions {
  readonly cluster: Cluster;
  readonly context: Context;
  readonly kubectl: KubectlContext;
  readonly selected: EntryKey | undefined;
  readonly send: (message: Message) => void;
  /** Calls back once after so many milliseconds; returns what calls it off. */
  readonly schedule: (delayMs: number, callback: () => void) => () => void;
  /** Told when a message cannot be made, which is a mistake of ours; the session goes on. */
  readonly onFault: (error: unknown) => void;
}

/** Tells one page everything, and from then on what changes; returns what ends that. */
export function openSession({ cluster, context, kubectl, selected, send, schedule, onFault }: SessionOptions) {
  const follow = selected && followSelection(cluster, selected, kubectl);
  const dirty = new Map<string, KubeObject>();
  let cancel: (() => void) | undefined;
  let telling: Promise<void> | undefined;
  let isClosed = false;
  /** Whether the page has been told of everything there is. */
  let isWhole = false;
  let told: string | undefined;

  function tellAll(): void {
    isWhole = cluster.isSynced();
    const changed = [...cluster.objects()].flatMap((object) => describeEntry(object) ?? []);
    send({ type: 'Entries', isWhole, changed, gone: [] });
    dirty.clear();
  }

  function tellTroubles(): void {
    const sentences = cluster.troubles();
    if (sentences.join('\n') === told) return;
    told = sentences.join('\n');
    send({ type: 'Troubles', sentences });
  }

  function tellEntries(): void {
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

  async function tellSelection(): Promise<void> {
    try {
      const messages = (await follow?.()) ?? [];
      if (!isClosed) for (const message of messages) send(message);
    } catch (error) {
      onFault(error);
    }
  }

  async function tell(): Promise<void> {
    if (isWhole || !cluster.isSynced()) tellEntries();
    else tellAll();
    tellTroubles();
    await tellSelection();
    telling = undefined;
    if (dirty.size > 0) tellSoon();
  }

  function tellSoon(): void {
    if (cancel !== undefined || telling !== undefined || isClosed) return;
    cancel = schedule(GATHER_MS, () => {
      cancel = undefined;
      telling = tell();
    });
  }

  const unsubscribe = cluster.subscribe((object) => {
    if (object !== undefined) dirty.set(`${object.kind}/${object.metadata.name}`, object);
    tellSoon();
  });
  send({ type: 'Context', context });
  tellAll();
  tellTroubles();
  telling = tellSelection().then(() => {
    telling = undefined;
    if (dirty.size > 0) tellSoon();
  });
  return () => {
    isClosed = true;
    cancel?.();
    unsubscribe();
  };
}
