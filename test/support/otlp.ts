/** A span as a collector reads it. Times are in milliseconds since 1970. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  /** 1 internal, 2 server. */
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** 0 unset, 2 error. */
  readonly status: { readonly code: number; readonly message: string };
}

/** Reads the body of an OTLP request by the field numbers of opentelemetry.proto.trace.v1. */
export function readOtlp(body: Uint8Array): {
  readonly resource: ReceivedSpan['attributes'];
  readonly scope: string;
  readonly spans: readonly ReceivedSpan[];
} {
  const resourceSpans = new Fields(new Fields(body).bytes(1));
  const scopeSpans = new Fields(resourceSpans.bytes(2));
  return {
    resource: readAttributes(new Fields(resourceSpans.bytes(1)), 1),
    scope: new Fields(scopeSpans.bytes(1)).text(1),
    spans: scopeSpans.all(2).map((span) => readSpan(new Fields(span))),
  };
}

function readSpan(span: Fields): ReceivedSpan {
  const status = new Fields(span.bytes(15));
  return {
    traceId: span.hex(1),
    spanId: span.hex(2),
    parentSpanId: span.hex(4),
    name: span.text(5),
    kind: Number(span.number(6)),
    startMs: Number(span.number(7) / 1_000_000n),
    endMs: Number(span.number(8) / 1_000_000n),
    attributes: readAttributes(span, 9),
    links: span.all(13).map((link) => ({ traceId: new Fields(link).hex(1), spanId: new Fields(link).hex(2) })),
    status: { message: status.text(2), code: Number(status.number(3)) },
  };
}

function readAttributes(fields: Fields, number: number): ReceivedSpan['attributes'] {
  const entries = fields.all(number).map((bytes) => {
    const attribute = new Fields(bytes);
    const value = new Fields(attribute.bytes(2));
    const plain = value.has(1) ? value.text(1) : value.has(2) ? value.number(2) === 1n : Number(value.number(3));
    return [attribute.text(1), plain] as const;
  });
  return Object.fromEntries(entries);
}

/** The fields of one message of protobuf, by number. */
class Fields {
  readonly #fields = new Map<number, (Uint8Array | bigint)[]>();

  constructor(message: Uint8Array) {
    let at = 0;
    const varint = () => {
      let value = 0n;
      for (let shift = 0n; ; shift += 7n) {
        const byte = message[at++] ?? 0;
        value |= BigInt(byte & 127) << shift;
        if (byte < 128) return value;
      }
    };
    const take = (length: number) => {
      at += length;
      return message.subarray(at - length, at);
    };
    const fixed = (length: 4 | 8) => {
      const bytes = take(length);
      return length === 8 ? Buffer.from(bytes).readBigUInt64LE() : BigInt(Buffer.from(bytes).readUInt32LE());
    };
    const readers: Readonly<Record<number, () => Uint8Array | bigint>> = {
      0: varint,
      1: () => fixed(8),
      2: () => take(Number(varint())),
      5: () => fixed(4),
    };
    while (at < message.length) {
      const tag = Number(varint());
      const read = readers[tag & 7];
      if (read === undefined) throw new Error(`wire type ${tag & 7} at byte ${at}`);
      this.#fields.set(tag >> 3, [...(this.#fields.get(tag >> 3) ?? []), read()]);
    }
  }

  has = (number: number) => this.#fields.has(number);
  all = (number: number) => (this.#fields.get(number) ?? []) as Uint8Array[];
  bytes = (number: number) => this.all(number)[0] ?? new Uint8Array();
  number = (number: number) => (this.#fields.get(number)?.[0] ?? 0n) as bigint;
  text = (number: number) => new TextDecoder().decode(this.bytes(number));
  hex = (number: number) => Buffer.from(this.bytes(number)).toString('hex');
}
