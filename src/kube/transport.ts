import type { Socket } from 'node:net';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { wordsOf } from '../objects/outcomes.ts';
import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import { type Credentials, createCredentialCache, type LoadCredentials, type TlsCredentials } from './credentials.ts';
import { KubeError } from './errors.ts';
import type { Log, Timing } from './ports.ts';

/** Each lane has its own connections, so that a slow call does not delay the renewal of a Lease. */
export type Lane = 'calls' | 'watches' | 'lease';

/**
 * The most connections of each lane, 40 in all. More concurrent calls would not increase the throughput of an API
 * server.
 */
const CALLS = 12;
const WATCHES = 27;
const LEASE = 1;

/** Below the idle timeouts of API servers (90 s) and common load balancers (60 s), so that this side closes first. */
const KEEP_ALIVE_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5_000;

export interface TransportRequest {
  readonly lane: Lane;
  readonly method: Dispatcher.HttpMethod;
  /** Includes the query. */
  readonly path: string;
  readonly body?: string;
  /** The media type of `body`. */
  readonly contentType?: string;
  /** Cancels the request, and the reading of its answer, at any time. */
  readonly signal: AbortSignal;
  /** The longest pause while the answer is read, in milliseconds. 0 means no limit. */
  readonly idleTimeoutMs: number;
}

export type TransportAnswer = Pick<Dispatcher.ResponseData, 'statusCode' | 'headers' | 'body'>;

/** The connections of this process to one API server, shared by all clients. */
export interface Transport {
  /**
   * Sends a request once and resolves with the head of the answer. The caller must read or destroy the body. After a
   * 401 or a failed connection, the next request reads the credentials again. Throws KubeError: Aborted if the signal
   * ended the request, otherwise Unavailable. The outcome is known only if no connection was made.
   */
  readonly send: (request: TransportRequest) => Promise<TransportAnswer>;
  /** Cancels all requests and resolves when no socket is left. */
  readonly close: () => Promise<void>;
}

export interface TransportOptions {
  readonly load: LoadCredentials;
  readonly timing: Timing;
  readonly log: Log;
  /** The most concurrent watches; each keeps a connection. More than the default of 27 means more than 40 sockets. */
  readonly watches?: number;
  /** Called with the number of open sockets when it changes. */
  readonly onSockets?: (open: number) => void;
  /** Called with the `Date` header of each answer, and with the time of its request on `timing`'s clock. */
  readonly onDate?: (date: string | undefined, sentMs: number) => void;
}

/** Creates a transport. It reads no credentials and opens no connection yet. */
export function createTransport(options: TransportOptions): Transport {
  const { load, timing, log, watches = WATCHES, onSockets = () => {}, onDate = () => {} } = options;
  const cache = createCredentialCache(load, timing, log);
  const sockets = new Set<Socket>();
  let tls: TlsCredentials | undefined;
  let connector: buildConnector.connector | undefined;

  /**
   * New connections use new credentials. Open connections are verified already and stay open, unless the client
   * certificate has changed.
   */
  function connectWith(credentials: TlsCredentials): void {
    if (credentials === tls) return;
    const isSomeoneElse = tls !== undefined && (tls.cert !== credentials.cert || tls.key !== credentials.key);
    tls = credentials;
    connector = buildConnector({ ...credentials, allowH2: false, timeout: CONNECT_TIMEOUT_MS });
    if (isSomeoneElse) for (const socket of sockets) socket.destroy();
  }

  function connect(options: buildConnector.Options, callback: buildConnector.Callback): void {
    connector?.(options, (error, socket) => {
      if (error) {
        cache.expire();
        callback(new ConnectError(error), null);
        return;
      }
      track(socket);
      callback(null, socket);
    });
  }

  function track(socket: Socket): void {
    sockets.add(socket);
    onSockets(sockets.size);
    socket.once('close', () => {
      sockets.delete(socket);
      onSockets(sockets.size);
    });
  }

  const createAgent = (connections: number) =>
    new Agent({ connections, connect, allowH2: false, keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: 0 });
  const agents = {
    calls: createAgent(CALLS),
    watches: createAgent(watches),
    lease: createAgent(LEASE),
  } satisfies Record<Lane, Agent>;

  async function sendAs(credentials: Credentials, request: TransportRequest): Promise<TransportAnswer> {
    const { lane, method, path, body, contentType, signal, idleTimeoutMs } = request;
    connectWith(credentials.tls);
    const { origin, pathname } = new URL(credentials.server);
    return agents[lane].request({
      origin,
      path: pathname === '/' ? path : pathname + path,
      method,
      headers: {
        accept: 'application/json',
        'user-agent': 'orchestration-gate',
        ...credentials.headers,
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
      },
      body: body ?? null,
      signal,
      bodyTimeout: idleTimeoutMs,
    });
  }

  async function send(request: TransportRequest): Promise<TransportAnswer> {
    const credentials = await readCredentials();
    try {
      const sentMs = timing.now();
      const answer = await sendAs(credentials, request);
      onDate(answer.headers['date']?.toString(), sentMs);
      if (answer.statusCode === 401) cache.expire(credentials);
      return answer;
    } catch (error) {
      throw nameServer(errorFromFailure(error, request.signal), credentials.server);
    }
  }

  async function readCredentials(): Promise<Credentials> {
    try {
      return await cache.get();
    } catch (error) {
      throw new KubeError('Unavailable', `no API credentials: ${wordsOf(error)}`, { cause: error });
    }
  }

  return {
    send,
    async close() {
      const closed = [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
      await Promise.all(Object.values(agents).map((agent) => agent.destroy()));
      await Promise.all(closed);
    },
  };
}

/** No connection was made, so nothing was sent. */
class ConnectError extends Error {
  constructor(cause: Error) {
    super(wordsOf(cause), { cause });
  }
}

/** Converts the failure of a request, or of reading its answer, to an error. */
export function errorFromFailure(error: unknown, signal?: AbortSignal): KubeError {
  if (error instanceof KubeError) return error;
  if (signal?.aborted) {
    return signal.reason instanceof KubeError ? signal.reason : new KubeError('Aborted', 'the call was cancelled');
  }
  if (error instanceof ConnectError) {
    return new KubeError('Unavailable', `cannot connect to the API server: ${error.message}`, { cause: error.cause });
  }
  // Node's and undici's errors of sockets and streams have codes. Any other error is a bug.
  const isBroken = error instanceof Error && 'code' in error && typeof error.code === 'string';
  const what = isBroken ? 'the connection to the API server broke: ' : '';
  const details = { cause: error, isOutcomeUnknown: true };
  return new KubeError(isBroken ? 'Unavailable' : 'Unknown', what + wordsOf(error), details);
}

/** Adds the address of the API server to the message, because most often the address is wrong. */
function nameServer(failure: KubeError, server: string): KubeError {
  const { reason, message, isOutcomeUnknown, cause } = failure;
  if (reason !== KubeErrorReason.Unavailable && reason !== KubeErrorReason.Unknown) return failure;
  return new KubeError(reason, message.replace('the API server', `$& at ${server}`), { isOutcomeUnknown, cause });
}
