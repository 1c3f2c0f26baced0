import { idOf, type Work } from './suspects.ts';

/** Looks at a key and does what is due. */
type Process<Outcome> = (key: string) => Promise<Outcome>;

export interface WorkTrackerOptions {
  /** What the supervisor told at the start. */
  readonly suspects: readonly Work[];
  readonly quarantined: readonly Work[];
  /** The version of the object as it is now. */
  readonly versionOf: (kind: string, key: string) => string;
  /** Resolves when the message has left this process: what happens next to it cannot unsay it. */
  readonly tell: (message: { readonly type: 'begin' | 'end'; readonly work: Work }) => Promise<void>;
  /** Says on the object that it is quarantined; called at least once, and again until it does not throw. */
  readonly announce: (kind: string, key: string) => Promise<void>;
  /** Resolves in another turn of the event loop. */
  readonly nextTurn: () => Promise<unknown>;
  readonly onError: (key: string, error: unknown) => void;
}

/** The engine's side of the quarantine. */
export interface WorkTracker {
  /** The same, but known to the supervisor while it goes on; what is quarantined is left alone. */
  guard<Outcome>(kind: string, process: Process<Outcome>): Process<Outcome | 'done'>;
  /** Looks once at each suspect, one at a time: call it before anything else is worked on. `isOver` ends it early. */
  probe(isOver: () => boolean): Promise<void>;
  /**
   * The look at a suspect that is under way: until it has ended nothing else may be done that could end the engine, such as
   * taking in what the API server tells. Only then its death proves something.
   */
  probing(): Promise<unknown> | undefined;
}

/** Tracks the work of one engine, from what the supervisor told it at its start. */
export function createWorkTracker(options: WorkTrackerOptions): WorkTracker {
  const { suspects, versionOf, tell, announce, nextTurn, onError } = options;
  const quarantined = new Map(options.quarantined.map((work) => [idOf(work), work.version]));
  const announced = new Set<string>();
  const guarded = new Map<string, Process<unknown>>();
  let probing: Promise<unknown> | undefined;

  function guard<Outcome>(kind: string, process: Process<Outcome>): Process<Outcome | 'done'> {
    const look = async (key: string): Promise<Outcome | 'done'> => {
      const work: Work = { kind, key, version: versionOf(kind, key) };
      if (await isLeftAlone(work)) return 'done';
      await tell({ type: 'begin', work });
      try {
        return await process(key);
      } finally {
        // A rejection that nobody handles ends the process before the next turn: the look that left it is still in work.
        await nextTurn();
        await tell({ type: 'end', work });
      }
    };
    guarded.set(kind, look);
    return look;
  }

  async function isLeftAlone(work: Work): Promise<boolean> {
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
    async probe(isOver) {
      for (const { kind, key } of suspects) {
        if (isOver()) return;
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
