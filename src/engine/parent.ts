import { EXIT, type FromEngine, type ToEngine } from '../supervisor/messages.ts';

/** The interval of the messages that prove that the event loop runs. */
const BEAT_MS = 1_000;

/** The part of `process` that this module uses. */
interface Child {
  send?(message: FromEngine, onSent: () => void): unknown;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
  exit(code: number): void;
}

/** The connection to the supervisor. */
export interface Parent {
  /** The first message: the objects that were in work when engines crashed, and the quarantined objects. */
  readonly started: Promise<Extract<ToEngine, { type: 'start' }>>;
  /** Sends a message. Resolves when the kernel has the message, or the channel is closed. */
  readonly send: (message: FromEngine) => Promise<void>;
  /** Sets the handlers for requests. Until then, a scrape gets no answer, and a stop ends the process at once. */
  readonly attend: (answers: { readonly scrape: () => Promise<void>; readonly stop: () => void }) => void;
}

/** Opens the channel to the supervisor. If the supervisor ends, the process exits. */
export function connectParent(child: Child): Parent {
  const started = Promise.withResolvers<Extract<ToEngine, { type: 'start' }>>();
  let answers = { scrape: async () => {}, stop: () => child.exit(0) };
  const send = (message: FromEngine) => new Promise<void>((resolve) => child.send?.(message, resolve));
  child.on('disconnect', () => child.exit(EXIT.fault));
  child.on('message', (message) => {
    const received = message as ToEngine;
    if (received.type === 'start') started.resolve(received);
    else if (received.type === 'scrape') void answers.scrape();
    else answers.stop();
  });
  setInterval(() => void send({ type: 'beat' }), BEAT_MS);
  return {
    started: started.promise,
    send,
    attend: (given) => {
      answers = given;
    },
  };
}
