import { type Log, sleep, type Timing } from '../kube/ports.ts';
import { type Backoff, backoffMs } from '../kube/retry.ts';
import type { Answer, Message, Post } from './post.ts';

/** The upper bounds of the random delays after failures: 1 s, 2 s, 4 s … 60 s. */
const BACKOFF: Backoff = { baseMs: 1_000, capMs: 60_000 };
/** The longest pause that a receiver can ask for. */
const LONGEST_PAUSE_MS = 60 * 60_000;
/** The bytes that a message takes in addition to its body. */
const OVERHEAD = 256;

type Failed = Extract<Answer, { outcome: 'Failed' }>;

/** Must not throw. */
export interface DeliveryObserver {
  countDelivered(): void;
  /** An attempt failed, and the message is tried again. */
  countFailed(): void;
  /** `overflow`: there was no room for the message. `rejected`: the receiver will never take it. */
  countDropped(reason: 'overflow' | 'rejected'): void;
  setLength(messages: number): void;
}

export interface DeliveryOptions {
  /** The receiver, for the log. */
  readonly receiver: string;
  readonly post: Post;
  /** The memory that waiting messages may take, in bytes. */
  readonly mostBytes: number;
  readonly timing: Timing;
  readonly log: Log;
  readonly observer: DeliveryObserver;
}

export interface Delivery {
  /** Adds a message. If there is no room, the message is dropped and counted. Never waits and never throws. */
  readonly add: (message: Message) => void;
  /** Whether less than half of the room is taken. */
  readonly hasRoom: () => boolean;
  /** Resolves when nothing is left, an attempt fails, or the time is over. Nothing is sent afterwards. */
  readonly stop: (withinMs: number) => Promise<void>;
}

/**
 * Delivers messages to one receiver: one at a time, in order, each until the receiver takes or rejects it. Between
 * attempts it waits, at least as long as the receiver asks for, up to an hour. It logs the first failure in a row, the
 * first rejection in a row, and the first message for which there is no room.
 */
export function createDelivery({ receiver, post, mostBytes, timing, log, observer }: DeliveryOptions): Delivery {
  const waiting: Message[] = [];
  const ending = new AbortController();
  let bytes = 0;
  let isFull = false;
  let isRejecting = false;
  let isStopping = false;
  let isPausing = false;
  let delivering: Promise<void> | undefined;

  async function deliver(): Promise<void> {
    for (let [message] = waiting; message !== undefined; [message] = waiting) {
      const answer = await postUntilAnswered(message);
      if (answer === undefined) return;
      waiting.shift();
      bytes -= sizeOf(message);
      conclude(answer);
    }
    isFull = false;
    delivering = undefined;
  }

  /** Undefined if the delivery was stopped. */
  async function postUntilAnswered(message: Message): Promise<Exclude<Answer, Failed> | undefined> {
    for (let failures = 0; !ending.signal.aborted; failures++) {
      const answer = await post(message);
      if (answer.outcome !== 'Failed') {
        if (failures > 0) log.info({ receiver, failures }, 'telemetry is delivered again');
        return answer;
      }
      observer.countFailed();
      if (failures === 0) log.warn({ receiver, cause: answer.words }, 'telemetry is not delivered, will retry');
      if (isStopping) return undefined;
      isPausing = true;
      await sleep(timing, pauseMs(answer, failures), ending.signal);
      isPausing = false;
    }
    return undefined;
  }

  function conclude(answer: Exclude<Answer, Failed>): void {
    observer.setLength(waiting.length);
    if (answer.outcome === 'Delivered') observer.countDelivered();
    else observer.countDropped('rejected');
    const isRejected = answer.outcome === 'Rejected';
    if (isRejected && !isRejecting)
      log.error({ receiver, cause: answer.words }, 'telemetry is rejected by its receiver and lost');
    isRejecting = isRejected;
  }

  function pauseMs({ retryAfterMs = 0 }: Failed, failures: number): number {
    return Math.max(backoffMs(BACKOFF, failures, timing), Math.min(retryAfterMs, LONGEST_PAUSE_MS));
  }

  return {
    add(message) {
      if (bytes + sizeOf(message) > mostBytes) {
        observer.countDropped('overflow');
        if (!isFull) log.error({ receiver, mostBytes }, 'telemetry is lost: its queue is full');
        isFull = true;
        return;
      }
      waiting.push(message);
      bytes += sizeOf(message);
      observer.setLength(waiting.length);
      delivering ??= deliver();
    },
    hasRoom: () => bytes < mostBytes / 2,
    async stop(withinMs) {
      isStopping = true;
      if (isPausing) ending.abort();
      const cancel = timing.schedule(withinMs, () => ending.abort());
      await Promise.race([delivering, whenAborted(ending.signal)]);
      cancel();
      ending.abort();
    },
  };
}

function sizeOf({ body }: Message): number {
  return body.length + OVERHEAD;
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
