/** Pieces of work that run one after another. An error ends only the piece that throws it. */
export interface Chain {
  readonly add: (work: () => Promise<void>) => void;
  /** Resolves when all that was added is done; what is added later is dropped. */
  readonly stop: () => Promise<void>;
}

function createChain(): Chain {
  let last = Promise.resolve();
  let isStopped = false;
  return {
    add: (work) => {
      last = last.then(async () => {
        if (!isStopped) await work().catch(() => {});
      });
    },
    stop: () => {
      isStopped = true;
      return last;
    },
  };
}

/** A chain for each name, such as a namespace or a uid. */
export function createChains() {
  const chains = new Map<string, Chain>();
  return {
    of: (name: string): Chain => {
      const chain = chains.get(name) ?? createChain();
      chains.set(name, chain);
      return chain;
    },
    stop: () => Promise.all([...chains.values()].map((chain) => chain.stop())),
  };
}

/**
 * The queue of the supporting controller, with its two faults. While a key is queued or running, more work for it only
 * sets a flag, and the flag repeats the work that was queued first, with its old object. If the work fails while the flag
 * is set, the key is never forgotten: nothing is done for it again.
 */
export function createFlaggingQueue(chain: Chain): { readonly add: (key: string, work: () => Promise<void>) => void } {
  const flags = new Map<string, boolean>();

  function queue(key: string, work: () => Promise<void>): void {
    flags.set(key, false);
    chain.add(async () => {
      try {
        await work();
      } catch (error) {
        if (flags.get(key) === false) flags.delete(key);
        throw error;
      }
      const isFlagged = flags.get(key) === true;
      flags.delete(key);
      if (isFlagged) queue(key, work);
    });
  }

  return {
    add: (key, work) => {
      if (flags.has(key)) flags.set(key, true);
      else queue(key, work);
    },
  };
}
