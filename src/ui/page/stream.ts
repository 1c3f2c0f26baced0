/** The state of the connection between the page and its server. `Refused` is final: the user must open another URL. */
export type Link =
  | { readonly state: 'Connecting' }
  | { readonly state: 'Live' }
  | { readonly state: 'Lost'; readonly sentence: string }
  | { readonly state: 'Refused'; readonly sentence: string };

export interface StreamOptions<Message> {
  /** Called for each connection. */
  readonly url: () => string;
  readonly token: string;
  readonly onMessage: (message: Message) => void;
  readonly onLink: (link: Link) => void;
  /** Returns true if the connection has ended as it should, so that the page does not connect again. */
  readonly isOver?: () => boolean;
}

/**
 * The server sends something every 10 s. After three times that interval without data, the connection counts as broken.
 */
const SILENCE_MS = 30_000;
const RETRY_MS = { first: 250, last: 5_000 };

/**
 * Reads the messages of the server, and reconnects if the connection breaks. Each connection begins with everything, so
 * no message is lost. It uses `fetch` instead of EventSource, which can send a token only in the URL. Returns a
 * function that ends it.
 */
export function followServer<Message>({ url, token, onMessage, onLink, isOver }: StreamOptions<Message>): () => void {
  const ending = new AbortController();

  async function run(): Promise<void> {
    for (let failures = 0; !ending.signal.aborted; failures++) {
      onLink({ state: 'Connecting' });
      const outcome = await readOnce(() => {
        failures = 0;
      });
      if (ending.signal.aborted || isOver?.()) return;
      onLink(outcome);
      if (outcome.state === 'Refused') return;
      const delayMs = Math.min(RETRY_MS.last, RETRY_MS.first * 2 ** failures);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }

  async function readOnce(onOpen: () => void): Promise<Link> {
    const broken = new AbortController();
    const signal = AbortSignal.any([ending.signal, broken.signal]);
    let silence = setTimeout(() => broken.abort(), SILENCE_MS);
    try {
      const response = await fetch(url(), { headers: { authorization: `Bearer ${token}` }, signal });
      if (!response.ok || response.body === null) return await readRefusal(response);
      onOpen();
      onLink({ state: 'Live' });
      const parse = createFrameParser(onMessage);
      for await (const text of readTexts(response.body)) {
        clearTimeout(silence);
        silence = setTimeout(() => broken.abort(), SILENCE_MS);
        parse(text);
      }
    } catch (error) {
      // `fetch` and its body fail only with these two errors.
      if (!(error instanceof TypeError || error instanceof DOMException)) throw error;
    } finally {
      clearTimeout(silence);
      broken.abort();
    }
    return { state: 'Lost', sentence: 'The connection to orchestration-gate ui is lost: is it still running?' };
  }

  void run();
  return () => ending.abort();
}

async function readRefusal(response: Response): Promise<Link> {
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

/**
 * Creates a parser for a stream of frames, which can be split anywhere. It ignores comments, which keep the connection
 * alive.
 */
export function createFrameParser<Message>(onMessage: (message: Message) => void): (text: string) => void {
  let pieces: string[] = [];
  return (text) => {
    pieces.push(text);
    if (!text.includes('\n')) return; // a large frame has many pieces, and joining all of them each time is quadratic
    const lines = pieces.join('').split('\n');
    pieces = [lines.pop() ?? ''];
    for (const line of lines) if (line.startsWith('data: ')) onMessage(JSON.parse(line.slice(6)) as Message);
  };
}
