/** A message of protocol buffers in text form: the values of each field, in order. */
export type Message = ReadonlyMap<string, readonly Value[]>;
export type Value = Message | string;

/** Strings with their prefix and quotes, comments, brackets, and words. */
const TOKEN = /#[^\n]*|"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|[{}[\]<>:,;]|[^\s{}[\]<>:,;"'#]+/g;

/**
 * Parses the text form of a message. Strings are returned without their quotes, with escapes replaced; other scalars as
 * they are written. Throws if the text ends too early.
 */
export function parseTextProto(text: string): Message {
  const tokens = [...text.matchAll(TOKEN)].map(([token]) => token).filter((token) => !token.startsWith('#'));
  let next = 0;
  const parseMessage = (end: string | undefined): Message => {
    const fields = new Map<string, Value[]>();
    while (tokens[next] !== end) {
      const name = parseName();
      if (tokens[next] === ':') next++;
      const values = tokens[next] === '[' ? parseList() : [parseValue()];
      fields.set(name, [...(fields.get(name) ?? []), ...values]);
      if (tokens[next] === ',' || tokens[next] === ';') next++;
    }
    next++;
    return fields;
  };
  /** A field, or the type of an Any in brackets. */
  const parseName = (): string => {
    if (tokens[next] !== '[') return take();
    const end = tokens.indexOf(']', next);
    const name = tokens.slice(next, end + 1).join('');
    next = end + 1;
    return name;
  };
  const parseList = (): Value[] => {
    const values: Value[] = [];
    for (next++; tokens[next] !== ']'; ) {
      values.push(parseValue());
      if (tokens[next] === ',') next++;
    }
    next++;
    return values;
  };
  const parseValue = (): Value => {
    const token = take();
    if (token === '{' || token === '<') return parseMessage(token === '{' ? '}' : '>');
    if (!/^["']/.test(token)) return token;
    let value = unquote(token);
    while (/^["']/.test(tokens[next] ?? '')) value += unquote(take());
    return value;
  };
  const take = (): string => {
    const token = tokens[next++];
    if (token === undefined) throw new Error('the text ends too early');
    return token;
  };
  return parseMessage(undefined);
}

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ n: '\n', r: '\r', t: '\t', a: '\u0007', b: '\b', f: '\f', v: '\v' },
};

/** Escapes of bytes are read as UTF-8. */
function unquote(token: string): string {
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  const part = /\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))|[^\\]+/g;
  for (const [text, hex, octal, short, long, letter] of token.slice(1, -1).matchAll(part)) {
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else if (short !== undefined || long !== undefined)
      bytes.push(...encoder.encode(String.fromCodePoint(Number.parseInt(short ?? long ?? '', 16))));
    else bytes.push(...encoder.encode(letter === undefined ? text : (ESCAPES[letter] ?? letter)));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
