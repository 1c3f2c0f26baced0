import { BodyError } from './body.ts';

/** Bodies up to this size are parsed as they are: at most 10 MiB and a tenth of a second, whatever they hold. */
const UNWEIGHED_BYTES = 256 * 1024;
/**
 * What a larger body may weigh: 1 for a comma, 8 for each key, object and list. It is above any two
 * Orchestrations of 1,000 steps with 256 dependencies each, and bounds what JSON.parse makes of 5 MiB.
 */
const MOST_WEIGHT = 1_000_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const BRACE = 0x7b;
const BRACKET = 0x5b;

/** Stands for a body that is not parsed. */
export class TooHeavy {
  /** Undefined where it cannot be found without parsing. */
  readonly uid: string | undefined;
  readonly mistake =
    'the review holds more than 125,000 keys, objects and lists, or 1,000,000 values, and is not looked at: make the object smaller';

  constructor(body: Buffer) {
    this.uid = findUid(body);
  }
}

/**
 * What a body says. It is looked at before it is parsed, since JSON.parse makes 250 MiB of 5 MiB of `[{},{},…` and takes
 * seconds for it. Fails with a BodyError.
 */
export function parseBody(body: Buffer): unknown {
  if (body.length === 0) throw new BodyError(400, 'the body is empty: POST an AdmissionReview');
  if (body.length > UNWEIGHED_BYTES && weigh(body) > MOST_WEIGHT) return new TooHeavy(body);
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new BodyError(400, 'the body is no JSON');
  }
}

/** The weight of a JSON text; texts within it weigh nothing. What is no JSON has some weight too. */
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

/** The uid of a review that is not parsed: API servers write it first. Undefined where it is written in another way. */
function findUid(body: Buffer): string | undefined {
  const start = body.toString('latin1', 0, 512);
  return /"request":\{"uid":"([0-9a-f-]{36})"/.exec(start)?.[1];
}
