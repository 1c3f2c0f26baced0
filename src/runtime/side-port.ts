import { createServer, type Server } from 'node:http';
import type { Logger } from './log.ts';

export interface SidePortOptions {
  /** False makes the kubelet restart the container. */
  readonly isLive: () => boolean;
  /** Why the process is not ready, one sentence per reason. Empty means ready. */
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
 * Creates the plain HTTP server for probes and metrics: `GET` (or `HEAD`) `/livez`, `/readyz`, `/metrics`. It is not
 * listening yet. It needs no certificate, so it answers while the gate still waits for one. It serves no secrets.
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
    if (!page) return { status: 404, body: `not found; the paths are ${[...pages.keys()].join(', ')}\n` };
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: 'only GET and HEAD are allowed\n' };
    return page();
  }

  return createServer((request, response) => {
    answer(request.method ?? '', request.url ?? '').then(
      ({ status, body, contentType = 'text/plain; charset=utf-8' }) => {
        const allow = status === 405 ? { allow: 'GET, HEAD' } : {};
        response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store', ...allow }).end(body);
      },
      (error: unknown) => {
        options.log.error({ error }, 'the side port failed to answer');
        response.writeHead(500).end('internal error; see the log for the cause\n');
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
