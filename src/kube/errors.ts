import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
/** One of the server's reasons for rejecting a call, as in `Status.details.causes`. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface KubeErrorDetails {
  /** HTTP status. Absent if there was no answer. */
  readonly code?: number;
  readonly causes?: readonly StatusCause[];
  /** How long the server asked the client to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  /** Whether the call may have been carried out although it failed, for example because no answer arrived. */
  readonly isOutcomeUnknown?: boolean;
  readonly cause?: unknown;
}

/** A failed call to the API server. The message is the server's own, if it sent one. It does not name the call. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly reason: KubeErrorReason;
  readonly code: number | undefined;
  readonly causes: readonly StatusCause[];
  readonly retryAfterMs: number | undefined;
  readonly isOutcomeUnknown: boolean;

  constructor(reason: KubeErrorReason, message: string, details: KubeErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.reason = reason;
    this.code = details.code;
    this.causes = details.causes ?? [];
    this.retryAfterMs = details.retryAfterMs;
    this.isOutcomeUnknown = details.isOutcomeUnknown ?? false;
  }

  /** Whether the call did not reach the server at all: there was no connection. */
  get isUnsent(): boolean {
    return this.reason === KubeErrorReason.Unavailable && this.code === undefined && !this.isOutcomeUnknown;
  }

  /** Whether the same call may succeed later without any change by us. */
  get isTransient(): boolean {
    return (
      this.reason === KubeErrorReason.TooManyRequests ||
      this.reason === KubeErrorReason.Unavailable ||
      this.reason === KubeErrorReason.Unauthorized
    );
  }
}

/** Maps `metav1.Status.reason` to our reasons. For reasons that are not listed, the HTTP status decides. */
const REASON_OF_STATUS: ReadonlyMap<unknown, KubeErrorReason> = new Map([
  ['AlreadyExists', 'AlreadyExists'],
  ['Conflict', 'Conflict'],
  ['NotFound', 'NotFound'],
  ['Forbidden', 'Forbidden'],
  ['Invalid', 'Invalid'],
  ['BadRequest', 'Invalid'],
  ['MethodNotAllowed', 'Invalid'],
  ['NotAcceptable', 'Invalid'],
  ['RequestEntityTooLarge', 'Invalid'],
  ['UnsupportedMediaType', 'Invalid'],
  ['Expired', 'Expired'],
  ['Gone', 'Expired'],
  ['TooManyRequests', 'TooManyRequests'],
  ['Unauthorized', 'Unauthorized'],
  ['InternalError', 'Unavailable'],
  ['ServerTimeout', 'Unavailable'],
  ['ServiceUnavailable', 'Unavailable'],
  ['Timeout', 'Unavailable'],
]);

const REASON_OF_CODE: ReadonlyMap<number, KubeErrorReason> = new Map([
  [400, 'Invalid'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [405, 'Invalid'],
  [406, 'Invalid'],
  [408, 'Unavailable'],
  [409, 'Conflict'],
  [410, 'Expired'],
  [413, 'Invalid'],
  [415, 'Invalid'],
  [422, 'Invalid'],
  [429, 'TooManyRequests'],
]);

/**
 * The API server's message if an object exceeds what etcd stores (1.5 MiB) or accepts in a request (2 MiB). It comes
 * with status 500 and no reason.
 */
const TOO_LARGE = /request is too large|message larger than max/;

/** The most characters kept of an answer that is not a Status, such as a load balancer's page. */
const TEXT_LENGTH = 200;

/** Converts an HTTP answer other than 2xx to an error. `retryAfter` is the header of that name. */
export function errorFromAnswer(code: number, text: string, retryAfter?: string): KubeError {
  const status = parseObject(text);
  if (status?.['kind'] === 'Status') return errorFromStatus(status, { code, retryAfter });
  const words = text.slice(0, TEXT_LENGTH).trim();
  return errorFromStatus({ code, ...(words ? { message: words } : {}) }, { code, retryAfter });
}

/** Converts a `metav1.Status` to an error. The ERROR event of a watch carries one too. */
export function errorFromStatus(
  status: Readonly<Record<string, unknown>>,
  answer: { readonly code?: number; readonly retryAfter?: string | undefined } = {},
): KubeError {
  const code = answer.code ?? (typeof status['code'] === 'number' ? status['code'] : 500);
  const details = isObject(status['details']) ? status['details'] : {};
  const message = typeof status['message'] === 'string' ? status['message'] : undefined;
  const reason = REASON_OF_STATUS.get(status['reason']) ?? reasonOf(code, message);
  const retryAfterMs = readSeconds(answer.retryAfter) ?? readSeconds(details['retryAfterSeconds']);
  return new KubeError(reason, message ?? `the API server answered with status ${code}`, {
    code,
    causes: Array.isArray(details['causes']) ? details['causes'].filter(isObject) : [],
    isOutcomeUnknown: reason === KubeErrorReason.Unavailable,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function reasonOf(code: number, message = ''): KubeErrorReason {
  if (code >= 500) return TOO_LARGE.test(message) ? 'Invalid' : 'Unavailable';
  return REASON_OF_CODE.get(code) ?? 'Unknown';
}

/** Returns the object that is read, or undefined if it does not exist. Any other failure is thrown. */
export async function ifFound<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof KubeError && error.reason === KubeErrorReason.NotFound) return undefined;
    throw error;
  }
}

/** Converts seconds to milliseconds. API servers do not use the other form of Retry-After, a date. */
function readSeconds(value: unknown): number | undefined {
  const seconds = Number.parseInt(String(value), 10);
  return seconds > 0 ? seconds * 1_000 : undefined;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
