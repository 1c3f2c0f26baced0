import { createServer, type Server } from 'node:http';
import type { Logger } from './log.ts';

export interface SidePortOptions {
  /** False asks the kubelet to restart the container. */
  readonly isLive: () => boolean;
  /** Why no reviews should be sent here now, a sentence each; none means ready. */
  readonly unreadyReasons: () => readonly string[];
  /** A prom-client registry. */
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> };
  readonly log: Pick<Logger, 'error'>;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
}

/**
 * The plain-HTTP server for probes and scraping: `GET` (or `HEAD`) `/livez`, `/readyz`, `/metrics`; not yet listening.
 * It holds no secret and needs no certificate, so it answers while the gate still waits for one.
 */
export function createSidePort(options: SidePortOptions): Server {
  const pages = new Map<string, () => Answer | Promise<Answer>>([
    ['/livez', () => (options.isLive() ? { status: 200, body: 'ok\n' } : { status: 503, body: 'not live\n' })],
    ['/readyz', () => describeReadiness(options.unreadyReasons())],
    ['/metrics', () => renderMetrics(options)],
  ]);

  async function answer(method: string, url: string): Promise<Answer> {
    const path = url.split('?', 1)[0] ?? '';
    const page = pages.get(path);
    if (!page) return { status: 404, body: `nothing here; there are ${[...pages.keys()].join(', ')}\n` };
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: 'only GET and HEAD are answered here\n' };
    return page();
  }

  return createServer((request, response) => {
    answer(request.method ?? '', request.url ?? '').then(
      ({ status, body, contentType = 'text/plain; charset=utf-8' }) => {
        const allow = status === 405 ? { allow: 'GET, HEAD' } : {};
        response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store', ...allow }).end(body);
      },
      (error: unknown) => {
        options.log.error({ error }, 'side port could not answer');
        response.writeHead(500).end('internal error; the log has the cause\n');
      },
    );
  });
}

function describeReadiness(reasons: readonly string[]): Answer {
  if (reasons.length === 0) return { status: 200, body: 'ok\n' };
  return { status: 503, body: `not ready\n${reasons.map((reason) => `- ${reason}\n`).join('')}` };
}

async function renderMetrics({ metrics }: SidePortOptions): Promise<Answer> {
  return { status: 200, body: await metrics.metrics(), contentType: metrics.contentType };
}
