/** A string of a JSON text, with its quotes. */
export interface JsonString {
  readonly raw: string;
  readonly offset: number;
  readonly isKey: boolean;
}

/** Whether a text starts like a JSON object or list. */
export function isJsonLike(text: string): boolean {
  return /^[ \t\r\n]*[{[]/.test(text);
}

/** Whether a text is a JSON object or list. */
export function isJsonContainer(text: string): boolean {
  if (!isJsonLike(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Returns the strings of a valid JSON text, in its order. Linear. */
export function findJsonStrings(text: string): JsonString[] {
  const strings: JsonString[] = [];
  for (let offset = text.indexOf('"'); offset >= 0; ) {
    const end = findStringEnd(text, offset);
    strings.push({ raw: text.slice(offset, end), offset, isKey: isFollowedByColon(text, end) });
    offset = text.indexOf('"', end);
  }
  return strings;
}

function findStringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

function isFollowedByColon(text: string, end: number): boolean {
  let at = end;
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\r' || text[at] === '\n') at++;
  return text[at] === ':';
}

/** Returns the offset, in a raw JSON string, of the character that has this index in the decoded string. */
export function toRawOffset(raw: string, index: number): number {
  let offset = 1;
  for (let passed = 0; passed < index; passed++) {
    if (raw[offset] === '\\') offset += raw[offset + 1] === 'u' ? 6 : 2;
    else offset++;
  }
  return offset;
}
