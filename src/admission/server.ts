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
 * API servers close an idle connection after about 90 s, including unused ones that they keep in reserve. They must
 * close first. Otherwise they get an EOF.
 */
const IDLE_TIMEOUT_MS = 120_000;
/** From the first byte of a request to its last. API servers send a request at once. */
const REQUEST_TIMEOUT_MS = 5_000;
/** From the opening of a connection. API servers also wait 10 s. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** How often Node checks for requests that take too long. */
const CHECK_INTERVAL_MS = 1_000;
/** An answer with more unread bytes counts against the room. */
const SMALL_ANSWER_BYTES = 16 * 1024;
/** An answer is in memory as text, as bytes, and encrypted. */
const ANSWER_COPIES = 3;

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
  /** The authorities of client certificates, in PEM. Undefined if clients need no certificate. */
  readonly ca?: string;
}

/** An answered review. */
export interface FinishedReview {
  readonly webhook: Webhook;
  readonly uid: string;
  readonly request: AdmissionRequest | undefined;
  readonly answer: Answer;
  readonly durationMs: number;
}

export interface ServerOptions {
  /** Undefined means plain HTTP, for tests by injection. */
  readonly tls: KeyPair | undefined;
  /** Called for each review, so that new settings apply to the next one. */
  readonly settings: () => Settings;
  /**
   * The most reviews in flight, from their last byte to the end of their answer. The failure policy answers any further
   * ones.
   */
  readonly maxInFlight: number;
  readonly capacity: Capacity;
  /** Milliseconds on a monotonic clock. */
  readonly now: () => number;
  readonly onStart: () => void;
  /** Called once for each review with a uid, after its answer is passed to the socket. */
  readonly onFinish: (review: FinishedReview) => void;
  /** Called when a request ends, answered or not. */
  readonly onEnd: () => void;
}

/** The gate's server. It is not listening yet. */
export interface GateServer {
  readonly app: FastifyInstance;
  /**
   * Makes every answer close its connection, so that clients send their next review elsewhere. The server continues to
   * answer.
   */
  startDraining(): void;
}

/**
 * Builds the admission server: POST /validate and POST /mutate. Answers every body that has a readable uid with status
 * 200 and an AdmissionReview, because the API server treats anything else as a failed webhook.
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
    // API servers send the length, and read an answer before the next request. Stop reading from clients that do not.
    const { raw, headers } = request;
    const hasLength = headers['transfer-encoding'] === undefined;
    if (!hasLength || raw.socket.writableLength > SMALL_ANSWER_BYTES) return void raw.destroy();
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

  /** Called when the body is complete, so an incomplete one does not count as in flight. */
  function handle(webhook: Webhook, http: FastifyRequest, reply: FastifyReply): FastifyReply {
    count(reply);
    const { body } = http;
    // The garbage collector considers a request that has waited as old, and would treat the objects it refers to as old
    // too.
    http.body = undefined;
    if (body instanceof TooHeavy) return denyHeavy(webhook, http, reply, body);
    const { uid, request, mistake = 'no review' } = decodeReview(body);
    if (uid === undefined) return reply.code(400).send({ message: mistake });
    const deadlineMs = http.arrivedAtMs + readTimeoutMs(http.query);
    const bounds = { isOverloaded: inFlight > options.maxInFlight, isPastDeadline: () => options.now() > deadlineMs };
    const answer = request
      ? answerReview(webhook, request, options.settings(), bounds)
      : answerUnreadable(webhook, mistake);
    return finish(webhook, http, reply, { uid, request, answer });
  }

  function denyHeavy(
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
    review: Pick<FinishedReview, 'uid' | 'request' | 'answer'>,
  ): FastifyReply {
    const isKept = connections.keep(http.raw.socket);
    // This also applies to a review that arrived before the drain, because its connection would delay the end.
    if (isDraining || !isKept) reply.header('connection', 'close');
    reply.send(encodeReview(review.uid, review.answer.response));
    holdUnread(reply);
    options.onFinish({ webhook, ...review, durationMs: options.now() - http.arrivedAtMs });
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

  /** Counts a large answer against the room until it is read. */
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
  // If fastify parsed text, the answer would be that the review has no request.
  app.removeContentTypeParser('text/plain');
  app.addContentTypeParser('application/json', (_, stream, done) => void parse(stream, done));
  app.setErrorHandler((error: FastifyError, _, reply) => {
    const code = error.statusCode ?? 500;
    return reply.code(code).send({ message: code < 500 ? error.message : 'internal error' });
  });
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .send({ message: `${request.method} is not supported here: POST an AdmissionReview to /validate or /mutate` }),
  );
  return app;

  /** Uses a callback, because a promise would keep the parsed body in memory: see `handle`. */
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
    /** When the request line and headers arrived, on the clock of ServerOptions.now. */
    arrivedAtMs: number;
  }
}
