/** How a terminal shows a piece of text. A color is a number in the palette of 256 colors, or `#rrggbb`. */
export interface Style {
  readonly color?: number | string;
  readonly ground?: number | string;
  readonly isBold?: boolean;
  readonly isFaint?: boolean;
  readonly isItalic?: boolean;
  readonly isUnderlined?: boolean;
  readonly isInverse?: boolean;
}

export interface Span extends Style {
  readonly text: string;
}

const ESCAPE = String.fromCharCode(27);
const BELL = String.fromCharCode(7);
/** A color (SGR), any other control sequence, a text for the terminal (OSC), or another control character. */
const CONTROL = new RegExp(
  [
    `${ESCAPE}\\[([\\d;:]*)m`,
    `${ESCAPE}\\[[0-?]*[ -/]*[@-~]`,
    `${ESCAPE}\\][^${BELL}${ESCAPE}]*(?:${BELL}|${ESCAPE}\\\\)?`,
    `${ESCAPE}.?`,
    '(?!\\t)\\p{Cc}',
  ].join('|'),
  'gsu',
);

/**
 * Parses one line of a log for a terminal into spans, and returns the style at its end, with which the next line
 * begins. What follows the last carriage return replaces the line, as in a terminal. Linear.
 */
export function parseAnsi(line: string, before: Style): { readonly spans: readonly Span[]; readonly after: Style } {
  const spans: Span[] = [];
  let style = before;
  let end = 0;
  const add = (text: string) => {
    if (text !== '') spans.push({ text, ...style });
  };
  const shown = line.replace(/\r+$/, '');
  for (const found of shown.matchAll(CONTROL)) {
    add(shown.slice(end, found.index));
    end = found.index + found[0].length;
    if (found[0] === '\r') spans.length = 0;
    else if (found[1] !== undefined) style = applyCodes(style, found[1]);
  }
  add(shown.slice(end));
  return { spans, after: style };
}

/** Removes everything from a line that is not text. */
export function stripAnsi(line: string): string {
  return parseAnsi(line, {})
    .spans.map(({ text }) => text)
    .join('');
}

type Change = (style: Style) => Style;

const without =
  (...names: readonly (keyof Style)[]): Change =>
  (style) =>
    Object.fromEntries(Object.entries(style).filter(([name]) => !names.includes(name as keyof Style)));
const turnOn =
  (name: keyof Style): Change =>
  (style) => ({ ...style, [name]: true });

const CHANGES: Readonly<Record<number, Change>> = {
  0: () => ({}),
  1: turnOn('isBold'),
  2: turnOn('isFaint'),
  3: turnOn('isItalic'),
  4: turnOn('isUnderlined'),
  7: turnOn('isInverse'),
  22: without('isBold', 'isFaint'),
  23: without('isItalic'),
  24: without('isUnderlined'),
  27: without('isInverse'),
  39: without('color'),
  49: without('ground'),
};

function applyCodes(before: Style, text: string): Style {
  const codes = text.split(/[;:]/).map(Number);
  let style = before;
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0;
    if (code === 38 || code === 48) {
      const { color, length } = readColor(codes.slice(at + 1));
      if (color !== undefined) style = { ...style, [code === 38 ? 'color' : 'ground']: color };
      at += length;
    } else style = (CHANGES[code] ?? paint(code))(style);
  }
  return style;
}

/** The 16 colors that have codes of their own: 30 to 37 and 90 to 97, and 10 more for the ground. */
function paint(code: number): Change {
  const isGround = (code >= 40 && code <= 47) || (code >= 100 && code <= 107);
  const own = isGround ? code - 10 : code;
  const color = own >= 30 && own <= 37 ? own - 30 : own >= 90 && own <= 97 ? own - 82 : undefined;
  return (style) => (color === undefined ? style : { ...style, [isGround ? 'ground' : 'color']: color });
}

/** Reads `5;n` or `2;r;g;b`. `length` is the number of codes that belong to it. */
function readColor([kind, ...rest]: readonly number[]): { color?: number | string; length: number } {
  const isByte = (value: number | undefined): value is number => value !== undefined && value >= 0 && value <= 255;
  if (kind === 5) return { ...(isByte(rest[0]) && { color: rest[0] }), length: 2 };
  if (kind !== 2) return { length: 1 };
  const parts = rest.slice(0, 3);
  if (parts.length < 3 || !parts.every(isByte)) return { length: 4 };
  return { color: `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`, length: 4 };
}

const LEVELS = [0, 95, 135, 175, 215, 255];

/** Returns the CSS color of a number of the palette. The first 16 depend on the theme, so the style sheet has them. */
export function cssColor(color: number | string): string {
  if (typeof color === 'string') return color;
  if (color < 16) return `var(--ansi-${color})`;
  const grey = (color - 232) * 10 + 8;
  if (color >= 232) return `rgb(${grey},${grey},${grey})`;
  const at = color - 16;
  const levels = [Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map((level) => LEVELS[level]);
  return `rgb(${levels.join(',')})`;
}
