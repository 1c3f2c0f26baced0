import type { Message } from './page/protocol.ts';

/** Formats one message as a frame of `text/event-stream`. JSON text has no line breaks, so a frame has one line. */
export function formatFrame(message: Message): string {
  return `data: ${JSON.stringify(message)}\n\n`;
}

/** An empty comment, which proves that the connection is alive. */
export const HEARTBEAT = ':\n\n';

export const HEARTBEAT_MS = 10_000;
