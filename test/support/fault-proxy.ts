import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { readLines } from '../../src/kube/client.ts';
import { issueCertificateAuthority, issueLeaf } from '../../src/tls/issue.ts';
import type { ClusterAddress } from './controlplane/cluster.ts';

/** One call that came through the proxy. */
export interface ProxiedCall {
  /** Counts the calls that change something, from 1, in the order in which they arrived whole; null for the others. */
  readonly number: number | null;
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';
  /** The plural; '' for a path that leads to no resource, such as `/version`. */
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
  readonly query: URLSearchParams;
  /** As parsed JSON; undefined if there is none. */
  readonly body: unknown;
  /** What the API server answered, if it did. The client may have got another answer. */
  answer?: { readonly status: number; readonly body: unknown };
}

/** What happens to a call on its way. Without any of it, the call passes. Functions are awaited. */
export interface Fault {
  /** Called before the call is sent on: to hold it, to delay it, to kill a process. */
  readonly before?: () => unknown;
  /** The client gets this, and the API server nothing. */
  readonly answer?: { readonly status: number; readonly retryAfterSeconds?: number; readonly body?: object | string };
  /** The client's connection is cut, and the API server gets nothing. */
  readonly isRefused?: boolean;
  /** Called when the API server has answered, and so has carried out the call, but the client has no answer yet. */
  readonly committed?: () => unknown;
  /** The client's connection is cut instead of answered. */
  readonly isReplyLost?: boolean;
  /** The client gets this in place of the answer. */
  readonly substitute?: { readonly status: number };
  /** Called when the answer is on its way to the client. */
  readonly after?: () => unknown;
  /** Turns the lines of a watch into those that the client gets, without line ends. Throwing cuts the connection. */
  readonly lines?: (lines: AsyncIterable<string>) => AsyncIterable<string | Fragment>;
}

/** Part of a line: no line end follows. */
export interface Fragment {
  readonly fragment: string;
}

export type Script = (call: ProxiedCall) => Fault | undefined;

/** A proxy in front of the API server, which does to calls what a script says. */
export interface FaultProxy {
  readonly url: string;
  readonly caPem: string;
  /** Every call so far, in the order in which they arrived. */
  readonly calls: readonly ProxiedCall[];
  /** From the next call on; undefined lets all pass. */
  readonly follow: (script: Script | undefined) => void;
  /** Cuts every watch that is open, or that is asked for and not answered yet. */
  readonly cutWatches: () => void;
  /** From the next call on: another API server of the same cluster, by its URL. */
  readonly leadTo: (server: string) => void;
  readonly connections: { readonly open: number; readonly peak: number; readonly total: number };
  /** Returns the path of a kubeconfig like the one given (the administrator's), that leads through the proxy. */
  readonly kubeconfig: (original?: string) => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** Waits `ms` before each line, without changing their order. */
export function delayLines(ms: number): NonNullable<Fault['lines']> {
  return async function* (lines) {
    for await (const line of lines) {
      await delay(ms);
      yield line;
    }
  };
}

/** Passes each line on `ms` after it arrived, without changing their order. */
export function lagLines(ms: number): NonNullable<Fault['lines']> {
  return async function* (lines) {
    const due: Promise<string | undefined>[] = [];
    let arrived = Promise.withResolvers<void>();
    const reading = (async () => {
      for await (const line of lines) {
        due.push(delay(ms, line));
        arrived.resolve();
      }
    })().finally(() => {
      due.push(Promise.resolve(undefined));
      arrived.resolve();
    });
    reading.catch(() => {}); // a failure ends the lines too
    for (;;) {
      await arrived.promise;
      const line = await due.shift();
      if (line === undefined) return;
      yield line;
      if (due.length === 0) arrived = Promise.withResolvers<void>();
    }
  };
}

/** Ends a watch after `ms`. */
export function endAfterMs(ms: number): NonNullable<Fault['lines']> {
  return async function* (lines) {
    const over = delay(ms, undefined, { ref: false });
    const all = lines[Symbol.asyncIterator]();
    for (;;) {
      const next = await Promise.race([all.next(), over]);
      if (next === undefined || next.done) return;
      yield next.value;
    }
  };
}

/** Passes each line on at once, and once more after the line that follows it. */
export function scrambleLines(): NonNullable<Fault['lines']> {
  return async function* (lines) {
    let before: string | undefined;
    for await (const line of lines) {
      yield line;
      if (before !== undefined) yield before;
      before = line;
    }
  };
}

/** Cuts the connection in the middle of line number `count` + 1. */
export function cutAfter(count: number): NonNullable<Fault['lines']> {
  return async function* (lines) {
    let seen = 0;
    for await (const line of lines) {
      if (seen++ < count) yield line;
      else {
        yield { fragment: line.slice(0, line.length / 2) };
        throw new Cut();
      }
    }
  };
}

/** Reports after `count` lines that the version is too old, which ends a watch. */
export function expireAfter(count: number): NonNullable<Fault['lines']> {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    reason: 'Expired',
    code: 410,
    message: 'too old',
  };
  return async function* (lines) {
    let seen = 0;
    if (count === 0) yield JSON.stringify({ type: 'ERROR', object: status });
    for await (const line of lines) {
      yield line;
      if (++seen < count) continue;
      yield JSON.stringify({ type: 'ERROR', object: status });
      return;
    }
  };
}

class Cut extends Error {}

const certificateLifetimeMs = 24 * 60 * 60_000;

/** Starts a proxy on a free port of 127.0.0.1. Clients are told apart by token only: client certificates end here. */
export async function startFaultProxy(cluster: ClusterAddress): Promise<FaultProxy> {
  // Also valid for clients whose clock is behind.
  const validity = { lifetimeMs: certificateLifetimeMs, now: new Date(Date.now() - 2 * 60 * 60_000) };
  const authority = await issueCertificateAuthority({ commonName: 'fault proxy', ...validity });
  const leaf = await issueLeaf({ authority, dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], ...validity });
  const agent = new Agent({ keepAlive: true, ca: Buffer.from(cluster.caData, 'base64') });
  const calls: ProxiedCall[] = [];
  const watches = new Set<ServerResponse>();
  const connections = { open: 0, peak: 0, total: 0 };
  let script: Script | undefined;
  let upstream = cluster.server;
  let changes = 0;

  async function handle(incoming: IncomingMessage, reply: ServerResponse): Promise<void> {
    const content = await buffer(incoming);
    const read = readCall(incoming, content);
    const call: ProxiedCall = { ...read, number: isChange(read.verb) ? ++changes : null };
    calls.push(call);
    if (call.verb === 'watch') {
      watches.add(reply);
      reply.once('close', () => watches.delete(reply));
    }
    const fault = script?.(call) ?? {};
    await fault.before?.();
    if (fault.isRefused) throw new Cut();
    if (fault.answer) return answerInstead(reply, fault.answer);
    const answer = await sendOn(incoming, content, reply);
    if (call.verb === 'watch' && answer.statusCode === 200) await relayWatch(answer, reply, fault);
    else await relayAnswer(call, answer, reply, fault);
  }

  async function sendOn(incoming: IncomingMessage, content: Buffer, reply: ServerResponse): Promise<IncomingMessage> {
    if (reply.destroyed) throw new Cut();
    const { host: _, connection: __, ...headers } = incoming.headers;
    const sent = request(upstream + incoming.url, { method: incoming.method, headers, agent });
    reply.once('close', () => {
      if (!reply.writableFinished) sent.destroy(); // the client has given up, or we have
    });
    sent.end(content);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    return answer;
  }

  async function relayAnswer(
    call: ProxiedCall,
    answer: IncomingMessage,
    reply: ServerResponse,
    { committed, isReplyLost, substitute, after }: Fault,
  ): Promise<void> {
    const content = await buffer(answer);
    const status = answer.statusCode ?? 0;
    call.answer = { status, body: parse(content) };
    await committed?.();
    if (isReplyLost) throw new Cut();
    if (substitute) return answerInstead(reply, substitute);
    const { 'transfer-encoding': _, connection: __, ...headers } = answer.headers;
    reply.writeHead(status, headers);
    await new Promise<void>((ended) => reply.end(content, ended));
    await after?.();
    return undefined;
  }

  async function relayWatch(answer: IncomingMessage, reply: ServerResponse, { lines }: Fault): Promise<void> {
    reply.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    const original = readLines(answer);
    for await (const line of lines ? lines(original) : original) {
      const text = typeof line === 'string' ? `${line}\n` : line.fragment;
      await new Promise((written) => reply.write(text, written));
    }
    reply.end();
  }

  const server = createServer({ cert: leaf.certificatePem, key: leaf.privateKeyPem }, (incoming, reply) => {
    // A cut, an API server that is away, a client that has gone: all end the client's connection.
    handle(incoming, reply).catch(() => reply.destroy());
  });
  server.on('secureConnection', (socket) => {
    connections.open++;
    connections.total++;
    connections.peak = Math.max(connections.peak, connections.open);
    socket.once('close', () => {
      connections.open--;
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    caPem: authority.certificatePem,
    calls,
    connections,
    follow: (next) => {
      script = next;
    },
    leadTo: (server) => {
      upstream = server;
    },
    cutWatches: () => {
      for (const watch of watches) watch.destroy();
    },
    async kubeconfig(original = cluster.kubeconfig) {
      const config = JSON.parse(await readFile(original, 'utf8')) as { clusters: { cluster: object }[] };
      const ca = Buffer.from(authority.certificatePem).toString('base64');
      for (const each of config.clusters) each.cluster = { server: url, 'certificate-authority-data': ca };
      const path = join(cluster.folder, `proxied-${randomBytes(4).toString('hex')}.kubeconfig`);
      await writeFile(path, JSON.stringify(config), { mode: 0o600 });
      return path;
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}

function answerInstead(reply: ServerResponse, { status, retryAfterSeconds, body }: NonNullable<Fault['answer']>): void {
  const failure = {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code: status,
    message: 'said the fault proxy',
  };
  const retryAfter = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  reply
    .writeHead(status, { 'content-type': 'application/json', ...retryAfter })
    .end(typeof body === 'string' ? body : JSON.stringify(body ?? failure));
}

function readCall(incoming: IncomingMessage, content: Buffer): Omit<ProxiedCall, 'number'> {
  const { pathname, searchParams: query } = new URL(incoming.url ?? '/', 'https://proxy');
  const target = readPath(pathname);
  return { ...target, verb: readVerb(incoming.method ?? '', query, target.name), query, body: parse(content) };
}

/** `/api/v1/…` or `/apis/<group>/<version>/…`, then `[namespaces/<namespace>/]<plural>[/<name>[/<subresource>]]`. */
function readPath(pathname: string): Pick<ProxiedCall, 'resource' | 'namespace' | 'name' | 'subresource'> {
  const parts = pathname.slice(1).split('/').map(decodeURIComponent);
  const rest = parts.slice(parts[0] === 'api' ? 2 : 3);
  if (!/^apis?$/.test(parts[0] ?? '') || rest.length === 0) return { resource: '' };
  const isNamespaced = rest[0] === 'namespaces' && rest.length > 2 && !/^(status|finalize)$/.test(rest[2] ?? '');
  const [resource = '', name, subresource] = isNamespaced ? rest.slice(2) : rest;
  return {
    resource,
    ...(isNamespaced && rest[1] !== undefined ? { namespace: rest[1] } : {}),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

function readVerb(method: string, query: URLSearchParams, name: string | undefined): ProxiedCall['verb'] {
  if (method === 'POST') return 'create';
  if (method === 'PUT') return 'update';
  if (method === 'PATCH') return 'patch';
  if (method === 'DELETE') return name === undefined ? 'deletecollection' : 'delete';
  if (/^(1|true)$/.test(query.get('watch') ?? '')) return 'watch';
  return name === undefined ? 'list' : 'get';
}

function isChange(verb: ProxiedCall['verb']): boolean {
  return verb !== 'get' && verb !== 'list' && verb !== 'watch';
}

function parse(content: Buffer): unknown {
  try {
    return content.length === 0 ? undefined : JSON.parse(content.toString());
  } catch {
    return content.toString();
  }
}
