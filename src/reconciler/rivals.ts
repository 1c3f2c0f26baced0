import { FieldManager } from '../orchestration/vocabulary/metadata.ts';
import type { Rival } from './observation.ts';

/**
 * The name under which all controllers of the agents chart write statuses. On these kinds only its orchestration controller
 * does: an entry of that name says that it works in the namespace.
 */
export const RIVAL = { fieldManager: FieldManager.AgentsChart, kinds: ['OrchestrationRun', 'Orchestration'] };

/** How long a status that it has written says that it is there. */
const EVIDENCE_MS = 10 * 60_000;
/** How old a run is that it would have begun by now. */
const UNTOUCHED_MS = 3_000;
/** The API server's clock is known to the second, and so is the time of an entry. */
const PRECISION_MS = 1_000;

/** Where another controller that executes runs is at work, as far as its writes tell. */
export interface Rivals {
  /** From now on its writes count: what it has written before, it may have written before it was switched off. */
  readonly begin: () => void;
  /** It has written a status of this namespace at this time, to the second. */
  readonly see: (namespace: string, writtenMs: number) => void;
  /**
   * Until when something is left to the rival, such as the status of an Orchestration, which each would rewrite without end;
   * undefined where it need not be. `touchedMs` is when the rival wrote or created it last, if it has: it may go on with it.
   */
  readonly leaveUntilMs: (namespace: string, touchedMs: number | undefined) => number | undefined;
  /**
   * What keeps a run that nobody has started from being started here; undefined for nothing. The first one of a namespace is
   * left to the rival for three seconds, and so is each while it is at work: it would begin the run in that time.
   */
  readonly of: (namespace: string, createdMs: number) => Rival | undefined;
}

/** Knows of none yet. `now` is the API server's clock. */
export function createRivals(now: () => number): Rivals {
  /** When it last wrote, by namespace. */
  const seen = new Map<string, number>();
  /** Namespaces in which it has left a run alone. */
  const quiet = new Set<string>();
  let begunMs = Infinity;

  function activeUntilMs(namespace: string): number | undefined {
    return ahead((seen.get(namespace) ?? -Infinity) + EVIDENCE_MS);
  }

  function ahead(timeMs: number): number | undefined {
    return now() < timeMs ? timeMs : undefined;
  }

  return {
    begin() {
      begunMs = Math.min(begunMs, now() + PRECISION_MS);
    },
    see(namespace, writtenMs) {
      if (!(writtenMs > begunMs)) return;
      seen.set(namespace, Math.max(seen.get(namespace) ?? 0, Math.min(writtenMs, now())));
      quiet.delete(namespace);
    },
    leaveUntilMs: (namespace, touchedMs = -Infinity) => activeUntilMs(namespace) ?? ahead(touchedMs + UNTOUCHED_MS),
    of(namespace, createdMs) {
      const untilMs = activeUntilMs(namespace);
      if (untilMs === undefined && quiet.has(namespace)) return undefined;
      if (now() < createdMs + UNTOUCHED_MS) return { isActive: false, untilMs: createdMs + UNTOUCHED_MS };
      if (untilMs !== undefined) return { isActive: true, untilMs };
      quiet.add(namespace);
      return undefined;
    },
  };
}
