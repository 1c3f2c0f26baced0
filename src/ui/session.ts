import type { Cluster } from './cluster.ts';
import type { KubectlContext } from './command.ts';
import { offerActions } from './offers.ts';
import type { Context, EntryKey, Message } from './page/protocol.ts';
import { RIGHTS_MS, type RightsReader } from './rights.ts';
import { followSelection, type Selection } from './selection.ts';
import { createEntrySender } from './send-entries.ts';

/** Changes are sent together after this delay, so that a burst of changes costs one frame. */
const GATHER_MS = 60;

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

/** Everything that is sent to one page. */
export interface Session {
  /** Follows another object, or none. */
  readonly select: (selected: EntryKey | undefined) => void;
  readonly close: () => void;
}

/** Sends everything to one page, and then every change. */
export function openSession({
  cluster,
  rights,
  context,
  selected,
  send,
  schedule,
  ...options
}: SessionOptions): Session {
  const timers = createTimers(schedule);
  const changes = createChangeSender(send);
  const shown = createShower({ cluster, rights, send, changes, ...options });
  const entries = createEntrySender({ cluster, send, soon: (callback) => timers.start(0, callback) });
  let isScheduled = false;

  function flush(): void {
    isScheduled = false;
    changes.send({ type: 'Connection', connection: cluster.connection() });
    entries.flush();
    shown.refresh();
  }

  function flushSoon(): void {
    if (isScheduled) return;
    isScheduled = true;
    timers.start(GATHER_MS, flush);
  }

  function sendRights(): void {
    rights.read().then((read) => changes.send({ type: 'Rights', rights: read }), options.onFault);
    timers.start(RIGHTS_MS, () => {
      sendRights();
      flushSoon();
    });
  }

  const unsubscribe = cluster.subscribe((changed) => {
    if (changed !== undefined) entries.note(changed);
    flushSoon();
  });
  send({ type: 'Context', context });
  shown.select(selected);
  flush();
  sendRights();
  return {
    select: shown.select,
    close: () => {
      unsubscribe();
      shown.close();
      timers.stop();
    },
  };
}

interface Shown {
  readonly selection: Selection;
  /** Whether the object is being sent. */
  isBusy: boolean;
  /** Whether the object may have changed since then. */
  isDue: boolean;
}

type ShowerOptions = Pick<SessionOptions, 'cluster' | 'rights' | 'kubectl' | 'send' | 'onFault'> & {
  readonly changes: ReturnType<typeof createChangeSender>;
};

/** Sends everything about the selected object: its state, its changes and its actions. */
function createShower({ cluster, rights, kubectl, send, changes, onFault }: ShowerOptions) {
  let current: Shown | undefined;

  async function sendOne(shown: Shown): Promise<void> {
    const messages = await shown.selection.next();
    if (shown !== current) return;
    for (const message of messages) send(message);
    const object = shown.selection.shown();
    const actions = object === undefined ? [] : await offerActions(object, rights);
    if (shown === current) changes.send({ type: 'Actions', actions });
  }

  /** A change that arrives while the object is being sent is sent afterwards. */
  async function refresh(): Promise<void> {
    const shown = current;
    if (shown === undefined) return;
    shown.isDue = true;
    if (shown.isBusy) return;
    shown.isBusy = true;
    while (shown.isDue && shown === current) {
      shown.isDue = false;
      await sendOne(shown).catch(onFault);
    }
    shown.isBusy = false;
  }

  return {
    refresh: () => void refresh(),
    select: (selected: EntryKey | undefined): void => {
      const selection = selected && followSelection(cluster, selected, kubectl);
      current = selection && { selection, isDue: false, isBusy: false };
      send({ type: 'Selected', selected: selected ?? null });
      changes.forget('Actions');
      void refresh();
    },
    close: () => {
      current = undefined;
    },
  };
}

/** Sends messages if only the last one of a type counts. A message that is the same as before is not sent. */
function createChangeSender(send: (message: Message) => void) {
  const sent = new Map<Message['type'], string>();
  return {
    send: (message: Message): void => {
      const text = JSON.stringify(message);
      if (sent.get(message.type) === text) return;
      sent.set(message.type, text);
      send(message);
    },
    forget: (type: Message['type']) => sent.delete(type),
  };
}

/** Timers that stop together. After that, none starts. */
function createTimers(schedule: SessionOptions['schedule']) {
  const cancels = new Set<() => void>();
  let isOver = false;
  return {
    start: (delayMs: number, callback: () => void): void => {
      if (isOver) return;
      const cancel = schedule(delayMs, () => {
        cancels.delete(cancel);
        callback();
      });
      cancels.add(cancel);
    },
    stop: (): void => {
      isOver = true;
      for (const cancel of cancels) cancel();
    },
  };
}
