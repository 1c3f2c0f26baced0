import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
/** One of the server's reasons for a refusal, as in `Status.details.causes`. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface KubeErrorDetails {
  /** HTTP status; absent when there was no answer. */
  readonly code?: number;
  readonly causes?: readonly StatusCause[];
  /** How long the server asked to be left alone, in milliseconds. */
  readonly retryAfterMs?: number;
  /** Whether the call may have been carried out all the same: an answer that never came says nothing about the write. */
  readonly isOutcomeUnknown?: boolean;
  readonly cause?: unknown;
}

/** A call to the API server that failed. The message is the server's own, if it had one; it does not say which call it was. */
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

  /** Whether the same call may well succeed later, with nothing changed by us. */
  get isTransient(): boolean {
    return (
      this.reason === KubeErrorReason.TooManyRequests ||
      this.reason === KubeErrorReason.Unavailable ||
      this.reason === KubeErrorReason.Unauthorized
    );
  }
}

/** `metav1.Status.reason` to ours; what is absent here is told by the HTTP status. */
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

/** What the API server says, as a 500 without a reason, when an object exceeds what etcd takes (1.5 MiB) or can be sent (2 MiB). */
const TOO_LARGE = /request is too large|message larger than max/;

/** Longest text kept of an answer that is no Status, such as a load balancer's page. */
const TEXT_LENGTH = 200;

/** The error that an HTTP answer other than 2xx means. `retryAfter` is the header of that name. */
export function errorFromAnswer(code: number, text: string, retryAfter?: string): KubeError {
  const status = parseObject(text);
  if (status?.['kind'] === 'Status') return errorFromStatus(status, { code, retryAfter });
  const words = text.slice(0, TEXT_LENGTH).trim();
  return errorFromStatus({ code, ...(words ? { message: words } : {}) }, { code, retryAfter });
}

/** The error that a `metav1.Status` means, which is also what a watch's ERROR event carries. */
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

/** A number of seconds in milliseconds; the other form of Retry-After, a date, is not used by API servers. */
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
