/** A DNS label, which is valid as a name everywhere, has at most 63 characters (RFC 1123). Longer names are cut. */
const SHOWN_CHARACTERS = 63;
/**
 * Only the two ends of a longer loop are shown, so that a message stays under 700 characters. The problem's `loop` has
 * all the steps.
 */
const SHOWN_LOOP_STEPS = 8;

/**
 * Characters that can forge, hide or reverse text in a line: the Unicode categories Other (control and bidirectional
 * characters, lone surrogates) and Separator, except the space, and the characters with the property Default_Ignorable
 * (zero width). The double quote and the backslash are included because quoting and escaping use them.
 */
const ESCAPED = /^(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}"\\]$/u;

/**
 * Printable ASCII without the backslash and, in a name, without the double quote. Most names and texts are like this,
 * and need no check of each part.
 */
const PLAIN_NAME = /^[ !#-[\]-~]*$/;
const PLAIN_TEXT = /^[ -[\]-~]*$/;

/**
 * Makes a name safe for a message: escaped as in a JSON string, then cut at 63 characters. Names are untrusted text.
 */
export function displayName(name: string): string {
  if (PLAIN_NAME.test(name) && name.length <= SHOWN_CHARACTERS) return name;
  return writeParts(name, SHOWN_CHARACTERS, escapePart);
}

/**
 * Makes a text safe for a line. It escapes the characters that could forge a line, keeps double quotes, and cuts the
 * result at `most` UTF-16 units.
 */
export function displayText(text: string, most = Infinity): string {
  if (PLAIN_TEXT.test(text) && text.length <= most) return text;
  return writeParts(text, most, (part) => (part === '"' ? part : escapePart(part)));
}

/**
 * Writes a text part by part. An emoji that consists of several characters is one part, because the joiners and
 * selectors in it belong to one picture and hide nothing. Unicode lists these emoji. Every other character is a part.
 */
function writeParts(text: string, most: number, write: (part: string) => string): string {
  let shown = '';
  // Node takes 18 ms to compile this expression the first time, and then keeps it. Only a text that needs it pays this.
  for (const [part] of text.matchAll(/\p{RGI_Emoji}|./gsv)) {
    const next = shown + write(part);
    if (next.length > most) return `${shown}…`;
    shown = next;
  }
  return shown;
}

function escapePart(part: string): string {
  if (!ESCAPED.test(part)) return part;
  if (part === '"' || part === '\\') return `\\${part}`;
  const code = (part.codePointAt(0) ?? 0).toString(16);
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
}

/** `displayName` in double quotes. */
export function quoteName(name: string): string {
  return `"${displayName(name)}"`;
}

/** `a → b → a`: each step depends on the next. In a long loop, a count replaces the steps in the middle. */
export function displayLoop(names: readonly string[]): string {
  const half = SHOWN_LOOP_STEPS / 2;
  const left = names.length - SHOWN_LOOP_STEPS;
  const [head, tail] = left > 0 ? [names.slice(0, half), names.slice(-half)] : [names, []];
  const shown = [...head.map(displayName), ...(left > 0 ? [`… ${left} more …`] : []), ...tail.map(displayName)];
  return [...shown, displayName(names[0] ?? '')].join(' → ');
}

/** `"a", "b" and 3 more`. */
export function listNames(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).map(quoteName).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

/** `1 step`, `2 steps`. */
export function displayCount(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`;
}

/** `Orchestration ci/release`. */
export function displayObject(kind: string, namespace: string, name: string): string {
  const parts = [namespace, name].filter((part) => part !== '').map(displayName);
  return `${kind} ${parts.join('/') || 'without a name'}`;
}
