import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { connect, type TLSSocket } from 'node:tls';
import type { KeyPair, ServerOptions } from '../../src/admission/server.ts';
import { issueCertificateAuthority, issueLeaf } from '../../src/tls/issue.ts';
import { buildGate, type Reply } from './server.ts';

/** A certificate for this machine, and what vouches for it. */
export interface Identity {
  readonly caPem: string;
  readonly pair: KeyPair;
}

export async function issueIdentity(): Promise<Identity> {
  const terms = { lifetimeMs: 60 * 60_000, now: new Date() };
  const authority = await issueCertificateAuthority({ commonName: 'authority of a test', ...terms });
  const leaf = await issueLeaf({ authority, dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], ...terms });
  return { caPem: authority.certificatePem, pair: { cert: leaf.certificatePem, key: leaf.privateKeyPem } };
}

/** How long a server may wait for headers and for a whole request; as short as a test can stand. */
export interface Patience {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
}

export interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the body is sent in chunks, without a length in advance. */
  readonly isChunked?: boolean;
}

/** A gate that listens with TLS on a port of 127.0.0.1. The caller must close it. */
export async function listenGate(identity: Identity, options: Partial<ServerOptions> = {}, patience?: Patience) {
  const gate = buildGate({ tls: identity.pair, ...options });
  // The interval is a property of the server too, though not a documented one: 30 s by default.
  if (patience) Object.assign(gate.app.server, patience, { connectionsCheckingInterval: 20 });
  const arrived = { requests: 0 };
  gate.app.server.on('request', () => arrived.requests++);
  await gate.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = gate.app.server.address() as AddressInfo;
  const address = { host: '127.0.0.1', port, ca: identity.caPem };
  const opened: TLSSocket[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });

  /** Over one connection, which is kept. */
  async function send(path: string, body: string | Buffer, sent: Sent = {}): Promise<Reply & { isReused: boolean }> {
    const length: Record<string, string> = sent.isChunked
      ? { 'transfer-encoding': 'chunked' }
      : { 'content-length': String(Buffer.byteLength(body)) };
    const headers = { 'content-type': 'application/json', ...length, ...sent.headers };
    const asked = request({ ...address, agent, path, method: 'POST', headers });
    // A gate that answers before it has read everything breaks the pipe. An error before the answer still rejects.
    asked.on('error', () => {}).end(body);
    const [reply] = (await once(asked, 'response')) as [IncomingMessage];
    const { statusCode: status = 0, headers: answered } = reply;
    return { status, headers: answered, body: (await json(reply)) as Reply['body'], isReused: asked.reusedSocket };
  }

  /** A connection to be written to by hand, once it is open. */
  async function open(): Promise<TLSSocket> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = connect(address, resolve).on('error', reject);
    opened.push(socket);
    await promise;
    return socket;
  }

  async function close(): Promise<void> {
    agent.destroy();
    for (const socket of opened) socket.destroy();
    await gate.app.close();
  }
  return { ...gate, arrived, address, send, open, close };
}

/** The lines of a request with a body of `length` bytes, up to the body. */
export function requestHead(path: string, length: number): string {
  return `POST ${path} HTTP/1.1\r\nHost: gate\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
}
