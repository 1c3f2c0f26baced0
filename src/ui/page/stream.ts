import type { Message } from './protocol.ts';

/** How it stands between the page and its server. `Refused` stays: only another URL helps. */
export type Connection =
  | { readonly state: 'Connecting' }
  | { readonly state: 'Live' }
  | { readonly state: 'Lost'; readonly sentence: string }
  | { readonly state: 'Refused'; readonly sentence: string };

export interface StreamOptions {
  readonly url: string;
  readonly token: string;
  readonly onMessage: (message: Message) => void;
  readonly onConnection: (connection: Connection) => void;
}

/** The server says something every 10 s; after three times that silence the connection is taken for dead. */
const SILENCE_MS = 30_000;
const RETRY_MS = { first: 250, last: 5_000 };

/**
 * Reads the server's messages, and begins anew whenever the connection breaks; each connection begins with everything, so
 * nothing is lost. `fetch` in place of EventSource, which can send no token but in the URL. Returns what ends it.
 */
export function followServer({ url, token, onMessage, onConnection }: StreamOptions): () => void {
  const ending = new AbortController();

  async function run(): Promise<void> {
    for (let failures = 0; !ending.signal.aborted; failures++) {
      onConnection({ state: 'Connecting' });
      const outcome = await readOnce(() => {
        failures = 0;
      });
      if (ending.signal.aborted) return;
      onConnection(outcome);
      if (outcome.state === 'Refused') return;
      const delayMs = Math.min(RETRY_MS.last, RETRY_MS.first * 2 ** failures);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }

  async function readOnce(onOpen: () => void): Promise<Connection> {
    const broken = new AbortController();
    const signal = AbortSignal.any([ending.signal, broken.signal]);
    let silence = setTimeout(() => broken.abort(), SILENCE_MS);
    try {
      const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal });
      if (!response.ok || response.body === null) return await readRefusal(response);
      onOpen();
      onConnection({ state: 'Live' });
      const parse = createFrameParser(onMessage);
      for await (const text of readTexts(response.body)) {
        clearTimeout(silence);
        silence = setTimeout(() => broken.abort(), SILENCE_MS);
        parse(text);
      }
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof DOMException)) throw error; // what fetch and its body fail with
    } finally {
      clearTimeout(silence);
      broken.abort();
    }
    return { state: 'Lost', sentence: 'The connection to orchestration-gate ui is lost: is it still running?' };
  }

  void run();
  return () => ending.abort();
}

async function readRefusal(response: Response): Promise<Connection> {
  const sentence = await response.text();
  return { state: response.status === 401 ? 'Refused' : 'Lost', sentence };
}

async function* readTexts(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

/** Takes a stream of frames apart, wherever the network cut it; comments, which keep the connection alive, say nothing. */
export function createFrameParser(onMessage: (message: Message) => void): (text: string) => void {
  let pieces: string[] = [];
  return (text) => {
    pieces.push(text);
    if (!text.includes('\n')) return; // a large frame comes in many pieces: joining all each time would cost its square
    const lines = pieces.join('').split('\n');
    pieces = [lines.pop() ?? ''];
    for (const line of lines) if (line.startsWith('data: ')) onMessage(JSON.parse(line.slice(6)) as Message);
  };
}
