import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Settings } from '../orchestration/settings.ts';
import { type Answer, answerReview, answerUnreadable, type Webhook } from './answer.ts';
import { type AdmissionRequest, decodeReview, encodeReview } from './review.ts';
import { readTimeoutMs } from './timeout.ts';

/** An UPDATE carries two objects of at most 3 MiB, the API server's limit for a request body, in an envelope of at most 1 MiB. */
const BODY_LIMIT_BYTES = 7 * 1024 * 1024;
/** API servers keep an idle connection for about 90 s: the side that closes first must be theirs, or they meet an EOF. */
const KEEP_ALIVE_TIMEOUT_MS = 120_000;
/**
 * Node counts these from the opening of a connection, also of one on which nothing was asked yet. API servers open some in
 * reserve: one that is told 408 as it sends its first review takes that for the answer.
 */
const HEADERS_TIMEOUT_MS = 120_000;
const REQUEST_TIMEOUT_MS = 125_000;

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
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
  /** Reviews that may be in flight at once; one more is answered by the failure policy. */
  readonly maxInFlight: number;
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
  const app = createApp(options.tls);
  let inFlight = 0;
  let isDraining = false;

  app.decorateRequest('arrivedAtMs', 0);
  app.addHook('onRequest', (request, reply, done) => {
    request.arrivedAtMs = options.now();
    inFlight++;
    options.onStart();
    reply.raw.once('close', () => {
      inFlight--;
      options.onEnd();
    });
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

  function handle(webhook: Webhook, http: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { uid, request, mistake = 'no review' } = decodeReview(http.body);
    if (uid === undefined) return reply.code(400).send({ message: mistake });
    const deadlineMs = http.arrivedAtMs + readTimeoutMs(http.query);
    const bounds = { isOverloaded: inFlight > options.maxInFlight, isPastDeadline: () => options.now() > deadlineMs };
    const answer = request
      ? answerReview(webhook, request, options.settings(), bounds)
      : answerUnreadable(webhook, mistake);
    // Also of a review that came before the drain: its connection would hold up the end.
    if (isDraining) reply.header('connection', 'close');
    reply.send(encodeReview(uid, answer.response));
    options.onFinish({ webhook, uid, request, answer, durationMs: options.now() - http.arrivedAtMs });
    return reply;
  }
}

function createApp(tls: KeyPair | undefined): FastifyInstance {
  const options = {
    bodyLimit: BODY_LIMIT_BYTES,
    // Such a key is a name like any other: a 400 would be a bypass under failurePolicy Ignore.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    return503OnClosing: false,
  } as const;
  const http = { headersTimeout: HEADERS_TIMEOUT_MS };
  const app: FastifyInstance = tls
    ? (fastify({ ...options, https: { ...tls, ...http, minVersion: 'TLSv1.2' } }) as unknown as FastifyInstance)
    : fastify({ ...options, http });
  // As text a review would be told that it has no request.
  app.removeContentTypeParser('text/plain');
  app.setErrorHandler((error: FastifyError, _, reply) => {
    const code = error.statusCode ?? 500;
    const told = code === 413 ? 'the body is larger than 7 MiB, which hold two objects of 3 MiB each' : error.message;
    return reply.code(code).send({ message: code < 500 ? told : 'internal fault' });
  });
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .send({ message: `nothing answers ${request.method} here: POST an AdmissionReview to /validate or /mutate` }),
  );
  return app;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** When the request line and headers had arrived, on the clock of ServerOptions.now. */
    arrivedAtMs: number;
  }
}
