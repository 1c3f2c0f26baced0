import { RE2JS } from 're2js';
import { displayText } from '../dag/display.ts';
import { bounds } from './bounds.ts';

/** The most characters that a message shows of an error of RE2, which quotes the pattern. */
const MOST_SHOWN = 200;

/** A regular expression. Matching takes linear time in the length of the text, for every pattern. */
export class Pattern {
  /** Parts of the pattern when all repetitions are written out. */
  readonly size: number;
  readonly #re2: RE2JS;

  constructor(text: string, size: number) {
    this.size = size;
    this.#re2 = RE2JS.compile(text);
  }

  /** Whether the pattern matches any part of the text. */
  matches(text: string): boolean {
    return this.#re2.test(text);
  }
}

/**
 * Compiles a pattern in the syntax of RE2, which Kubernetes uses too. It has no back references and no look-around. A
 * pattern can match any part of a text, so write ^ and $ to match all of it.
 */
export function compilePattern(text: string): Pattern | { readonly mistake: string } {
  if (text.length > bounds.patternText) {
    return { mistake: `the pattern has ${text.length} characters, but at most ${bounds.patternText} are allowed` };
  }
  const size = measurePattern(text);
  if (size > bounds.patternSize) {
    return {
      mistake: `the pattern has ${size} parts if its repetitions are written out, but at most ${bounds.patternSize} are allowed`,
    };
  }
  try {
    return new Pattern(text, size);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'unknown';
    return { mistake: `not a valid RE2 pattern: ${displayText(reason.replaceAll('`', "'"), MOST_SHOWN)}` };
  }
}

/** One part of a pattern: an escape, a class, a bracket, a repetition, or a character. */
const PART =
  /\\(?:[pP]\{[^}]*\}|[\s\S])|\[\^?\]?(?:\\[\s\S]|\[:[^\]]*:\]|[^\]\\])*\]?|\{(\d{1,4})(?:,(\d{0,4}))?\}|[\s\S]/g;

/** Counts the parts of a pattern, each as often as it is repeated. Each repetition is at least one part. */
function measurePattern(text: string): number {
  const open: number[] = [];
  let group = 0;
  let last = 0;
  for (const [part, least, most] of text.matchAll(PART)) {
    if (part === '(') {
      open.push(group);
      [group, last] = [0, 0];
    } else if (part === ')') {
      last = group + 1;
      group = (open.pop() ?? 0) + last;
    } else if (least !== undefined) {
      const more = last * (Math.max(Number(least), Number(most ?? 0)) - 1);
      group += Math.max(more, 0);
      last += Math.max(more, 0);
    } else {
      last = 1;
      group += 1;
    }
  }
  return open.reduce((sum, size) => sum + size, group);
}
