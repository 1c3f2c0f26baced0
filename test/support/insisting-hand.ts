import { setTimeout as delay } from 'node:timers/promises';
import type { Kind, NamespacedApi, StoredObject } from './namespaced-api.ts';

const pollMilliseconds = 250;

/** Ends children, as the controllers of agents and tools do. */
export type EndChild = (child: StoredObject, status: { readonly phase: string }) => Promise<void>;

export interface InsistingHand {
  readonly end: EndChild;
  readonly stop: () => Promise<void>;
}

/** Ends children beside the supporting controller, which may put back the phase of a ToolRun: then it is written again. */
export function startInsistingHand(api: NamespacedApi): InsistingHand {
  const given = new Map<string, { readonly phase: string }>();
  let isOver = false;

  async function insist(): Promise<void> {
    if (given.size === 0) return;
    for (const { metadata, status } of await api.list('ToolRun')) {
      const wanted = given.get(metadata.uid);
      if (wanted !== undefined && status?.phase !== wanted.phase) await api.setStatus('ToolRun', metadata.name, wanted);
    }
  }

  const insisting = (async () => {
    // A ToolRun may go while it is looked at, and the API server be away.
    for (; !isOver; await delay(pollMilliseconds)) await insist().catch(() => {});
  })();
  return {
    async end({ kind, metadata }, status) {
      given.set(metadata.uid, status);
      await api.setStatus(kind as Kind, metadata.name, status);
    },
    stop: () => {
      isOver = true;
      return insisting;
    },
  };
}
