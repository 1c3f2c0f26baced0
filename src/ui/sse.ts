import { Readable } from 'node:stream';
import type { LogMessage, Message } from './page/protocol.ts';

/** Formats one message as a frame of `text/event-stream`. JSON text has no line breaks, so a frame has one line. */
export function formatFrame(message: Message | LogMessage): string {
  return `data: ${JSON.stringify(message)}\n\n`;
}

/** An empty comment, which proves that the connection is alive. */
export const HEARTBEAT = ':\n\n';
const HEARTBEAT_MS = 10_000;
/**
 * If a page reads nothing, for example in a suspended tab, the server closes the stream at this many bytes. The page
 * then reconnects.
 */
const MOST_UNSENT = 16 * 1024 * 1024;

export const EVENT_STREAM = 'text/event-stream; charset=utf-8';

/** A stream of frames to one page. */
export interface Frames {
  readonly body: Readable;
  readonly send: (message: Message | LogMessage) => void;
  /** Closes the stream when the page has read everything. */
  readonly end: () => void;
  /** Resolves when no more than this many bytes wait for the page, or when the stream has closed. */
  readonly untilRead: (most: number) => Promise<void>;
}

/** Opens a stream, with a heartbeat until it closes. `onClose` is called once. */
export function openFrames(
  schedule: (delayMs: number, callback: () => void) => () => void,
  onClose: () => void,
): Frames {
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const resolve of waiting) resolve();
  };
  const body = new Readable({ read: wake });
  const write = (text: string) => {
    if (body.destroyed) return;
    body.push(text);
    if (body.readableLength > MOST_UNSENT) body.destroy();
  };
  let cancelHeartbeat = () => {};
  const beat = () => {
    cancelHeartbeat = schedule(HEARTBEAT_MS, () => {
      write(HEARTBEAT);
      beat();
    });
  };
  beat();
  body.once('close', () => {
    cancelHeartbeat();
    wake();
    onClose();
  });
  return {
    body,
    send: (message) => write(formatFrame(message)),
    end: () => {
      if (!body.destroyed) body.push(null);
    },
    untilRead: async (most) => {
      while (!body.destroyed && body.readableLength > most) {
        await new Promise<void>((resolve) => waiting.add(resolve));
        waiting.clear();
      }
    },
  };
}
