import { constants } from 'node:os';
import type { Logger } from './log.ts';

/** The part of `process` that is used. A test passes its own. */
interface ShutdownProcess {
  on(signal: 'SIGTERM' | 'SIGINT', listener: (signal: 'SIGTERM' | 'SIGINT') => void): unknown;
  exit(code: number): unknown;
}

export interface ShutdownOptions {
  readonly process: ShutdownProcess;
  /** Stops everything in order and resolves when no work is left. */
  readonly drain: () => Promise<void>;
  readonly log: Pick<Logger, 'info' | 'error'>;
}

export interface Shutdown {
  /** Whether the process was asked to end. Readiness depends on it. */
  isBegun(): boolean;
}

/**
 * Drains once on SIGTERM or SIGINT and exits with 0, or with 1 if draining failed. A second signal exits at once with
 * 128 + its number, as a shell reports it.
 */
export function onShutdown({ process: host, drain, log }: ShutdownOptions): Shutdown {
  let isBegun = false;

  async function end(): Promise<void> {
    try {
      await drain();
      host.exit(0);
    } catch (error) {
      log.error({ error }, 'drain failed');
      host.exit(1);
    }
  }

  function onSignal(signal: 'SIGTERM' | 'SIGINT'): void {
    if (isBegun) {
      log.info({ signal }, 'second signal: not waiting for the drain');
      host.exit(128 + constants.signals[signal]);
      return;
    }
    isBegun = true;
    log.info({ signal }, 'shutting down');
    void end();
  }

  host.on('SIGTERM', onSignal);
  host.on('SIGINT', onSignal);

  return {
    isBegun: () => isBegun,
  };
}
