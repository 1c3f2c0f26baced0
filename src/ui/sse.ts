import type { Message } from './page/protocol.ts';

/** One message as a frame of `text/event-stream`. JSON has no line breaks of its own, so one line carries it. */
export function formatFrame(message: Message): string {
  return `data: ${JSON.stringify(message)}\n\n`;
}

/** Says nothing, so that both ends know the connection is alive. */
export const HEARTBEAT = ':\n\n';

export const HEARTBEAT_MS = 10_000;
