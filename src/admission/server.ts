import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Settings } from '../orchestration/settings.ts';
import { type Answer, answerReview, answerTooHeavy, answerUnreadable, type Webhook } from './answer.ts';
import { readBody } from './body.ts';
import type { Capacity } from './capacity.ts';
import { answerClientError, boundConnections } from './connections.ts';
import { parseBody, TooHeavy } from './json.ts';
import { type AdmissionRequest, decodeReview, encodeReview, readTimeoutMs } from './review.ts';
import { createRoom, type Room } from './room.ts';
import { createTurns, type Turns } from './turns.ts';

/**
 * API servers keep an idle connection for about 90 s, also one on which nothing was asked yet: they open some in reserve.
 * The side that closes first must be theirs, or they meet an EOF.
 */
const IDLE_TIMEOUT_MS = 120_000;
/** From its first byte to its last; API servers send a request at once. */
const REQUEST_TIMEOUT_MS = 5_000;
/** From the opening of a connection. API servers themselves wait 10 s. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** How often Node looks for requests that took too long. */
const CHECK_INTERVAL_MS = 1_000;
/** An answer of which more is not read takes up room. */
const SMALL_ANSWER_BYTES = 16 * 1024;
/** An answer is there as text, as bytes, and encrypted. */
const ANSWER_COPIES = 3;

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
  /** Who signs the certificates that callers must present, in PEM. Undefined: callers need none. */
  readonly ca?: string;
}

/** A review that has been answered. */
export interface FinishedReview {
  readonly webhook: Webhook;
  readonly uid: string;
  readonly request: AdmissionRequest | undefined;
  readonly answer: Answer;
  readonly durationMs: number;
}

export interface ServerOptions {
  /** Undefined: plain HTTP, for a test by injection. */
  readonly tls: KeyPair | undefined;
  /** Read for each review, so that new settings hold from the next one on. */
  readonly settings: () => Settings;
  /** Reviews that may be in flight at once, from their last byte to the end of their answer; one more is answered by the failure policy. */
  readonly maxInFlight: number;
  readonly capacity: Capacity;
  /** Milliseconds on a clock that never jumps. */
  readonly now: () => number;
  readonly onStart: () => void;
  /** Called once for each review with a uid, after its answer is handed to the socket. */
  readonly onFinish: (review: FinishedReview) => void;
  /** Called when a request ends in any way, answered or not. */
  readonly onEnd: () => void;
}

/** The gate's server, not listening yet. */
export interface GateServer {
  readonly app: FastifyInstance;
  /** From now on every answer closes its connection, so that clients go elsewhere for the next. Serving goes on. */
  startDraining(): void;
}

/**
 * Builds the admission server: POST /validate and POST /mutate. Every body with a readable uid is answered with status
 * 200 and an AdmissionReview, since the API server takes anything else for a webhook that failed.
 */
export function buildServer(options: ServerOptions): GateServer {
  const room = createRoom(options.capacity.bytesInFlight, options.now);
  const turns = createTurns((take) => setImmediate(take), options.now);
  const app = createApp(options.tls, room, turns);
  const connections = boundConnections(app.server, options.capacity, options.now);
  let inFlight = 0;
  let isDraining = false;

  app.decorateRequest('arrivedAtMs', 0);
  app.addHook('onRequest', (request, reply, done) => {
    request.arrivedAtMs = options.now();
    // API servers tell the length, and read an answer before they ask again. Nothing more is read of who does not.
    const { raw, headers } = request;
    const isTelling = headers['transfer-encoding'] === undefined;
    if (!isTelling || raw.socket.writableLength > SMALL_ANSWER_BYTES) return void raw.destroy();
    if (isDraining) reply.header('connection', 'close');
    done();
  });
  for (const webhook of ['validate', 'mutate'] as const) {
    app.post(`/${webhook}`, (request, reply) => handle(webhook, request, reply));
  }
  return {
    app,
    startDraining: () => {
      isDraining = true;
    },
  };

  /** Called when the body has arrived: who sends half of one occupies nobody's place. */
  function handle(webhook: Webhook, http: FastifyRequest, reply: FastifyReply): FastifyReply {
    count(reply);
    const { body } = http;
    // A request that has waited is old to the garbage collector, and would make what it refers to old as well.
    http.body = undefined;
    if (body instanceof TooHeavy) return refuseHeavy(webhook, http, reply, body);
    const { uid, request, mistake = 'no review' } = decodeReview(body);
    if (uid === undefined) return reply.code(400).send({ message: mistake });
    const deadlineMs = http.arrivedAtMs + readTimeoutMs(http.query);
    const bounds = { isOverloaded: inFlight > options.maxInFlight, isPastDeadline: () => options.now() > deadlineMs };
    const answer = request
      ? answerReview(webhook, request, options.settings(), bounds)
      : answerUnreadable(webhook, mistake);
    return finish(webhook, http, reply, { uid, request, answer });
  }

  function refuseHeavy(
    webhook: Webhook,
    http: FastifyRequest,
    reply: FastifyReply,
    { uid, mistake }: TooHeavy,
  ): FastifyReply {
    if (uid === undefined) return reply.code(413).send({ message: mistake });
    const answer = answerTooHeavy(webhook, mistake, options.settings());
    return finish(webhook, http, reply, { uid, request: undefined, answer });
  }

  function finish(
    webhook: Webhook,
    http: FastifyRequest,
    reply: FastifyReply,
    told: Pick<FinishedReview, 'uid' | 'request' | 'answer'>,
  ): FastifyReply {
    const isKept = connections.keep(http.raw.socket);
    // Also of a review that came before the drain: its connection would hold up the end.
    if (isDraining || !isKept) reply.header('connection', 'close');
    reply.send(encodeReview(told.uid, told.answer.response));
    holdUnread(reply);
    options.onFinish({ webhook, ...told, durationMs: options.now() - http.arrivedAtMs });
    return reply;
  }

  function count(reply: FastifyReply): void {
    inFlight++;
    options.onStart();
    reply.raw.once('close', () => {
      inFlight--;
      options.onEnd();
    });
  }

  /** A large answer takes up room until it is read. */
  function holdUnread({ raw }: FastifyReply): void {
    const { socket } = raw;
    if (socket === null || socket.writableLength <= SMALL_ANSWER_BYTES) return;
    const guest = { bytes: ANSWER_COPIES * socket.writableLength, expel: () => socket.destroy() };
    room.take(guest);
    raw.once('close', () => room.leave(guest));
  }
}

function createApp(tls: KeyPair | undefined, room: Room, turns: Turns): FastifyInstance {
  const options = {
    keepAliveTimeout: IDLE_TIMEOUT_MS,
    connectionTimeout: IDLE_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
  } as const;
  const http = { headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: CHECK_INTERVAL_MS };
  const callers = { requestCert: tls?.ca !== undefined, rejectUnauthorized: true };
  const https = { ...tls, ...http, ...callers, handshakeTimeout: HANDSHAKE_TIMEOUT_MS, minVersion: 'TLSv1.2' } as const;
  const app: FastifyInstance = tls
    ? (fastify({ ...options, https }) as unknown as FastifyInstance)
    : fastify({ ...options, http });
  // As text a review would be told that it has no request.
  app.removeContentTypeParser('text/plain');
  app.addContentTypeParser('application/json', (_, stream, done) => void parse(stream, done));
  app.setErrorHandler((error: FastifyError, _, reply) => {
    const code = error.statusCode ?? 500;
    return reply.code(code).send({ message: code < 500 ? error.message : 'internal fault' });
  });
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .send({ message: `nothing answers ${request.method} here: POST an AdmissionReview to /validate or /mutate` }),
  );
  return app;

  /** No promise holds what was parsed, for the reason that `handle` tells. */
  async function parse(stream: FastifyRequest['raw'], done: (error: Error | null, body?: unknown) => void) {
    try {
      done(null, parseBody(await readBody(stream, room, turns)));
    } catch (error) {
      done(error as Error);
    }
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** When the request line and headers had arrived, on the clock of ServerOptions.now. */
    arrivedAtMs: number;
  }
}
