import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { readPageFile } from './files.ts';
import { refuse, SECURITY_HEADERS } from './guard.ts';
import type { EntryKey } from './page/protocol.ts';
import { openSession, type SessionOptions } from './session.ts';
import { formatFrame, HEARTBEAT, HEARTBEAT_MS } from './sse.ts';

export interface PageServerOptions extends Omit<SessionOptions, 'selected' | 'send'> {
  readonly token: string;
}

/** A page that takes nothing in (its tab is suspended) is let go at this many bytes; it comes back and begins anew. */
const MOST_UNSENT = 16 * 1024 * 1024;

/** The server of the page, not listening yet. Only requests to `127.0.0.1` or `localhost` are answered, and only GET. */
export function createPageServer(options: PageServerOptions): Server {
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      options.onFault(error);
      if (response.headersSent) response.destroy();
      else end(response, 500, 'something went wrong here: the terminal shows what');
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    const { method = '', headers, socket } = request;
    const url = parseUrl(request.url);
    if (url === undefined) return end(response, 400, 'the URL cannot be read');
    const { host, authorization } = headers;
    const refusal = refuse({ method, host, path: url.pathname, authorization }, socket.localPort ?? 0, options.token);
    if (refusal !== undefined) return end(response, refusal.status, refusal.sentence);
    if (url.pathname === '/api/events') return stream(response, readSelection(url.searchParams));
    const file = await readPageFile(url.pathname);
    if (file === undefined) return end(response, 404, 'there is no such page');
    response.writeHead(200, { 'content-type': file.type }).end(file.text);
  }

  function stream(response: ServerResponse, selected: EntryKey | undefined): void {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    const write = (text: string) => {
      response.write(text);
      if (response.writableLength > MOST_UNSENT) response.destroy();
    };
    let cancelHeartbeat = () => {};
    const beat = () => {
      cancelHeartbeat = options.schedule(HEARTBEAT_MS, () => {
        write(HEARTBEAT);
        beat();
      });
    };
    const close = openSession({ ...options, selected, send: (message) => write(formatFrame(message)) });
    beat();
    response.once('close', () => {
      cancelHeartbeat();
      close();
    });
  }

  return server;
}

function parseUrl(url = ''): URL | undefined {
  return URL.parse(url, 'http://localhost') ?? undefined;
}

function readSelection(query: URLSearchParams): EntryKey | undefined {
  const [kind, name] = [query.get('kind'), query.get('name')];
  if (name === null || (kind !== 'Orchestration' && kind !== 'OrchestrationRun')) return undefined;
  return { kind, name };
}

function end(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${sentence}\n`);
}
