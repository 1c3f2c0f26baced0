import { FieldManager } from '../orchestration/vocabulary/metadata.ts';
import type { Rival } from './observation.ts';

/**
 * The field manager of all controllers of the agents chart. Only its orchestration controller writes the statuses of
 * these kinds, so an entry of that field manager shows that it is active in the namespace.
 */
export const RIVAL = { fieldManager: FieldManager.AgentsChart, kinds: ['OrchestrationRun', 'Orchestration'] };

/** How long a status that the rival wrote proves that it is active. */
const EVIDENCE_MS = 10 * 60_000;
/** The age of a run at which an active rival would have begun it. */
const UNTOUCHED_MS = 3_000;
/** The API server's clock is known to the second, and so is the time of an entry. */
const PRECISION_MS = 1_000;

/** Tracks in which namespaces another controller that executes runs (the rival) is active, according to its writes. */
export interface Rivals {
  /** From now on, writes of the rival count. It may have made earlier writes before it was disabled. */
  readonly begin: () => void;
  /**
   * Records that the rival wrote a status in this namespace at this time, in milliseconds since 1970, to the second.
   */
  readonly see: (namespace: string, writtenMs: number) => void;
  /**
   * Until when something is left to the rival, in milliseconds since 1970; undefined if it need not be. An example is
   * the status of an Orchestration, which both controllers would rewrite without end. `touchedMs` is when the rival
   * last wrote or created the object, if it did: it may continue with that object.
   */
  readonly leaveUntilMs: (namespace: string, touchedMs: number | undefined) => number | undefined;
  /**
   * What prevents a run that has not started from being started here; undefined if nothing does. The first run of a
   * namespace is left to the rival for three seconds, because the rival would begin it in that time. While the rival is
   * active, every run is left to it.
   */
  readonly of: (namespace: string, createdMs: number) => Rival | undefined;
}

/** Starts without any rival. `now` is the API server's clock. */
export function createRivals(now: () => number): Rivals {
  /** When the rival last wrote, by namespace. */
  const seen = new Map<string, number>();
  /** Namespaces in which the rival did not begin a run in time. */
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
