import { displayText } from '../../dag/display.ts';

const ESCAPE = '\x1b';

/** How lines of a log are written. */
export interface LogStyle {
  /** Whether the output is a terminal, which acts on control characters. */
  readonly isInteractive: boolean;
  readonly isColored: boolean;
}

/** Foreground colours that are neither the usual one nor that of errors. */
const COLOURS = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94] as const;

/**
 * Writes the prefix of the lines of a log: `build  | `. The label is padded to `width` columns. `index` chooses the
 * colour.
 */
export function writePrefix(label: string, index: number, width: number, { isColored }: LogStyle): string {
  const text = `${displayText(label).padEnd(width)} |`;
  return isColored ? `${ESCAPE}[${COLOURS[index % COLOURS.length]}m${text}${ESCAPE}[39m ` : `${text} `;
}

/**
 * Writes a line of a log after its prefix. A line without a prefix in a pipe or a file is written unchanged, as by
 * kubectl. Any other line keeps its colours, and everything else that could move the cursor or reverse text is escaped.
 */
export function writeLine(prefix: string, line: string, { isInteractive }: LogStyle): string {
  if (prefix === '' && !isInteractive) return `${line}\n`;
  const text = escapeControls(lastState(line));
  return `${prefix}${text}${text.includes(ESCAPE) ? `${ESCAPE}[0m` : ''}\n`;
}

/** Returns what a line shows in the end. A progress bar returns to the start of its line and overwrites it. */
function lastState(line: string): string {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  return text.slice(text.lastIndexOf('\r') + 1);
}

/** Sequences that choose colours, and characters that a terminal acts on: control, line separators, direction of text. */
const CONTROLS = /\p{Cc}\[[\d;:]*m|[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

function escapeControls(text: string): string {
  return text.replace(CONTROLS, (found) => {
    if (found === '\t' || (found.startsWith(ESCAPE) && found.length > 1)) return found;
    return `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}${found.slice(1)}`;
  });
}
