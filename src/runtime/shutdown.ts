import { constants } from 'node:os';
import type { Logger } from './log.ts';

/** The part of `process` that is used; a test passes its own. */
interface ShutdownProcess {
  on(signal: 'SIGTERM' | 'SIGINT', listener: (signal: 'SIGTERM' | 'SIGINT') => void): unknown;
  exit(code: number): unknown;
}

export interface ShutdownOptions {
  readonly process: ShutdownProcess;
  /** Stops everything in its order and resolves when nothing is left to answer. */
  readonly drain: () => Promise<void>;
  readonly log: Pick<Logger, 'info' | 'error'>;
}

export interface Shutdown {
  /** Has the process been asked to end? Readiness looks here. */
  isBegun(): boolean;
}

/**
 * SIGTERM or SIGINT drains once and exits with 0, or with 1 when draining failed. A second signal does not wait: it exits
 * with 128 + its number, as a shell reports it.
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
