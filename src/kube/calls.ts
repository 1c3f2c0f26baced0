import type { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import { errorFromAnswer, KubeError } from './errors.ts';
import { sleep, type Timing } from './ports.ts';
import { type ObjectName, pathOf, type Resource } from './resources.ts';
import { type Backoff, retryDelayMs } from './retry.ts';
import { errorFromFailure, type Lane, type Transport, type TransportAnswer } from './transport.ts';

export type Verb = 'get' | 'list' | 'create' | 'patch' | 'delete' | 'watch';

/** One API call: what it sends, and the labels that it is counted under. */
export interface Call {
  readonly verb: Verb;
  readonly resource: Resource;
  /** The collection, if there is no name. */
  readonly target: Partial<ObjectName>;
  readonly subresource?: string | undefined;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: object;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
  readonly onWarning?: ((warning: string) => void) | undefined;
  /** If the answer has more bytes, the call fails as TooLarge and reads no further. */
  readonly mostBytes?: number | undefined;
  /** Called with the number of bytes in the answer. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** Called for every request; must not throw. */
export interface ClientObserver {
  /** A request ended or a watch opened. Each retry counts as a request. */
  finishRequest(request: { verb: Verb; resource: string; outcome: 'ok' | KubeErrorReason; durationMs: number }): void;
  countRetry(request: { verb: Verb; resource: string; reason: KubeErrorReason }): void;
}

export interface CallerOptions {
  readonly transport: Transport;
  readonly timing: Timing;
  readonly observer?: ClientObserver;
  /** Which connections to use. The default is `calls`. Watches have their own. */
  readonly lane?: Exclude<Lane, 'watches'>;
  /**
   * Deadline for a call with all its retries, in milliseconds. The default is 35 s, because the slowest webhook takes
   * 30 s.
   */
  readonly deadlineMs?: number;
}

/** Sends calls with a deadline and counts them. Both functions throw only KubeError. */
export interface Caller {
  /**
   * Sends a call until it succeeds, must not be retried (see KubeClient), or runs out of time. Returns the body of the
   * answer.
   */
  readonly send: (call: Call) => Promise<Record<string, unknown>>;
  /**
   * Sends a call once and resolves with the body as a stream. `idleTimeoutMs` is the longest pause between two chunks.
   */
  readonly stream: (call: Call, idleTimeoutMs: number) => Promise<TransportAnswer['body']>;
}

const DEADLINE_MS = 35_000;
/** After this time, another attempt on another connection is better than a longer wait. */
const READ_ATTEMPT_MS = 10_000;
const RETRY_BACKOFF: Backoff = { baseMs: 100, capMs: 5_000 };

const METHOD = { get: 'GET', list: 'GET', watch: 'GET', create: 'POST', patch: 'PATCH', delete: 'DELETE' } as const;

/**
 * Makes calls over a transport. Reads are retried until their deadline. Writes are retried only if the API server
 * cannot have carried them out. Throws KubeError.
 */
export function createCaller(options: CallerOptions): Caller {
  const { transport, timing, observer, lane = 'calls', deadlineMs = DEADLINE_MS } = options;

  async function send(call: Call): Promise<Record<string, unknown>> {
    const isRead = METHOD[call.verb] === 'GET';
    const deadline = timing.now() + deadlineMs;
    for (let failures = 0; ; failures++) {
      const remainingMs = Math.max(1, deadline - timing.now());
      try {
        return await attempt(call, lane, isRead ? Math.min(READ_ATTEMPT_MS, remainingMs) : remainingMs, 0, (answer) =>
          readObject(answer, call),
        );
      } catch (error) {
        const failure = error as KubeError;
        const delayMs = retryDelayMs(failure, RETRY_BACKOFF, failures, timing);
        if (!mayRepeat(failure, isRead) || timing.now() + delayMs >= deadline) throw failure;
        observer?.countRetry({ ...labelsOf(call), reason: failure.reason });
        await sleep(timing, delayMs, call.signal ?? neverAborted);
      }
    }
  }

  /** Sends a call once. The timeout ends when `read` does; the caller's signal stays in force after that. */
  async function attempt<T>(
    call: Call,
    by: Lane,
    timeoutMs: number,
    idleTimeoutMs: number,
    read: (answer: TransportAnswer) => T | Promise<T>,
  ): Promise<T> {
    const startedAt = timing.now();
    const controller = new AbortController();
    const signal = call.signal ? AbortSignal.any([call.signal, controller.signal]) : controller.signal;
    const cancel = timing.schedule(timeoutMs, () => controller.abort(lateness(timeoutMs)));
    let outcome: 'ok' | KubeErrorReason = 'ok';
    try {
      return await read(await open(call, by, signal, idleTimeoutMs));
    } catch (error) {
      const failure = errorFromFailure(error, signal);
      outcome = failure.reason;
      throw failure;
    } finally {
      cancel();
      observer?.finishRequest({ ...labelsOf(call), outcome, durationMs: timing.now() - startedAt });
    }
  }

  /** Resolves with a successful answer, whose body the caller still has to read. */
  async function open(call: Call, by: Lane, signal: AbortSignal, idleTimeoutMs: number): Promise<TransportAnswer> {
    const { verb, resource, target, subresource, query = {}, body, contentType = 'application/json' } = call;
    const answer = await transport.send({
      lane: by,
      method: METHOD[verb],
      path: pathOf(resource, target, subresource) + encodeQuery(query),
      signal,
      idleTimeoutMs,
      ...(body === undefined ? {} : { body: JSON.stringify(body), contentType }),
    });
    if (call.onWarning) readWarnings(answer.headers['warning']).forEach(call.onWarning);
    if (answer.statusCode < 300) return answer;
    const retryAfter = answer.headers['retry-after']?.toString();
    throw errorFromAnswer(answer.statusCode, await answer.body.text(), retryAfter);
  }

  return {
    send,
    stream: (call, idleTimeoutMs) => attempt(call, 'watches', READ_ATTEMPT_MS, idleTimeoutMs, ({ body }) => body),
  };
}

const neverAborted = new AbortController().signal;

/** A write is retried only if it was certainly not carried out. */
function mayRepeat(failure: KubeError, isRead: boolean): boolean {
  return failure.isTransient && (isRead || !failure.isOutcomeUnknown);
}

function lateness(timeoutMs: number): KubeError {
  const seconds = Math.ceil(timeoutMs / 100) / 10;
  return new KubeError('Unavailable', `no answer from the API server within ${seconds} s`, { isOutcomeUnknown: true });
}

function labelsOf({ verb, resource, subresource }: Call): { verb: Verb; resource: string } {
  return { verb, resource: subresource === undefined ? resource.plural : `${resource.plural}/${subresource}` };
}

/** The texts of `Warning` headers (RFC 7234, 5.5) as API servers write them: `299 - "text"`, joined by commas. */
export function readWarnings(header: string | string[] | undefined): readonly string[] {
  // Node decodes headers as Latin-1, but API servers write UTF-8.
  const entries = Buffer.from([header ?? []].flat().join(', '), 'latin1')
    .toString()
    .matchAll(/\b\d{3} \S+ "((?:\\.|[^"\\])*)"/g);
  return [...entries].map(([, text = '']) => text.replace(/\\(.)/g, '$1'));
}

function encodeQuery(query: NonNullable<Call['query']>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}

async function readObject({ statusCode, body }: TransportAnswer, call: Call): Promise<Record<string, unknown>> {
  const text = await readText(body, call);
  try {
    return JSON.parse(text);
  } catch (cause) {
    const details = { code: statusCode, isOutcomeUnknown: true, cause };
    throw new KubeError('Unavailable', 'the answer of the API server is not JSON', details);
  }
}

async function readText(body: TransportAnswer['body'], { mostBytes = Infinity, onBytes }: Call): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new KubeError('TooLarge', `the answer has more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  onBytes?.(bytes);
  return Buffer.concat(chunks).toString();
}
