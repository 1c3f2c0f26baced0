import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { SpanContext } from '../objects/trace-context.ts';
import type { Message } from './post.ts';
import type { Span } from './trace.ts';

type ReadableSpan = Parameters<typeof ProtobufTraceSerializer.serializeRequest>[0][number];

const SCOPE = { name: 'orchestration-gate' };

/** Returns a function that writes spans as one request of OTLP over HTTP, in protobuf. */
export function createOtlpEncoder(resourceAttributes: Readonly<Record<string, string>>) {
  const resource = resourceFromAttributes({ 'service.name': 'orchestration-gate', ...resourceAttributes });
  return (spans: readonly Span[]): Message => {
    const readable = spans.map((span) => toReadable(span, resource));
    const body = ProtobufTraceSerializer.serializeRequest(readable) ?? new Uint8Array();
    return { body, contentType: 'application/x-protobuf' };
  };
}

function toReadable(span: Span, resource: ReadableSpan['resource']): ReadableSpan {
  const { context, parent, name, isRoot, startMs, endMs, attributes, failure, links } = span;
  return {
    name,
    kind: isRoot ? SpanKind.SERVER : SpanKind.INTERNAL,
    spanContext: () => sampled(context),
    ...(parent !== undefined && { parentSpanContext: sampled(parent) }),
    startTime: toHrTime(startMs),
    endTime: toHrTime(endMs),
    duration: toHrTime(endMs - startMs),
    ended: true,
    status: failure === undefined ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: failure },
    attributes,
    links: links.map((link) => ({ context: { ...sampled(link), isRemote: true } })),
    events: [],
    resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function sampled(context: SpanContext) {
  return { ...context, traceFlags: TraceFlags.SAMPLED };
}

/** Seconds and nanoseconds. */
function toHrTime(ms: number): [number, number] {
  return [Math.floor(ms / 1_000), (ms % 1_000) * 1_000_000];
}
