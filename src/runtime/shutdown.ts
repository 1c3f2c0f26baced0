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
  /**
   * Binds the process to a background task that should never end: when it does, by itself or by an error, the process
   * drains and exits with 1, so that Kubernetes starts a whole one. Silent once the shutdown has begun.
   */
  guard(name: string, task: Promise<unknown>): void;
}

/**
 * SIGTERM or SIGINT drains once and exits with 0, or with 1 when draining failed. A second signal does not wait: it exits
 * with 128 + its number, as a shell reports it.
 */
export function onShutdown({ process: host, drain, log }: ShutdownOptions): Shutdown {
  let isBegun = false;
  let isSignalled = false;

  async function end(exitCode: number): Promise<void> {
    isBegun = true;
    try {
      await drain();
      host.exit(exitCode);
    } catch (error) {
      log.error({ error }, 'drain failed');
      host.exit(1);
    }
  }

  function onSignal(signal: 'SIGTERM' | 'SIGINT'): void {
    if (isSignalled) {
      log.info({ signal }, 'second signal: not waiting for the drain');
      host.exit(128 + constants.signals[signal]);
    }
    isSignalled = true;
    if (isBegun) return;
    log.info({ signal }, 'shutting down');
    void end(0);
  }

  host.on('SIGTERM', onSignal);
  host.on('SIGINT', onSignal);

  return {
    isBegun: () => isBegun,
    guard(name, task) {
      const onEnd = (outcome: object) => {
        if (isBegun) return;
        log.error({ task: name, ...outcome }, 'background task ended unexpectedly, shutting down');
        void end(1);
      };
      task.then(
        () => onEnd({}),
        (error: unknown) => onEnd({ error }),
      );
    },
  };
}
