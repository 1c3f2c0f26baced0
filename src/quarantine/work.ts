import { idOf, type Work } from './suspects.ts';

/** Reconciles the object with this key. */
type Process<Outcome> = (key: string) => Promise<Outcome>;

export interface WorkTrackerOptions {
  /** The suspects and the quarantined objects that the supervisor sent at the start. */
  readonly suspects: readonly Work[];
  readonly quarantined: readonly Work[];
  /** Returns the current version of the object. */
  readonly versionOf: (kind: string, key: string) => string;
  /** Sends a message to the supervisor. Resolves when it has left this process, so that a crash cannot lose it. */
  readonly send: (message: { readonly type: 'begin' | 'end'; readonly work: Work }) => Promise<void>;
  /** Writes on the object that it is quarantined. If it throws, it is called again. */
  readonly announce: (kind: string, key: string) => Promise<void>;
  /** Resolves in another turn of the event loop. */
  readonly nextTurn: () => Promise<unknown>;
  readonly onError: (key: string, error: unknown) => void;
}

/** The part of the quarantine that runs in the engine. */
export interface WorkTracker {
  /** Wraps `process`, so that the supervisor knows which object is in work. Skips quarantined objects. */
  guard<Outcome>(kind: string, process: Process<Outcome>): Process<Outcome | 'done'>;
  /**
   * Processes each suspect for which `isDue` returns true, once and one at a time. Call it before any other work. If
   * `isOver` returns true, it stops early.
   */
  probe(isOver: () => boolean, isDue?: (suspect: Work) => boolean): Promise<void>;
  /**
   * Returns the current processing of a suspect. Until it ends, the engine must do nothing else that can crash it, such
   * as processing watch events. Only then does a crash prove that the suspect caused it.
   */
  probing(): Promise<unknown> | undefined;
}

/** Creates the tracker of one engine, with the suspects and the quarantined objects that the supervisor sent. */
export function createWorkTracker(options: WorkTrackerOptions): WorkTracker {
  const { suspects, versionOf, send, announce, nextTurn, onError } = options;
  const quarantined = new Map(options.quarantined.map((work) => [idOf(work), work.version]));
  const announced = new Set<string>();
  const guarded = new Map<string, Process<unknown>>();
  let probing: Promise<unknown> | undefined;

  function guard<Outcome>(kind: string, process: Process<Outcome>): Process<Outcome | 'done'> {
    const tracked = async (key: string): Promise<Outcome | 'done'> => {
      const work: Work = { kind, key, version: versionOf(kind, key) };
      if (await isQuarantined(work)) return 'done';
      await send({ type: 'begin', work });
      try {
        return await process(key);
      } finally {
        // An unhandled rejection ends the process before the next turn, while the object that caused it is still in
        // work.
        await nextTurn();
        await send({ type: 'end', work });
      }
    };
    guarded.set(kind, tracked);
    return tracked;
  }

  async function isQuarantined(work: Work): Promise<boolean> {
    const id = idOf(work);
    if (quarantined.get(id) !== work.version) {
      quarantined.delete(id);
      return false;
    }
    if (!announced.has(id)) await announce(work.kind, work.key);
    announced.add(id);
    return true;
  }

  return {
    guard,
    async probe(isOver, isDue = () => true) {
      for (const suspect of suspects) {
        if (isOver()) return;
        if (!isDue(suspect)) continue;
        const { kind, key } = suspect;
        probing = guarded
          .get(kind)?.(key)
          .catch((error: unknown) => onError(key, error));
        await probing;
        probing = undefined;
      }
    },
    probing: () => probing,
  };
}
