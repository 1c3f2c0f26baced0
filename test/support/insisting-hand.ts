import { setTimeout as delay } from 'node:timers/promises';
import type { Kind, NamespacedApi, StoredObject } from './namespaced-api.ts';

const pollMilliseconds = 250;

/** Ends children, as the controllers of agents and tools do, and decides policies, as people do. */
export type WriteStatus = (object: StoredObject, status: { readonly phase: string }) => Promise<void>;

export interface InsistingHand {
  readonly write: WriteStatus;
  readonly stop: () => Promise<void>;
}

/** Kinds to which the supporting controller gives a phase. */
const KINDS = ['ToolRun', 'ApprovalPolicy'] as const;

/** Writes while the supporting controller runs, which may put back an old phase: then it writes again. */
export function startInsistingHand(api: NamespacedApi): InsistingHand {
  const given = new Map<string, { readonly phase: string }>();
  let isOver = false;

  async function insist(): Promise<void> {
    if (given.size === 0) return;
    for (const kind of KINDS) {
      for (const { metadata, status } of await api.list(kind)) {
        const wanted = given.get(metadata.uid);
        if (wanted !== undefined && status?.phase !== wanted.phase) await api.setStatus(kind, metadata.name, wanted);
      }
    }
  }

  const insisting = (async () => {
    // An object may disappear meanwhile, and the API server may be away.
    for (; !isOver; await delay(pollMilliseconds)) await insist().catch(() => {});
  })();
  return {
    async write({ kind, metadata }, status) {
      given.set(metadata.uid, status);
      await api.setStatus(kind as Kind, metadata.name, status);
    },
    stop: () => {
      isOver = true;
      return insisting;
    },
  };
}
