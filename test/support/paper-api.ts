import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** `size` objects of a kind, each made when it is sent: thousands of large ones take no memory here. */
export interface PaperKind {
  readonly size: number;
  readonly at: (index: number) => object;
}

/**
 * An API server that stores nothing. It makes up lists, sends to watches what the test tells it to, and answers writes
 * but forgets them.
 */
export interface PaperApi extends AsyncDisposable {
  /** A kubeconfig that leads to it. */
  readonly kubeconfig: string;
  /** Sends an event to all watches of a kind; returns how many there are. */
  readonly tell: (plural: string, type: 'ADDED' | 'MODIFIED', object: object) => number;
  /** Each write so far, as `PATCH /apis/…`, with its time on the clock of `performance.now()`. */
  readonly writes: readonly { readonly call: string; readonly atMs: number }[];
  /** How many objects were read one by one. */
  readonly reads: () => number;
}

export interface PaperOptions {
  readonly kinds: Readonly<Record<string, PaperKind>>;
  /** Answers the read of a single object. */
  readonly read: (plural: string, name: string) => object | undefined | Promise<object | undefined>;
  readonly kubeconfigPath: string;
}

type Json = Record<string, unknown> & { metadata?: Record<string, unknown> };

/** Starts it on a free port of 127.0.0.1. */
export async function startPaperApi({ kinds, read, kubeconfigPath }: PaperOptions): Promise<PaperApi> {
  let version = 1_000_000;
  let reads = 0;
  const watches = new Set<{ readonly plural: string; readonly response: ServerResponse }>();
  const writes: { readonly call: string; readonly atMs: number }[] = [];

  function tell(plural: string, type: string, object: object): number {
    const { metadata, ...rest } = object as Json;
    const told = { type, object: { ...rest, metadata: { ...metadata, resourceVersion: String(++version) } } };
    const listening = [...watches].filter((watch) => watch.plural === plural);
    for (const { response } of listening) response.write(`${JSON.stringify(told)}\n`);
    return listening.length;
  }

  function list(plural: string, query: URLSearchParams): object {
    const { size, at } = kinds[plural] ?? { size: 0, at: () => ({}) };
    const from = Number(query.get('continue') ?? 0);
    const end = Math.min(size, from + Number(query.get('limit') ?? size));
    const items = Array.from({ length: end - from }, (_, index) => at(from + index));
    const more = end < size ? { continue: String(end) } : {};
    return { kind: 'List', metadata: { resourceVersion: '1000000', ...more }, items };
  }

  async function write(request: IncomingMessage, plural: string, name: string | undefined): Promise<object> {
    writes.push({ call: `${request.method} ${request.url}`, atMs: performance.now() });
    const body = JSON.parse((await text(request)) || '{}') as Json;
    const before = name === undefined ? {} : (((await read(plural, name)) ?? {}) as Json);
    const metadata = { uid: `uid-${version}`, ...before.metadata, ...body.metadata };
    const object = { ...before, ...body, metadata: { ...metadata, resourceVersion: String(version + 1) } };
    if (plural !== 'events') tell(plural, name === undefined ? 'ADDED' : 'MODIFIED', object);
    return object;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://paper');
    const [, plural = '', name] = /\/(?:namespaces\/[^/]+\/)?([a-z]+)(?:\/([^/]+))?(?:\/status)?$/.exec(pathname) ?? [];
    if (searchParams.get('watch') === 'true') {
      const watch = { plural, response };
      watches.add(watch);
      response.once('close', () => watches.delete(watch));
      response.flushHeaders();
      return;
    }
    const isRead = request.method === 'GET';
    if (isRead && name !== undefined) reads++;
    const found = isRead
      ? name === undefined
        ? list(plural, searchParams)
        : await read(plural, name)
      : await write(request, plural, name);
    response.statusCode = found === undefined ? 404 : 200;
    response.end(JSON.stringify(found ?? { kind: 'Status', reason: 'NotFound', code: 404 }));
  }

  const server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const cluster = { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true };
  const config = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'paper' },
    clusters: [{ name: 'paper', cluster }],
    users: [{ name: 'paper', user: { token: 'paper' } }],
    contexts: [{ name: 'paper', context: { cluster: 'paper', user: 'paper' } }],
  };
  await writeFile(kubeconfigPath, JSON.stringify(config));
  return {
    kubeconfig: kubeconfigPath,
    tell,
    writes,
    reads: () => reads,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await rm(kubeconfigPath, { force: true });
    },
  };
}
