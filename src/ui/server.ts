import { Readable } from 'node:stream';
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import { readPageFile } from './files.ts';
import { rejectRequest, SECURITY_HEADERS } from './guard.ts';
import type { EntryKey } from './page/protocol.ts';
import { openSession, type SessionOptions } from './session.ts';
import { formatFrame, HEARTBEAT, HEARTBEAT_MS } from './sse.ts';

export interface PageServerOptions extends Omit<SessionOptions, 'selected' | 'send'> {
  readonly token: string;
}

/**
 * If a page reads nothing, for example in a suspended tab, the server closes the stream at this many bytes. The page
 * then reconnects.
 */
const MOST_UNSENT = 16 * 1024 * 1024;

/** Creates the server of the page, not listening yet. It answers only GET requests to `127.0.0.1` or `localhost`. */
export function createPageServer(options: PageServerOptions): FastifyInstance {
  const app = fastify({
    forceCloseConnections: true,
    frameworkErrors: (_, __, reply) => void end(reply.headers(SECURITY_HEADERS), 400, 'the URL cannot be read'),
  });

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    const { method, headers, socket, routeOptions, url } = request;
    // The path of the matched route, because a URL can encode the same path in different ways.
    const asked = { method, host: headers.host, path: routeOptions.url ?? url, authorization: headers.authorization };
    const rejection = rejectRequest(asked, socket.localPort ?? 0, options.token);
    return rejection && end(reply, rejection.status, rejection.sentence);
  });
  app.setNotFoundHandler((_, reply) => end(reply, 404, 'there is no such page'));
  app.setErrorHandler((error, _, reply) => {
    options.onFault(error);
    return end(reply, 500, 'internal error: the terminal shows the cause');
  });

  app.get<{ Params: { name?: string } }>('/:name?', async ({ params: { name = 'page.html' } }, reply) => {
    const file = await readPageFile(name);
    return file === undefined ? reply.callNotFound() : reply.type(file.type).send(file.text);
  });
  app.get<{ Querystring: { kind?: unknown; name?: unknown } }>('/api/events', (request, reply) =>
    reply.type('text/event-stream; charset=utf-8').send(openStream(options, readSelection(request.query))),
  );
  return app;
}

/** Opens the stream of a session. The session ends when the stream closes. */
function openStream(options: PageServerOptions, selected: EntryKey | undefined): Readable {
  const frames = new Readable({ read() {} });
  const write = (text: string) => {
    frames.push(text);
    if (frames.readableLength > MOST_UNSENT) frames.destroy();
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
  return frames.once('close', () => {
    cancelHeartbeat();
    close();
  });
}

function readSelection({ kind, name }: { readonly kind?: unknown; readonly name?: unknown }): EntryKey | undefined {
  if (typeof name !== 'string' || (kind !== 'Orchestration' && kind !== 'OrchestrationRun')) return undefined;
  return { kind, name };
}

function end(reply: FastifyReply, status: number, sentence: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').send(`${sentence}\n`);
}
