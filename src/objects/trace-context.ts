import { createHash } from 'node:crypto';

/** The ids of a span, as in the trace context of the W3C: 32 and 16 hexadecimal digits. */
export interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
}

/** The name of the parameter and of the header that pass a span context on. */
export const TRACEPARENT = 'traceparent';

/**
 * The span of a run. The trace id is the digits of the run's uid, so anyone who knows the run can find its trace, and
 * every engine gives a run the same ids. Uids come from the API server. Any other text is hashed.
 */
export function spanOfRun(uid: string): SpanContext {
  const digits = uid.replaceAll('-', '');
  return { traceId: /^[0-9a-f]{32}$/.test(digits) ? digits : hash([uid], 32), spanId: hash([uid], 16) };
}

/** The span of an attempt of a step. Attempt 0 stands for a step that was not carried out. */
export function spanOfAttempt(uid: string, step: string, attempt: number): SpanContext {
  return { traceId: spanOfRun(uid).traceId, spanId: hash([uid, step, String(attempt)], 16) };
}

/** `00-TRACE-SPAN-01`: version 0, sampled. */
export function formatTraceparent({ traceId, spanId }: SpanContext): string {
  return `00-${traceId}-${spanId}-01`;
}

/** Undefined if the text names no span. */
export function readTraceparent(text: unknown): SpanContext | undefined {
  const [, traceId = '', spanId = ''] =
    /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?$/.exec(String(text)) ?? [];
  return traceId === '' ? undefined : { traceId, spanId };
}

function hash(parts: readonly string[], digits: number): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, digits);
}
