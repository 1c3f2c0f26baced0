import { EXIT, type FromEngine, type ToEngine } from '../supervisor/messages.ts';

/** How often the supervisor hears that the event loop turns. */
const BEAT_MS = 1_000;

/** The part of `process` that is used. */
interface Child {
  send?(message: FromEngine, onSent: () => void): unknown;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
  exit(code: number): void;
}

/** The supervisor, as its engine knows it. */
export interface Parent {
  /** What was in work when engines died, and what is quarantined. */
  readonly started: Promise<Extract<ToEngine, { type: 'start' }>>;
  /** Resolves when the message is in the kernel's hands, or the channel is closed. */
  readonly tell: (message: FromEngine) => Promise<void>;
  /** Until it is called, nothing answers a scrape, and a stop ends the process at once. */
  readonly attend: (answers: { readonly scrape: () => Promise<void>; readonly stop: () => void }) => void;
}

/** Opens the channel to the supervisor, and ends the process with it: without a supervisor there is nothing to live for. */
export function connectParent(child: Child): Parent {
  const started = Promise.withResolvers<Extract<ToEngine, { type: 'start' }>>();
  let answers = { scrape: async () => {}, stop: () => child.exit(0) };
  const tell = (message: FromEngine) => new Promise<void>((resolve) => child.send?.(message, resolve));
  child.on('disconnect', () => child.exit(EXIT.fault));
  child.on('message', (message) => {
    const told = message as ToEngine;
    if (told.type === 'start') started.resolve(told);
    else if (told.type === 'scrape') void answers.scrape();
    else answers.stop();
  });
  setInterval(() => void tell({ type: 'beat' }), BEAT_MS);
  return {
    started: started.promise,
    tell,
    attend: (given) => {
      answers = given;
    },
  };
}
