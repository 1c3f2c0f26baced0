import { BodyError } from './body.ts';

/**
 * Bodies up to this size are parsed without weighing. They cost at most 10 MiB and a tenth of a second, whatever they
 * contain.
 */
const UNWEIGHED_BYTES = 256 * 1024;
/**
 * The most weight of a larger body: 1 for each comma, 8 for each key, object and list. It is above any two
 * Orchestrations of 1,000 steps with 256 dependencies each, and limits what JSON.parse makes of 5 MiB.
 */
const MOST_WEIGHT = 1_000_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const BRACE = 0x7b;
const BRACKET = 0x5b;

/** Represents a body that is too heavy to parse. */
export class TooHeavy {
  /** Undefined if it cannot be found without parsing. */
  readonly uid: string | undefined;
  readonly mistake =
    'the review has more than 125,000 keys, objects and lists, or 1,000,000 values, which is too much to read: make the object smaller';

  constructor(body: Buffer) {
    this.uid = findUid(body);
  }
}

/**
 * Parses a body. Weighs it first, because JSON.parse needs seconds and 250 MiB for 5 MiB of `[{},{},…`. Throws a
 * BodyError.
 */
export function parseBody(body: Buffer): unknown {
  if (body.length === 0) throw new BodyError(400, 'the body is empty: POST an AdmissionReview');
  if (body.length > UNWEIGHED_BYTES && weigh(body) > MOST_WEIGHT) return new TooHeavy(body);
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new BodyError(400, 'the body is not JSON');
  }
}

/** Returns the weight of a JSON text. Strings in it weigh nothing. Text that is not JSON gets a weight too. */
function weigh(body: Buffer): number {
  let weight = 0;
  let isText = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (byte === QUOTE) isText = !isText;
    else if (isText) {
      if (byte === BACKSLASH) at++;
    } else if (byte === COMMA) weight += 1;
    else if (byte === COLON || byte === BRACE || byte === BRACKET) weight += 8;
  }
  return weight;
}

/** Finds the uid of an unparsed review, which API servers write first. Undefined if it is not there. */
function findUid(body: Buffer): string | undefined {
  const start = body.toString('latin1', 0, 512);
  return /"request":\{"uid":"([0-9a-f-]{36})"/.exec(start)?.[1];
}
