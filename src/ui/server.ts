import { type FastifyError, type FastifyInstance, fastify } from 'fastify';
import { type ApiOptions, end, serveApi } from './api.ts';
import { readPageFile } from './files.ts';
import { rejectRequest, SECURITY_HEADERS } from './guard.ts';

export interface PageServerOptions extends ApiOptions {
  readonly token: string;
}

/** Creates the server of the page, not listening yet. It answers only requests to `127.0.0.1` or `localhost`. */
export function createPageServer(options: PageServerOptions): FastifyInstance {
  const app = fastify({
    forceCloseConnections: true,
    frameworkErrors: (_, __, reply) => void end(reply.headers(SECURITY_HEADERS), 400, 'the URL cannot be read'),
  });

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    const { method, headers, socket, routeOptions, url } = request;
    const asked = {
      method,
      host: headers.host,
      // The path of the matched route, because a URL can encode the same path in different ways.
      path: routeOptions.url ?? url,
      authorization: headers.authorization,
      origin: headers.origin,
      site: headers['sec-fetch-site']?.toString(),
      contentType: headers['content-type'],
    };
    const rejection = rejectRequest(asked, socket.localPort ?? 0, options.token);
    return rejection && end(reply, rejection.status, rejection.sentence);
  });
  app.setNotFoundHandler((_, reply) => end(reply, 404, 'there is no such page'));
  app.setErrorHandler((error: FastifyError, _, reply) => {
    const { statusCode: status = 500 } = error;
    if (status < 500) return end(reply, status, `the request cannot be read: ${error.message}`);
    options.onFault(error);
    return end(reply, 500, 'internal error: the terminal shows the cause');
  });

  app.get<{ Params: { name?: string } }>('/:name?', async ({ params: { name = 'page.html' } }, reply) => {
    const file = await readPageFile(name);
    return file === undefined ? reply.callNotFound() : reply.type(file.type).send(file.text);
  });
  serveApi(app, options);
  return app;
}
